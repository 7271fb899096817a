/**
 * Entries by deadline: a binary heap whose first is the next to expire.
 *
 * Each entry knows its place, so that one whose deadline changes or goes is moved without a search.
 * The heap needs no timer: whoever asks for `first` decides when.
 *
 * Cost: O(log n) to set or drop a deadline, O(1) to see the first. Nine bytes an entry.
 */

import { assert } from "../../internal/assert.ts";
import { ChunkedList } from "./chunked_list.ts";
import type { KeyEntry } from "./entry.ts";

/** The entries that expire, the next one first. */
export class ExpiryHeap {
  readonly #entries = new ChunkedList<KeyEntry>();

  /** The entry with the earliest deadline; `undefined` if none expires. */
  get first(): KeyEntry | undefined {
    return this.#entries.length === 0 ? undefined : this.#entries.at(0);
  }

  /** Gives `entry` a deadline, in place of the one it may have; `null` takes it away. */
  setDeadline(entry: KeyEntry, deadlineMs: number | null): void {
    if (entry.deadlineMs === deadlineMs) return;
    entry.deadlineMs = deadlineMs;
    if (deadlineMs === null) return this.#remove(entry);
    if (entry.heapAt === -1) {
      entry.heapAt = this.#entries.length;
      this.#entries.push(entry);
    }
    this.#sift(entry);
  }

  #remove(entry: KeyEntry): void {
    const at = entry.heapAt;
    assert(this.#entries.at(at) === entry);
    entry.heapAt = -1;
    const last = this.#entries.pop();
    if (last === entry) return;
    this.#place(last, at);
    this.#sift(last);
  }

  /** Moves `entry` to where its deadline belongs. */
  #sift(entry: KeyEntry): void {
    const deadlineMs = entry.deadlineMs!;
    let at = entry.heapAt;
    while (at > 0) {
      const parent = this.#entries.at((at - 1) >> 1);
      if (parent.deadlineMs! <= deadlineMs) break;
      this.#place(parent, at);
      at = (at - 1) >> 1;
    }
    for (;;) {
      const child = this.#earlierChild(at);
      if (child === undefined || child.deadlineMs! >= deadlineMs) break;
      const childAt = child.heapAt;
      this.#place(child, at);
      at = childAt;
    }
    this.#place(entry, at);
  }

  #earlierChild(at: number): KeyEntry | undefined {
    const leftAt = 2 * at + 1;
    if (leftAt >= this.#entries.length) return undefined;
    const left = this.#entries.at(leftAt);
    if (leftAt + 1 === this.#entries.length) return left;
    const right = this.#entries.at(leftAt + 1);
    return left.deadlineMs! <= right.deadlineMs! ? left : right;
  }

  #place(entry: KeyEntry, at: number): void {
    this.#entries.set(at, entry);
    entry.heapAt = at;
  }
}
