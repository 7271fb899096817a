/**
 * When the sweep of a file has its turn: a while after something is due, by one timer, for a few
 * milliseconds at a time, and only where the journal has room that nobody waits for.
 */

import type { Clock } from "../../internal/clock.ts";
import { KvCorruptError } from "../../kv/errors.ts";
import type { Engine } from "./engine.ts";
import { Sweep, SWEEP_STEP_BYTES } from "./sweep.ts";

/** The least time between two turns, and the most that one takes. */
const PAUSE_MS = 20;
const TURN_MS = 2;
/**
 * The same after a turn that met more dead keys than living ones. Then a turn takes as long as the
 * pause was, within bounds: a program that does nothing but write may pause for longer, and what it
 * writes must not come faster than it goes.
 */
const SHORT_PAUSE_MS = 2;
const LONG_TURN_MS = 8;

const BACKGROUND = { background: true };

/** What a sweeper asks of the file. */
export interface SweeperHooks {
  /** Tells whether `needBytes` may be logged now, and nobody waits to log. */
  readonly isOpen: (needBytes: number) => boolean;
  /** Hands what a step has logged to the kernel. */
  readonly flush: () => void;
  /** Told of a step that failed half-way. */
  readonly fail: (error: unknown) => void;
}

/** Sweeps a file in the background. */
export class Sweeper {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #hooks: SweeperHooks;
  readonly #sweep: Sweep;
  #cancelTimer: (() => void) | null = null;
  /** When the timer comes. */
  #atMs = Infinity;
  /** Whether a deadline came that is earlier. */
  #isPlanDue = false;
  #isStopped = false;
  /** When the last turn ended, and whether it met more dead keys than living ones. */
  #endedMs = 0;
  #wasFruitful = false;

  constructor(engine: Engine, clock: Clock, hooks: SweeperHooks) {
    this.#engine = engine;
    this.#clock = clock;
    this.#hooks = hooks;
    this.#sweep = new Sweep(engine);
  }

  /** Notes that a key has got a deadline. */
  note(deadlineMs: number): void {
    this.#sweep.note(deadlineMs);
    if (deadlineMs < this.#atMs) this.#isPlanDue = true;
  }

  /** Looks after a change whether the timer must come sooner. */
  check(): void {
    if (this.#isPlanDue || this.#engine.hasGarbage) this.plan();
  }

  /** Has the timer come when there is something to free. */
  plan(): void {
    this.#isPlanDue = false;
    if (this.#isStopped) return;
    const nowMs = this.#clock.now();
    const dueMs = this.#sweep.dueMs(nowMs);
    const atMs = Math.max(dueMs, nowMs + (this.#wasFruitful ? SHORT_PAUSE_MS : PAUSE_MS));
    if (dueMs === Infinity || atMs >= this.#atMs) return;
    this.#cancelTimer?.();
    this.#atMs = atMs;
    this.#cancelTimer = this.#clock.after(atMs - nowMs, () => this.#takeTurn(), BACKGROUND);
  }

  /** Frees nothing any more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #takeTurn(): void {
    this.#cancelTimer = null;
    this.#atMs = Infinity;
    const startMs = performance.now();
    const pausedMs = Math.min(Math.max(startMs - this.#endedMs, TURN_MS), LONG_TURN_MS);
    const untilMs = startMs + (this.#wasFruitful ? pausedMs : TURN_MS);
    let wasFruitful: boolean | undefined;
    while (this.#isDue() && this.#hooks.isOpen(SWEEP_STEP_BYTES)) {
      const isFruitful = this.#step();
      if (isFruitful === null) return;
      wasFruitful ||= isFruitful;
      if (performance.now() > untilMs) break;
    }
    // Where there was no room for a step, what is known of the last turn is still the best guess.
    this.#wasFruitful = wasFruitful ?? this.#wasFruitful;
    this.#endedMs = performance.now();
    this.plan();
  }

  #isDue(): boolean {
    const nowMs = this.#clock.now();
    return this.#sweep.dueMs(nowMs) <= nowMs;
  }

  /** Frees a little. Tells whether there is likely to be more; `null` where it is over. */
  #step(): boolean | null {
    const before = this.#engine.pendingBytes;
    let isFruitful: boolean;
    try {
      isFruitful = this.#sweep.step(this.#clock.now());
    } catch (error) {
      const isUnchanged = error instanceof KvCorruptError && this.#engine.pendingBytes === before;
      // A damaged page costs what stands on it and the sweep, not the store.
      if (isUnchanged) this.stop();
      else this.#hooks.fail(error);
      return null;
    }
    this.#hooks.flush();
    return isFruitful;
  }
}
