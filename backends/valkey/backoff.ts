/**
 * How long to wait before the next attempt to connect, once one has failed: longer and longer up to
 * a cap, and each time a random part of it, so that the many clients of a server that comes back do
 * not come all at once.
 */

const FIRST_MS = 20;
const CAP_MS = 2_000;

/**
 * Gives the milliseconds before an attempt.
 *
 * @param failures How many attempts have failed in a row: whole, from 1.
 * @param random 0 to 1.
 */
function delayBefore(failures: number, random: number): number {
  const ms = Math.min(CAP_MS, FIRST_MS * 2 ** (failures - 1));
  return Math.round(ms * (0.5 + random / 2));
}

/** Attempts that fail in a row, and when the next one may be made. */
export class Backoff {
  #failures = 0;
  #nextMs = 0;

  /** Whether the last attempt failed. */
  get hasFailed(): boolean {
    return this.#failures > 0;
  }

  /** Milliseconds until the next attempt: counted from the failure, which may be long ago. */
  get leftMs(): number {
    return this.#failures === 0 ? 0 : Math.max(0, this.#nextMs - performance.now());
  }

  /** Notes that an attempt failed, or that what it made was of no use. */
  fail(): void {
    this.#failures++;
    this.#nextMs = performance.now() + delayBefore(this.#failures, Math.random());
  }

  /** Notes that an attempt was of use. */
  succeed(): void {
    this.#failures = 0;
  }
}
