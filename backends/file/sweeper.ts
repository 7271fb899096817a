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
const TURN_MS_MAX = 2;

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
    const { dueMs } = this.#sweep;
    const atMs = Math.max(dueMs, nowMs + PAUSE_MS);
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
    while (this.#sweep.dueMs <= this.#clock.now() && this.#hooks.isOpen(SWEEP_STEP_BYTES)) {
      if (!this.#step()) return;
      if (performance.now() - startMs > TURN_MS_MAX) break;
    }
    this.plan();
  }

  /** Frees a little; tells whether to go on. */
  #step(): boolean {
    const before = this.#engine.pendingBytes;
    try {
      this.#sweep.step(this.#clock.now());
    } catch (error) {
      const isUnchanged = error instanceof KvCorruptError && this.#engine.pendingBytes === before;
      // A damaged page costs what stands on it and the sweep, not the store.
      if (isUnchanged) this.stop();
      else this.#hooks.fail(error);
      return false;
    }
    this.#hooks.flush();
    return true;
  }
}
