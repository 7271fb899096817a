/**
 * Entries by deadline: a binary heap whose first is the next to expire.
 *
 * Each entry knows its place, so that one whose deadline changes or goes is moved without a search.
 * The heap needs no timer: whoever asks for `first` decides when.
 *
 * Cost: O(log n) to set or drop a deadline, O(1) to see the first. Eight bytes an entry.
 */

import { assert } from "../../internal/assert.ts";
import type { KeyEntry } from "./entry.ts";

/** The entries that expire, the next one first. */
export class ExpiryHeap {
  readonly #entries: KeyEntry[] = [];

  /** The entry with the earliest deadline; `undefined` if none expires. */
  get first(): KeyEntry | undefined {
    return this.#entries[0];
  }

  /** Gives `entry` a deadline, in place of the one it may have; `null` takes it away. */
  setDeadline(entry: KeyEntry, deadlineMs: number | null): void {
    if (entry.deadlineMs === deadlineMs) return;
    entry.deadlineMs = deadlineMs;
    if (deadlineMs === null) return this.#remove(entry);
    if (entry.heapAt === -1) entry.heapAt = this.#entries.push(entry) - 1;
    this.#sift(entry);
  }

  #remove(entry: KeyEntry): void {
    const at = entry.heapAt;
    assert(this.#entries[at] === entry);
    entry.heapAt = -1;
    const last = this.#entries.pop()!;
    if (last === entry) return;
    last.heapAt = at;
    this.#entries[at] = last;
    this.#sift(last);
  }

  /** Moves `entry` to where its deadline belongs. */
  #sift(entry: KeyEntry): void {
    const deadlineMs = entry.deadlineMs!;
    let at = entry.heapAt;
    while (at > 0) {
      const parent = this.#entries[(at - 1) >> 1]!;
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
    const left = this.#entries[2 * at + 1];
    const right = this.#entries[2 * at + 2];
    if (right === undefined) return left;
    return left!.deadlineMs! <= right.deadlineMs! ? left : right;
  }

  #place(entry: KeyEntry, at: number): void {
    this.#entries[at] = entry;
    entry.heapAt = at;
  }
}
