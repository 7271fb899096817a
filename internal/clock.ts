/**
 * Time as a store sees it: an interface, so that a test moves it instead of sleeping.
 */

/** Tells the time and calls back later. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /**
   * Calls `call` once, `ms` milliseconds from now or later. What is in the background does not keep
   * a program alive.
   *
   * @param ms 1 to 2^53 − 1.
   * @returns Takes it back: `call` will not be called.
   */
  after(ms: number, call: () => void, options: { background: boolean }): () => void;
}

/**
 * Milliseconds until a deadline, as a duration: 1 to 2^53 − 1. The clock may have come to it since
 * somebody looked, and a deadline past 2^53 is rounded.
 */
export function msUntil(deadlineMs: number, nowMs: number): number {
  return Math.min(Math.max(1, deadlineMs - nowMs), Number.MAX_SAFE_INTEGER);
}

/** The longest delay of a timer; the runtimes take a longer one for 1 ms. */
export const TIMER_MS_MAX: number = 2 ** 31 - 1;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, call, { background }) {
    let timer: ReturnType<typeof setTimeout>;
    const arm = (leftMs: number): void => {
      const delayMs = Math.min(leftMs, TIMER_MS_MAX);
      timer = setTimeout(() => delayMs < leftMs ? arm(leftMs - delayMs) : call(), delayMs);
      // A timer is an object with `unref` on Deno, Bun and Node, a number in a browser.
      if (background) (timer as { unref?(): void }).unref?.();
    };
    arm(ms);
    return () => clearTimeout(timer);
  },
};
