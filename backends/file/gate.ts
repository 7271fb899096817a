/**
 * The order of calls where one of them must wait: for room in the journal, or for a long call.
 *
 * Mostly none must, and a call starts in the turn in which it was made. Where one waits, all that
 * come after it wait behind it, so calls still take effect in the order in which they were made.
 */

import { Deque } from "../../internal/deque.ts";

interface Waiting {
  readonly needBytes: number;
  start(): void;
  reject(error: unknown): void;
}

/** Decides whether a call that logs up to `needBytes` may start. */
export type Admits = (needBytes: number) => boolean;

/** Lets calls start in their order. */
export class Gate {
  readonly #admits: Admits;
  readonly #onWait: () => void;
  readonly #queue = new Deque<Waiting>();
  /** The next step of the call that holds the gate. */
  #step: Waiting | null = null;
  #isHeld = false;

  /** @param onWait Called when a call waits for room, perhaps more than once. */
  constructor(admits: Admits, onWait: () => void) {
    this.#admits = admits;
    this.#onWait = onWait;
  }

  /** What the step or the call that is next needs, or 0. */
  get neededBytes(): number {
    return (this.#step ?? this.#queue.at(0))?.needBytes ?? 0;
  }

  /** Tells whether calls wait that could start if there were room. */
  get isBlocked(): boolean {
    return this.#step !== null || (!this.#isHeld && this.#queue.length > 0);
  }

  /** Tells whether a call may start at once. */
  isOpen(needBytes: number): boolean {
    return this.#queue.length === 0 && !this.#isHeld && this.#admits(needBytes);
  }

  /** Starts a call when it is its turn. */
  wait<T>(needBytes: number, start: () => Promise<T>): Promise<T> {
    const promise = new Promise<T>((resolve, reject) => {
      this.#queue.pushLast({
        needBytes,
        start: () => {
          try {
            resolve(start());
          } catch (error) {
            reject(error);
          }
        },
        reject,
      });
    });
    this.#onWait();
    return promise;
  }

  /** Lets no other call start until {@linkcode Gate.letGo}. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Ends `hold`. */
  letGo(): void {
    this.#isHeld = false;
    this.pass();
  }

  /** Tells whether `needBytes` may be logged now, whoever waits. */
  hasRoom(needBytes: number): boolean {
    return this.#admits(needBytes);
  }

  /** Resolves when `hasRoom` has become true. */
  async untilRoom(needBytes: number): Promise<void> {
    if (this.#admits(needBytes)) return;
    const passed = new Promise<void>((start, reject) => {
      this.#step = { needBytes, start, reject };
    });
    this.#onWait();
    await passed;
  }

  /** Starts the step and the calls that wait, as far as there is room. */
  pass(): void {
    if (this.#step !== null && this.#admits(this.#step.needBytes)) this.#takeFirst()!.start();
    while (this.#queue.length > 0 && !this.#isHeld && this.#admits(this.neededBytes)) {
      this.#takeFirst()!.start();
    }
    if (this.isBlocked) this.#onWait();
  }

  /** Rejects the step or the call that waits to be next. */
  rejectFirst(error: unknown): void {
    this.#takeFirst()?.reject(error);
  }

  /** Rejects all that wait. */
  rejectAll(error: unknown): void {
    for (let next = this.#takeFirst(); next !== undefined; next = this.#takeFirst()) {
      next.reject(error);
    }
  }

  #takeFirst(): Waiting | undefined {
    const step = this.#step;
    if (step === null) return this.#queue.popFirst();
    this.#step = null;
    return step;
  }
}
