/**
 * What the memory store keeps for a key.
 *
 * A string that is put without an expiry into an unbounded store is kept as it is: most are, and an
 * object around each would cost every call another look at memory. What has more to remember (when
 * it expires, when it was last used, what is in it) is an {@linkcode Entry}.
 */

import { Deque } from "../../internal/deque.ts";
import type { Linked } from "../../internal/linked_list.ts";
import type { Value } from "../../kv/kv.ts";

/** What stands at a key: a string as it is, or an entry. */
export type Slot = Value | StringEntry | ArrayEntry;

/** A key that has more to remember than a value. */
export abstract class Entry {
  readonly key: string;
  /**
   * When it expires, in milliseconds since the epoch; `null` if never. Not `Infinity`: V8 keeps a
   * fraction or an infinity in a box of its own, 16 bytes an entry even where no entry expires.
   */
  deadlineMs: number | null = null;
  /** Where it stands in the expiry heap; −1 if it does not. */
  heapAt = -1;

  constructor(key: string) {
    this.key = key;
  }
}

/** A string that expires, or may be evicted. */
export class StringEntry extends Entry implements Linked<StringEntry> {
  value: Value;
  /** Neighbours in the order of use, where the store keeps one. */
  previous: StringEntry | null = null;
  next: StringEntry | null = null;

  constructor(key: string, value: Value) {
    super(key);
    this.value = value;
  }
}

/** An array. */
export class ArrayEntry extends Entry {
  readonly elements: Deque<Value> = new Deque();
  /** Of the key and the elements. */
  bytes: number;

  constructor(key: string) {
    super(key);
    this.bytes = key.length;
  }
}

/** An entry of either kind. */
export type KeyEntry = StringEntry | ArrayEntry;

/** The value of a slot that is not an array. */
export function valueIn(slot: Value | StringEntry): Value {
  return slot instanceof StringEntry ? slot.value : slot;
}

/** When a slot expires, in milliseconds since the epoch; `null` if never. */
export function deadlineOf(slot: Slot): number | null {
  return slot instanceof Entry ? slot.deadlineMs : null;
}
