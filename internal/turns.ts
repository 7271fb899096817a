/**
 * Lets timers and sockets have their turn while a program awaits one call after the other.
 *
 * A call that is done at once resolves in a microtask, and microtasks run before anything else: a
 * loop of such calls would keep every timer waiting until it ends. So once a turn of the event loop
 * has run for a few milliseconds, the next call resolves by way of the event loop.
 *
 * Price: a look at the clock every few calls, and a round of the event loop every `TURN_MS_MAX`.
 */

const STEPS_A_LOOK = 32;
const TURN_MS_MAX = 5;

/** The runtimes' `setImmediate` comes back in microseconds, a timer of 0 ms only in about one. */
const { setImmediate: immediate } = globalThis as {
  setImmediate?: (call: () => void) => unknown;
};

const YES = Promise.resolve(true);
const NO = Promise.resolve(false);

/** Watches how long the event loop has been held up. One for the calls of each store. */
export class Turns {
  #stepsLeft = STEPS_A_LOOK;
  #startedMs = performance.now();
  #next: Promise<void> | null = null;

  /** Resolves with `value`: at once, or after a turn of the event loop where one is due. */
  settle<T>(value: T): Promise<T> {
    return this.isDue() ? this.#settleLater(value) : Promise.resolve(value);
  }

  /** `settle` for an answer of yes or no, whose two promises are made once. */
  settleFlag(flag: boolean): Promise<boolean> {
    if (this.isDue()) return this.#settleLater(flag);
    return flag ? YES : NO;
  }

  /** Does what `settle` does, and rejects with `error`. */
  reject(error: unknown): Promise<never> {
    return this.isDue() ? this.#rejectLater(error) : Promise.reject(error);
  }

  /**
   * Tells whether the event loop has been held up for long. To be asked at each little step of
   * work: it looks at the clock every few times only. Once it is due, it is due for all: if some
   * went on, the others would have their turns one after the other, and timers none.
   */
  isDue(): boolean {
    return --this.#stepsLeft < 0 && this.#look();
  }

  /** Counts steps of work at which nobody asked whether a turn is due. */
  count(steps: number): void {
    this.#stepsLeft -= steps;
  }

  /** Resolves in the next turn of the event loop, for all who wait for it together. */
  next(): Promise<void> {
    // Until then, each step looks.
    this.#stepsLeft = 0;
    return this.#next ??= new Promise((resolve) => {
      const start = (): void => {
        this.#next = null;
        this.#stepsLeft = STEPS_A_LOOK;
        this.#startedMs = performance.now();
        resolve();
      };
      if (immediate === undefined) setTimeout(start, 0);
      else immediate(start);
    });
  }

  #look(): boolean {
    if (this.#next !== null) return true;
    const heldMs = performance.now() - this.#startedMs;
    // A clock of before the turn began is a test's, which has put another in the real one's place.
    if (heldMs > TURN_MS_MAX || heldMs < 0) return true;
    this.#stepsLeft = STEPS_A_LOOK;
    return false;
  }

  // Apart from `settle`, where the closure would cost each call a context.
  #settleLater<T>(value: T): Promise<T> {
    return this.next().then(() => value);
  }

  #rejectLater(error: unknown): Promise<never> {
    return this.next().then(() => {
      throw error;
    });
  }
}
