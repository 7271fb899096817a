/**
 * What the memory store keeps for a key.
 *
 * One class for both types, changed in place: overwriting a key costs no look-up more than reading
 * it, and the key keeps its place among those that a running scan has still to meet.
 */

import { Deque } from "../../internal/deque.ts";
import type { Linked } from "../../internal/linked_list.ts";
import type { Value } from "../../kv/kv.ts";

/** A string, or the elements of an array. */
export type Content = Value | Deque<Value>;

/** A key and what it holds. */
export class Entry<C extends Content = Content> implements Linked<Entry> {
  readonly key: string;
  /** Counts up with each new key, in the order of the map. */
  readonly born: number;
  content: C;
  /** Of the key and its content; text counts a byte a UTF-16 code unit. */
  bytes: number;
  /**
   * When it expires, in milliseconds since the epoch; `null` if never. Not `Infinity`: V8 keeps a
   * fraction or an infinity in a box of its own, 16 bytes an entry even where no entry expires.
   */
  deadlineMs: number | null = null;
  /** Where it stands in the expiry heap; −1 if it does not. */
  heapAt = -1;
  /** Neighbours in the order of use, where the store keeps one. */
  previous: Entry | null = null;
  next: Entry | null = null;

  constructor(key: string, born: number, content: C, bytes: number) {
    this.key = key;
    this.born = born;
    this.content = content;
    this.bytes = bytes;
  }
}

/** An entry that holds a string. */
export type StringEntry = Entry<Value>;

/** An entry that holds an array. */
export type ArrayEntry = Entry<Deque<Value>>;

/** Tells whether `entry` holds a string. */
export function isString(entry: Entry): entry is StringEntry {
  return typeof entry.content === "string" || !(entry.content instanceof Deque);
}

/** Tells whether `entry` holds an array. */
export function isArray(entry: Entry): entry is ArrayEntry {
  return entry.content instanceof Deque;
}
