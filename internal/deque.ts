/**
 * A queue with two ends and random access, as a ring in an array whose size is a power of two.
 *
 * | call | cost |
 * |---|---|
 * | `pushFirst`, `pushLast`, `popFirst`, `popLast` | O(1), amortised |
 * | `at` | O(1) |
 * | `remove` | O(n); O(1) for the first |
 *
 * It doubles when full and halves when a quarter is left, so its memory follows its length.
 */

import { assert } from "./assert.ts";

const CAPACITY_MIN = 4;

/** A queue with two ends. `undefined` is no element: it means there is none. */
export class Deque<T extends NonNullable<unknown>> {
  #ring: (T | undefined)[] = new Array(CAPACITY_MIN).fill(undefined);
  #firstAt = 0;
  #length = 0;

  /** How many elements there are. */
  get length(): number {
    return this.#length;
  }

  /** Reads the element at `index`, 0 for the first; `undefined` past the ends. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.#length) return undefined;
    return this.#ring[(this.#firstAt + index) & (this.#ring.length - 1)];
  }

  /** Adds an element before the first. */
  pushFirst(element: T): void {
    if (this.#length === this.#ring.length) this.#resize(this.#length * 2);
    this.#firstAt = (this.#firstAt - 1) & (this.#ring.length - 1);
    this.#ring[this.#firstAt] = element;
    this.#length++;
  }

  /** Adds an element after the last. */
  pushLast(element: T): void {
    if (this.#length === this.#ring.length) this.#resize(this.#length * 2);
    this.#ring[(this.#firstAt + this.#length) & (this.#ring.length - 1)] = element;
    this.#length++;
  }

  /** Removes and returns the first element. */
  popFirst(): T | undefined {
    if (this.#length === 0) return undefined;
    const element = this.#ring[this.#firstAt];
    this.#ring[this.#firstAt] = undefined;
    this.#firstAt = (this.#firstAt + 1) & (this.#ring.length - 1);
    this.#removed();
    return element;
  }

  /** Removes and returns the last element. */
  popLast(): T | undefined {
    if (this.#length === 0) return undefined;
    const at = (this.#firstAt + this.#length - 1) & (this.#ring.length - 1);
    const element = this.#ring[at];
    this.#ring[at] = undefined;
    this.#removed();
    return element;
  }

  /** Removes `element`, where it first stands; tells whether it was there. */
  remove(element: T): boolean {
    const mask = this.#ring.length - 1;
    for (let i = 0; i < this.#length; i++) {
      if (this.at(i) !== element) continue;
      // The shorter side closes the gap: those who waited longest often go together.
      if (i < this.#length / 2) {
        for (let k = i; k > 0; k--) this.#ring[(this.#firstAt + k) & mask] = this.at(k - 1);
        this.popFirst();
      } else {
        for (let k = i + 1; k < this.#length; k++) {
          this.#ring[(this.#firstAt + k - 1) & mask] = this.at(k);
        }
        this.popLast();
      }
      return true;
    }
    return false;
  }

  #removed(): void {
    this.#length--;
    const capacity = this.#ring.length;
    if (capacity > CAPACITY_MIN && this.#length <= capacity / 4) this.#resize(capacity / 2);
  }

  #resize(capacity: number): void {
    assert(capacity >= this.#length);
    const ring: (T | undefined)[] = new Array(capacity);
    const untilEnd = Math.min(this.#length, this.#ring.length - this.#firstAt);
    for (let i = 0; i < untilEnd; i++) ring[i] = this.#ring[this.#firstAt + i];
    for (let i = untilEnd; i < this.#length; i++) ring[i] = this.#ring[i - untilEnd];
    this.#ring = ring;
    this.#firstAt = 0;
  }
}
