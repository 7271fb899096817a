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
export function delayBefore(failures: number, random: number): number {
  const ms = Math.min(CAP_MS, FIRST_MS * 2 ** Math.min(failures - 1, 30));
  return Math.round(ms * (0.5 + random / 2));
}
