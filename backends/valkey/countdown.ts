/**
 * A time that runs out, counted in looks and not read from a clock: an event loop that was held up
 * is one late look, and what came meanwhile has its say before the next.
 */

import { TIMER_MS_MAX } from "../../internal/clock.ts";

/** Looks in the time. The first may come at once, so one more is waited for. */
export const LOOKS = 4;

/**
 * Calls `end` after `ms`, up to a quarter later, and more where the event loop was held up. Returns
 * what takes it back.
 */
export function countDown(ms: number, end: () => void): () => void {
  let left = LOOKS;
  const timer = setInterval(() => {
    if (--left >= 0) return;
    clearInterval(timer);
    end();
  }, Math.min(Math.ceil(ms / LOOKS), TIMER_MS_MAX));
  return () => clearInterval(timer);
}
