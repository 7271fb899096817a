/**
 * The array of peers that have none and keep values by reference: a JavaScript array with a head
 * index, the fastest way to append and to take from the front.
 */

const COMPACT_AT = 1024;

/** A first-in-first-out queue with O(1) `push` and, amortized, O(1) `shift`. */
export class ArrayQueue {
  #items: string[] = [];
  #head = 0;

  push(item: string): number {
    this.#items.push(item);
    return this.#items.length - this.#head;
  }

  shift(): string | null {
    const item = this.#items[this.#head];
    if (item === undefined) return null;
    this.#items[this.#head++] = "";
    if (this.#head >= COMPACT_AT && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
