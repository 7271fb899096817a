/**
 * A bounded set of keys that keeps the smallest by their UTF-8 and gives them in that order.
 *
 * Their bytes stand one after the other in one array, so a million short keys take 30 MiB, and none
 * of it is work for the garbage collector; as strings they would take thrice that. When the array
 * is full, the smaller half stays, and from then on greater keys are turned away.
 */

import { KEY_BYTES_MAX } from "../kv/kv.ts";

/** How much an arena holds. */
export interface ArenaLimits {
  /** Bytes of all keys: from twice the longest key. */
  readonly bytesMax: number;
  /** Keys: from 2. */
  readonly keysMax: number;
}

const utf8 = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Keeps the smallest of the keys that are added. */
export class KeyArena {
  readonly #limits: ArenaLimits;
  /** Keys up to this one are passed over. */
  readonly #after: Uint8Array | null;
  /** Keys beyond this one are turned away. */
  #bound: Uint8Array | null = null;
  // What is not used of these takes no memory: the kernel maps a page when it is written.
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #starts: Uint32Array;
  readonly #lengths: Uint16Array;
  #bytesUsed = 0;
  #count = 0;

  /** @param after Only keys after this one are wanted; `null` for all. */
  constructor(limits: ArenaLimits, after: Uint8Array | null) {
    this.#limits = limits;
    this.#after = after;
    this.#bytes = new Uint8Array(limits.bytesMax);
    this.#starts = new Uint32Array(limits.keysMax);
    this.#lengths = new Uint16Array(limits.keysMax);
  }

  /** Whether keys have been turned away, or dropped for smaller ones. */
  get hasDropped(): boolean {
    return this.#bound !== null;
  }

  get #isFull(): boolean {
    return this.#count === this.#limits.keysMax ||
      this.#bytesUsed + KEY_BYTES_MAX > this.#limits.bytesMax;
  }

  /** Adds a key, unless it is not wanted or there is no room for one so great. */
  add(key: string): void {
    while (this.#isFull) this.#halve();
    const { written } = utf8.encodeInto(key, this.#bytes.subarray(this.#bytesUsed));
    const added = this.#bytes.subarray(this.#bytesUsed, this.#bytesUsed + written);
    if (this.#after !== null && compareBytes(added, this.#after) <= 0) return;
    if (this.#bound !== null && compareBytes(added, this.#bound) > 0) return;
    this.#starts[this.#count] = this.#bytesUsed;
    this.#lengths[this.#count] = written;
    this.#bytesUsed += written;
    this.#count++;
  }

  /** Gives the keys in their order, as bytes that are the arena's. */
  *sorted(): Generator<Uint8Array, void> {
    for (const i of this.#sort()) yield this.#at(i);
  }

  #at(i: number): Uint8Array {
    const start = this.#starts[i]!;
    return this.#bytes.subarray(start, start + this.#lengths[i]!);
  }

  /** Keeps the smaller half. */
  #halve(): void {
    const kept = this.#sort().subarray(0, Math.ceil(this.#count / 2));
    this.#bound = this.#at(kept.at(-1)!).slice();
    // In the order in which they stand, none is written over before it has moved.
    kept.sort();
    this.#bytesUsed = 0;
    for (const [to, i] of kept.entries()) {
      const start = this.#starts[i]!;
      const length = this.#lengths[i]!;
      this.#bytes.copyWithin(this.#bytesUsed, start, start + length);
      this.#starts[to] = this.#bytesUsed;
      this.#lengths[to] = length;
      this.#bytesUsed += length;
    }
    this.#count = kept.length;
  }

  /** The numbers of the keys, in their order: a merge sort, from the bottom. */
  #sort(): Uint32Array {
    let from = Uint32Array.from({ length: this.#count }, (_, i) => i);
    let to = new Uint32Array(this.#count);
    for (let width = 1; width < this.#count; width *= 2) {
      for (let start = 0; start < this.#count; start += 2 * width) {
        this.#merge(from, to, start, width);
      }
      [from, to] = [to, from];
    }
    return from;
  }

  /** Merges two sorted runs of `width` numbers, the second of which may be shorter or missing. */
  #merge(from: Uint32Array, to: Uint32Array, start: number, width: number): void {
    const middle = Math.min(start + width, from.length);
    const end = Math.min(start + 2 * width, from.length);
    let a = start;
    let b = middle;
    for (let i = start; i < end; i++) {
      const isFirst = b === end || a < middle && this.#compare(from[a]!, from[b]!) <= 0;
      to[i] = isFirst ? from[a++]! : from[b++]!;
    }
  }

  /** Compares two keys as `compareBytes` does, without making views of them. */
  #compare(i: number, j: number): number {
    const bytes = this.#bytes;
    const startI = this.#starts[i]!;
    const startJ = this.#starts[j]!;
    const lengthI = this.#lengths[i]!;
    const lengthJ = this.#lengths[j]!;
    const length = Math.min(lengthI, lengthJ);
    for (let at = 0; at < length; at++) {
      const difference = bytes[startI + at]! - bytes[startJ + at]!;
      if (difference !== 0) return difference;
    }
    return lengthI - lengthJ;
  }
}

/** Bytes as a key. */
export function toKey(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    if (a[at] !== b[at]) return a[at]! - b[at]!;
  }
  return a.length - b.length;
}
