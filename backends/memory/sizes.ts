/**
 * What keys, strings and arrays count for in a memory store, in bytes.
 */

import type { Value } from "../../kv/kv.ts";
import { ArrayEntry, type Slot, valueIn } from "./entry.ts";

/** Counts the bytes of a key and of what stands at it. */
export function bytesAt(key: string, slot: Slot): number {
  return slot instanceof ArrayEntry ? slot.bytes : key.length + valueIn(slot).length;
}

/** Counts the bytes of elements. */
export function bytesOf(elements: readonly Value[]): number {
  return elements.reduce((bytes, { length }) => bytes + length, 0);
}

/** What a write gives up elsewhere, and so needs no other room for. */
export interface Freed {
  readonly source: ArrayEntry | undefined;
  readonly entries: number;
  readonly bytes: number;
}

/** Of a write that gives up nothing. */
export const NOTHING: Freed = { source: undefined, entries: 0, bytes: 0 };

/** What `source` gives up with an element of `bytes` bytes; itself, where it is the last one. */
export function freedBy(source: ArrayEntry, bytes: number): Freed {
  const isLast = source.elements.length === 1;
  return { source, entries: isLast ? 1 : 0, bytes: bytes + (isLast ? source.key.length : 0) };
}
