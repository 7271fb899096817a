/**
 * Frees keys past their deadline, and elements of deleted lists, a little at a time.
 *
 * There is no timer for each key. A pass goes over the table bucket by bucket, frees what is past
 * its deadline, and finds out when the next one will be. Until then nothing is to be done, unless a
 * key gets an earlier deadline. Reading never depends on it: a key past its deadline is not there.
 */

import type { Engine } from "./engine.ts";
import { HASH_BITS } from "./layout.ts";

const BUCKETS_A_STEP = 16;
const STEP_MS_MAX = 2;
const KEYS_A_STEP = 64;
const ELEMENTS_A_STEP = 256;

/** The sweep of a file. */
export class Sweep {
  readonly #engine: Engine;
  #hash = 0;
  /** The earliest deadline that this pass has met. */
  #passDueMs = Infinity;
  /** When there may be something to free: a pass under way is due at once. */
  #dueMs = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The time from which on there may be keys to free; `Infinity` for none. */
  get dueMs(): number {
    return this.#engine.expiringCount === 0 ? Infinity : this.#dueMs;
  }

  /** Notes that a key has got a deadline. */
  note(deadlineMs: number): void {
    this.#dueMs = Math.min(this.#dueMs, deadlineMs);
    this.#passDueMs = Math.min(this.#passDueMs, deadlineMs);
  }

  /** Frees some keys and elements; takes at most a few milliseconds. */
  step(nowMs: number): void {
    const startMs = performance.now();
    this.#engine.collect(ELEMENTS_A_STEP);
    if (nowMs < this.dueMs) return;
    let left = KEYS_A_STEP;
    for (let i = 0; i < BUCKETS_A_STEP && left > 0; i++) {
      const swept = this.#engine.sweep(this.#hash, left);
      left -= swept.count;
      this.#passDueMs = Math.min(this.#passDueMs, swept.dueMs);
      // A bucket with more to free is visited again.
      if (left > 0) this.#hash = swept.nextHash;
      if (this.#hash === 2 ** HASH_BITS) return this.#endPass();
      if (performance.now() - startMs > STEP_MS_MAX) return;
    }
  }

  #endPass(): void {
    this.#hash = 0;
    this.#dueMs = this.#passDueMs;
    this.#passDueMs = Infinity;
  }
}
