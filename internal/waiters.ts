/**
 * Callers who wait for an element of an array: first come, first served, key by key.
 *
 * A waiter brings an attempt: a function that takes what it came for if that is there now. Whoever
 * adds elements to a key wakes it, and the attempts of its waiters run in their order until one
 * finds nothing. So an element is taken in the turn in which it came, by exactly one waiter, and a
 * waiter that has left cannot take one with it.
 *
 * Cost: O(1) to wait, to leave, and to wake a waiter.
 */

import { onAbort } from "./aborts.ts";
import type { Clock } from "./clock.ts";
import { type Linked, LinkedList } from "./linked_list.ts";
import { Turns } from "./turns.ts";

/**
 * Takes what the waiter came for: `null` where it is not there. May throw, which ends the waiting
 * and leaves everything as it was.
 */
export type Attempt<T> = () => Promise<T> | null;

/** How long to wait. */
export interface WaitLimits {
  /** Milliseconds, 1 to 2^53 − 1, or `Infinity`. */
  readonly waitMs: number;
  /** Ends the waiting; not aborted yet. */
  readonly signal: AbortSignal | undefined;
}

interface Waiter extends Linked<Waiter> {
  /** Tells whether it is served, one way or another. */
  serve(): boolean;
  fail(error: unknown): void;
}

/** Those who wait, by the key they wait for. */
export class Waiters {
  readonly #clock: Clock;
  readonly #turns = new Turns();
  readonly #byKey = new Map<string, LinkedList<Waiter>>();
  /** Keys to serve, while a call of `wake` is at it. */
  readonly #woken: string[] = [];
  #count = 0;
  /** Makes the error of who comes after `close`. */
  #makeError: (() => Error) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many wait. */
  get count(): number {
    return this.#count;
  }

  /**
   * Waits until `attempt`, which has found nothing so far, takes something at `key`.
   *
   * @returns What was taken, or `null` if nothing came in time.
   */
  wait<T>(key: string, attempt: Attempt<T>, { waitMs, signal }: WaitLimits): Promise<T | null> {
    if (this.#makeError !== null) return Promise.reject(this.#makeError());
    return new Promise((resolve) => {
      const turns = this.#turns;
      let isWaiting = true;
      let isServing = false;
      const leave = (): void => {
        if (!isWaiting) return;
        isWaiting = false;
        this.#remove(key, waiter);
        cancelTimer?.();
        stopListening?.();
      };
      const waiter: Waiter = {
        previous: null,
        next: null,
        serve(): boolean {
          try {
            isServing = true;
            const taken = attempt();
            if (taken === null) return false;
            // An attempt that finds the store broken may have all who wait rejected, this one too.
            if (!isWaiting) taken.catch(() => {});
            else {
              leave();
              resolve(taken);
            }
          } catch (error) {
            waiter.fail(error);
          } finally {
            isServing = false;
          }
          return true;
        },
        fail(error): void {
          if (!isWaiting) return;
          leave();
          // A loop of calls that are aborted at once keeps no timer waiting either.
          resolve(turns.reject(error));
        },
      };
      const onTime = (): void => {
        leave();
        resolve(null);
      };
      const cancelTimer = waitMs === Infinity
        ? null
        : this.#clock.after(waitMs, onTime, { background: false });
      const stopListening = signal && onAbort(signal, () => {
        // A codec may abort the call that it reads an element for, which has left the array.
        if (!isServing) waiter.fail(signal.reason);
      });
      this.#add(key, waiter);
    });
  }

  /**
   * Serves those who wait at `key`, in their order, as far as what is there goes.
   *
   * An attempt may itself add elements (a `move` does) and wake others: they have their turn after
   * it, so no attempt runs inside another.
   */
  wake(key: string): void {
    if (this.#count === 0) return;
    this.#woken.push(key);
    if (this.#woken.length > 1) return;
    for (let i = 0; i < this.#woken.length; i++) this.#serve(this.#woken[i]!);
    this.#woken.length = 0;
  }

  /** Rejects who is first of those who wait at `key`; the next one may have better luck. */
  refuse(key: string, error: unknown): void {
    this.#byKey.get(key)?.first?.fail(error);
    this.wake(key);
  }

  /** Rejects all who wait, and who will. */
  close(makeError: () => Error): void {
    this.#makeError = makeError;
    for (const queue of [...this.#byKey.values()]) {
      while (queue.first !== null) queue.first.fail(makeError());
    }
  }

  #serve(key: string): void {
    const queue = this.#byKey.get(key);
    while (queue !== undefined && queue.first !== null) {
      if (!queue.first.serve()) return;
    }
  }

  #add(key: string, waiter: Waiter): void {
    let queue = this.#byKey.get(key);
    if (queue === undefined) this.#byKey.set(key, queue = new LinkedList());
    queue.pushLast(waiter);
    this.#count++;
  }

  #remove(key: string, waiter: Waiter): void {
    const queue = this.#byKey.get(key);
    queue?.remove(waiter);
    if (queue?.first === null) this.#byKey.delete(key);
    this.#count--;
  }
}
