/**
 * A clock that stands still until a test moves it, so that no test sleeps.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../internal/clock.ts";

interface Timer {
  dueMs: number;
  readonly call: () => void;
}

/** Time as a test wants it. */
export class ManualClock implements Clock {
  #nowMs: number;
  /** In the order in which they were set, which is theirs where they are due at once. */
  readonly #timers = new Set<Timer>();
  #setCount = 0;

  /** @param nowMs Milliseconds since the Unix epoch to start at. */
  constructor(nowMs: number = Date.UTC(2026, 0, 1)) {
    this.#nowMs = nowMs;
  }

  /** How many timers are set. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /** How many timers have been set so far, those that are gone included. */
  get setCount(): number {
    return this.#setCount;
  }

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, call: () => void): () => void {
    const timer: Timer = { dueMs: this.#nowMs + ms, call };
    this.#timers.add(timer);
    this.#setCount++;
    return () => void this.#timers.delete(timer);
  }

  /** Moves on by `ms` milliseconds, calling each timer at its time. */
  step(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (let due = this.#next(untilMs); due !== undefined; due = this.#next(untilMs)) {
      this.#timers.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.dueMs);
      due.call();
    }
    this.#nowMs = untilMs;
  }

  /** Is put forward by `ms` milliseconds: timers take as long as they would have. */
  jump(ms: number): void {
    this.#nowMs += ms;
    for (const timer of this.#timers) timer.dueMs += ms;
  }

  /** Moves on as `step` does, then lets promises settle. */
  async advance(ms: number): Promise<void> {
    this.step(ms);
    await nextTurn();
  }

  /** The timer due first, of those due by `untilMs`. */
  #next(untilMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs > untilMs) continue;
      if (next === undefined || timer.dueMs < next.dueMs) next = timer;
    }
    return next;
  }
}
