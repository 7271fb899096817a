/**
 * Frees keys past their deadline, and elements of deleted lists, a little at a time.
 *
 * There is no timer for each key. A pass goes over the table bucket by bucket, frees what is past
 * its deadline, and finds out when the next one will be. Until then nothing is to be done, unless a
 * key gets an earlier deadline. Reading never depends on it: a key past its deadline is not there.
 *
 * A pass looks at every key. So the next one waits a hundred times as long as the last one spent on
 * keys that live: else a store in which something expires all the while would be read from end to
 * end for ever. What it spent on the dead does not count: else the more there are, the longer they
 * would stay, and the more would be there by then.
 */

import type { Engine } from "./engine.ts";
import { HASH_END } from "./layout.ts";

const STEP_MS_MAX = 2;
/** The rest after a pass, in times of its work on keys that live. */
const RESTS = 100;
/** What a step logs at most, unless a single key needs more. */
const STEP_BYTES_MAX = 16 * 1024;
/** What a step asks the journal for: the last key may need as much again. */
export const SWEEP_STEP_BYTES: number = 2 * STEP_BYTES_MAX;

/** The sweep of a file. */
export class Sweep {
  readonly #engine: Engine;
  #hash = 0;
  /** How long this pass has worked on keys that live. */
  #passWorkMs = 0;
  /** When the last pass ended, and how long the sweep rests after it. */
  #passEndedMs = 0;
  #restMs = 0;
  /** The earliest deadline that this pass has met. */
  #passDueMs = Infinity;
  /** When there may be something to free: a pass under way is due at once. */
  #dueMs = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The time from which on there may be something to free; `Infinity` for never. */
  dueMs(nowMs: number): number {
    if (this.#engine.hasGarbage) return 0;
    if (this.#engine.expiringCount === 0) return Infinity;
    // Not where the clock was set back: it might rest for days.
    const isResting = this.#hash === 0 && nowMs >= this.#passEndedMs;
    return isResting ? Math.max(this.#dueMs, this.#passEndedMs + this.#restMs) : this.#dueMs;
  }

  /** Notes that a key has got a deadline. */
  note(deadlineMs: number): void {
    this.#dueMs = Math.min(this.#dueMs, deadlineMs);
    this.#passDueMs = Math.min(this.#passDueMs, deadlineMs);
  }

  /**
   * Frees some elements of deleted lists, or some keys of one bucket: of one, so that a page which
   * cannot be read is met before anything has changed. Takes a few milliseconds at most.
   *
   * @returns Whether it met more that was to be freed than that stays.
   */
  step(nowMs: number): boolean {
    const engine = this.#engine;
    const startMs = performance.now();
    const startBytes = engine.pendingBytes;
    // From when it is first asked: to read a bucket may take longer, and must not be for nothing.
    let untilMs = Infinity;
    const isSpent = (): boolean => {
      const nowMs = performance.now();
      if (untilMs === Infinity) untilMs = nowMs + STEP_MS_MAX;
      return engine.pendingBytes - startBytes > STEP_BYTES_MAX || nowMs > untilMs;
    };
    if (engine.hasGarbage) {
      engine.collect(isSpent);
      return true;
    }
    const { nextHash, dueMs, livingShare } = engine.sweep(this.#hash, isSpent);
    this.#passDueMs = Math.min(this.#passDueMs, dueMs);
    this.#hash = nextHash;
    this.#passWorkMs += (performance.now() - startMs) * livingShare;
    if (nextHash === HASH_END) this.#endPass(nowMs);
    return livingShare < 1 / 2;
  }

  #endPass(nowMs: number): void {
    this.#hash = 0;
    this.#passEndedMs = nowMs;
    this.#restMs = RESTS * this.#passWorkMs;
    this.#passWorkMs = 0;
    this.#dueMs = this.#passDueMs;
    this.#passDueMs = Infinity;
  }
}
