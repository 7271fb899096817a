/**
 * Frees keys past their deadline, and elements of deleted lists, a little at a time.
 *
 * There is no timer for each key. A pass goes over the table bucket by bucket, frees what is past
 * its deadline, and finds out when the next one will be. Until then nothing is to be done, unless a
 * key gets an earlier deadline. Reading never depends on it: a key past its deadline is not there.
 *
 * A pass looks at every key. So the next one waits a hundred times as long as the last one worked:
 * else a store in which something expires all the while would be read from end to end for ever.
 */

import type { Engine } from "./engine.ts";
import { HASH_END } from "./layout.ts";

const STEP_MS_MAX = 2;
/** The rest after a pass, in times of its work. */
const RESTS = 100;
/** What a step logs at most, unless a single key needs more. */
const STEP_BYTES_MAX = 16 * 1024;
/** What a step asks the journal for: the last key may need as much again. */
export const SWEEP_STEP_BYTES: number = 2 * STEP_BYTES_MAX;

/** The sweep of a file. */
export class Sweep {
  readonly #engine: Engine;
  #hash = 0;
  /** How long this pass has worked, and when the next one may begin. */
  #passWorkMs = 0;
  #restsUntilMs = 0;
  /** The earliest deadline that this pass has met. */
  #passDueMs = Infinity;
  /** When there may be something to free: a pass under way is due at once. */
  #dueMs = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The time from which on there may be something to free; `Infinity` for never. */
  get dueMs(): number {
    if (this.#engine.hasGarbage) return 0;
    if (this.#engine.expiringCount === 0) return Infinity;
    return this.#hash > 0 ? this.#dueMs : Math.max(this.#dueMs, this.#restsUntilMs);
  }

  /** Notes that a key has got a deadline. */
  note(deadlineMs: number): void {
    this.#dueMs = Math.min(this.#dueMs, deadlineMs);
    this.#passDueMs = Math.min(this.#passDueMs, deadlineMs);
  }

  /**
   * Frees some elements of deleted lists, or some keys of one bucket: of one, so that a page which
   * cannot be read is met before anything has changed. Takes a few milliseconds at most.
   */
  step(nowMs: number): void {
    const engine = this.#engine;
    const startMs = performance.now();
    const startBytes = engine.pendingBytes;
    const isSpent = (): boolean =>
      engine.pendingBytes - startBytes > STEP_BYTES_MAX ||
      performance.now() - startMs > STEP_MS_MAX;
    if (nowMs < this.dueMs) return;
    if (engine.hasGarbage) return engine.collect(isSpent);
    const { nextHash, dueMs } = engine.sweep(this.#hash, isSpent);
    this.#passDueMs = Math.min(this.#passDueMs, dueMs);
    this.#hash = nextHash;
    this.#passWorkMs += performance.now() - startMs;
    if (nextHash === HASH_END) this.#endPass(nowMs);
  }

  #endPass(nowMs: number): void {
    this.#hash = 0;
    this.#restsUntilMs = nowMs + RESTS * this.#passWorkMs;
    this.#passWorkMs = 0;
    this.#dueMs = this.#passDueMs;
    this.#passDueMs = Infinity;
  }
}
