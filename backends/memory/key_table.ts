/**
 * A hash table by key: entries side by side in lists, and an index of them that grows and shrinks a
 * segment at a time (extendible hashing).
 *
 * ```text
 *   directory, by the          segment, by the lower bits     entries
 *   upper bits of the hash     hash          number
 *   ┌────┐                     ┌────────────┬────────┐        ┌─────┬───────┐
 *   │ 00 │─┬─▶ of 0…           │ 10…  …0000 │ 2      │──┐   1 │ "a" │ value │
 *   │ 01 │─┘                   │            │ 0 free │  └──▶2 │ "b" │ value │
 *   │ 10 │───▶ of 10…      ───▶│ 10…  …0010 │ 3      │─────▶3 │ "c" │ value │
 *   │ 11 │───▶ of 11…          │ …          │        │        └─────┴───────┘
 *   └────┘                     └────────────┴────────┘
 * ```
 *
 * In a segment a key has the place that its hash gives, or the next free one (linear probing). A
 * segment that is full doubles; at its largest it is split in two by the next bit of the hash. So
 * growth moves numbers only, and no call moves more of them than one segment holds. An entry that
 * goes leaves its number to the last one, so the lists have no holes.
 *
 * Why not a `Map`: V8 makes each text that becomes the key of a map the only one of its kind in the
 * process, in a table of all such texts, which each look-up asks first and each major collection of
 * garbage stops to walk over. And a `Map` grows in one go. The figures are in
 * `docs/decisions/0003-key-table.md`.
 *
 * Cost: O(1) to get, set and delete. While a table grows, an entry takes 30 to 40 bytes beside the
 * key and the value. Of a table that became small the directory stays until its last key goes, with
 * segments of their smallest size: less than a byte for each key that there was.
 *
 * Sources: R. Fagin, J. Nievergelt, N. Pippenger and H. R. Strong, "Extendible hashing, a fast
 * access method for dynamic files", ACM Transactions on Database Systems 4 (1979); for `free` D. E.
 * Knuth, "The Art of Computer Programming", volume 3, section 6.4, algorithm R.
 */

import { assert } from "../../internal/assert.ts";
import { ChunkedList } from "./chunked_list.ts";
import { hashKey } from "./key_hash.ts";

const HASH_BITS = 32;
/** Of a directory of two. */
const FIRST_SHIFT = HASH_BITS - 1;

/** The largest directory, for 200 million keys; past it segments grow instead of being split. */
const DEPTH_MAX = 16;

const CAPACITY_MIN = 16;
const CAPACITY_MAX = 4_096;
/** The share of places taken at which a segment grows, and at which it shrinks. */
const FULL = 3 / 4;
const SPARSE = 1 / 8;

/** No place: the key is not there. */
const NOWHERE = -1;

/** Values by key. */
export class KeyTable<V extends NonNullable<unknown>> {
  readonly #hash: (key: string) => number;
  /** What has number 1 is the first here: 0 means none. */
  readonly #keys = new ChunkedList<string>();
  readonly #values = new ChunkedList<V>();
  /** Its length is a power of two, and a segment of less depth stands there several times. */
  #directory = firstDirectory();
  /** What is left of a hash after this shift is an index of the directory. */
  #shift = FIRST_SHIFT;
  #lastKey = "";
  #lastHash: number;

  /** @param hash Another one only in tests, to have keys that share one. */
  constructor(hash: (key: string) => number = hashKey) {
    this.#hash = hash;
    this.#lastHash = hash("");
  }

  /** How many keys there are. */
  get size(): number {
    return this.#keys.length;
  }

  /** Reads what stands at `key`; `undefined` if nothing does. */
  get(key: string): V | undefined {
    const hash = this.#hash(key);
    this.#lastKey = key;
    this.#lastHash = hash;
    const segment = this.#segmentOf(hash);
    const place = segment.find(key, hash, this.#keys);
    return place === NOWHERE ? undefined : this.#values.at(segment.numberAt(place) - 1);
  }

  /** Sets what stands at `key`. */
  set(key: string, value: V): void {
    const hash = this.#hashOf(key);
    const segment = this.#segmentOf(hash);
    const place = segment.find(key, hash, this.#keys);
    if (place !== NOWHERE) {
      this.#values.set(segment.numberAt(place) - 1, value);
      return;
    }
    this.#keys.push(key);
    this.#values.push(value);
    segment.add(hash, this.size);
    if (segment.isFull) this.#grow(segment, hash);
  }

  /** Removes `key` and what stands at it, where something does. */
  delete(key: string): void {
    const hash = this.#hashOf(key);
    const segment = this.#segmentOf(hash);
    const place = segment.find(key, hash, this.#keys);
    if (place === NOWHERE) return;
    const number = segment.numberAt(place);
    segment.free(place);
    if (segment.isSparse) this.#replace(segment, hash, [segment.resized(1 / 2)]);
    this.#fill(number);
    if (this.size === 0 && this.#shift < FIRST_SHIFT) this.clear();
  }

  /** Removes all. */
  clear(): void {
    this.#keys.clear();
    this.#values.clear();
    this.#lastKey = "";
    this.#lastHash = this.#hash("");
    this.#directory = firstDirectory();
    this.#shift = FIRST_SHIFT;
  }

  /**
   * Walks over the table, in no order that means anything. A key that is there from start to end
   * comes once, whatever is set and deleted meanwhile. One that is set later is left out while
   * nothing is deleted; for each one that is deleted, one that is set later may come.
   */
  *entries(): Generator<[string, V], undefined> {
    const { size } = this;
    for (let start = 0; start < 2 ** HASH_BITS;) {
      const segment = this.#segmentOf(start);
      // As they are now: no matter how the segment is split later, all of its hashes are done.
      const numbers = segment.numbersFrom(start).filter((number) => number <= size);
      start += segment.span - start % segment.span;
      for (const key of numbers.map((number) => this.#keys.at(number - 1))) {
        const value = this.get(key);
        if (value !== undefined) yield [key, value];
      }
    }
  }

  /** The hash of `key`: most writes look it up just before, and then it is the same string. */
  #hashOf(key: string): number {
    return key === this.#lastKey ? this.#lastHash : this.#hash(key);
  }

  #segmentOf(hash: number): Segment {
    return this.#directory[hash >>> this.#shift]!;
  }

  /** Takes the entry with this number off the lists, and has the last one stand there. */
  #fill(number: number): void {
    const lastNumber = this.size;
    const key = this.#keys.pop();
    const value = this.#values.pop();
    if (number === lastNumber) return;
    this.#keys.set(number - 1, key);
    this.#values.set(number - 1, value);
    const hash = this.#hash(key);
    this.#segmentOf(hash).renumber(hash, lastNumber, number);
  }

  /** Makes `segment`, in which `hash` belongs, larger or two. */
  #grow(segment: Segment, hash: number): void {
    if (segment.capacity < CAPACITY_MAX || segment.depth === DEPTH_MAX) {
      return this.#replace(segment, hash, [segment.resized(2)]);
    }
    if (segment.depth === HASH_BITS - this.#shift) {
      this.#directory = this.#directory.flatMap((each) => [each, each]);
      this.#shift--;
    }
    this.#replace(segment, hash, segment.split());
  }

  /** Puts `parts`, which are one or two, where `segment` stands, in which `hash` belongs. */
  #replace(segment: Segment, hash: number, parts: readonly Segment[]): void {
    const count = segment.span / 2 ** this.#shift;
    const index = hash >>> this.#shift;
    const first = index - index % count;
    for (let i = 0; i < count; i++) {
      this.#directory[first + i] = parts[Math.floor(i * parts.length / count)]!;
    }
  }
}

/** The numbers of the entries whose hashes begin with the same bits. */
class Segment {
  /** How many bits these are. */
  readonly depth: number;
  /** Pairs of a hash and a number, which is 0 where it is free. A place is where a pair begins. */
  readonly #pairs: Int32Array;
  #count = 0;

  constructor(depth: number, capacity: number) {
    this.depth = depth;
    this.#pairs = new Int32Array(2 * capacity);
  }

  get capacity(): number {
    return this.#pairs.length / 2;
  }

  get isFull(): boolean {
    return this.#count >= this.capacity * FULL;
  }

  get isSparse(): boolean {
    return this.#count < this.capacity * SPARSE && this.capacity > CAPACITY_MIN;
  }

  /** How many hashes begin with these bits. */
  get span(): number {
    return 2 ** (HASH_BITS - this.depth);
  }

  /** The place of `key`, which is one of `keys` or not there. */
  find(key: string, hash: number, keys: ChunkedList<string>): number {
    const pairs = this.#pairs;
    const mask = pairs.length - 2;
    for (let place = (hash << 1) & mask;; place = (place + 2) & mask) {
      const number = pairs[place + 1]!;
      if (number === 0) return NOWHERE;
      if (pairs[place] === hash && keys.at(number - 1) === key) return place;
    }
  }

  /** The number at a place. */
  numberAt(place: number): number {
    return this.#pairs[place + 1]!;
  }

  /** Adds an entry, whose key is not there. */
  add(hash: number, number: number): void {
    this.#set(this.#placeOf(hash, 0), hash, number);
    this.#count++;
  }

  /** Notes that an entry has another number now. */
  renumber(hash: number, from: number, to: number): void {
    this.#set(this.#placeOf(hash, from), hash, to);
  }

  /** Frees a place, and moves up those that did not find theirs free because of it. */
  free(place: number): void {
    const pairs = this.#pairs;
    const mask = pairs.length - 2;
    let hole = place;
    for (let next = (hole + 2) & mask; pairs[next + 1] !== 0; next = (next + 2) & mask) {
      const home = (pairs[next]! << 1) & mask;
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      this.#set(hole, pairs[next]!, pairs[next + 1]!);
      hole = next;
    }
    this.#set(hole, 0, 0);
    this.#count--;
  }

  /** The same entries with `factor` times the places. */
  resized(factor: number): Segment {
    const segment = new Segment(this.depth, this.capacity * factor);
    this.#spread(segment, segment, 0);
    return segment;
  }

  /** The same entries in two segments, by the next bit of their hashes. */
  split(): [Segment, Segment] {
    const low = new Segment(this.depth + 1, this.capacity);
    const high = new Segment(this.depth + 1, this.capacity);
    this.#spread(low, high, HASH_BITS - 1 - this.depth);
    return [low, high];
  }

  /** The numbers of entries whose hashes are not below `start`. */
  numbersFrom(start: number): number[] {
    const numbers: number[] = [];
    for (let place = 0; place < this.#pairs.length; place += 2) {
      const isTaken = this.#pairs[place + 1] !== 0;
      if (isTaken && this.#pairs[place]! >>> 0 >= start) numbers.push(this.numberAt(place));
    }
    return numbers;
  }

  /** Adds the entries to `low`, or to `high` where this bit of their hash is set. */
  #spread(low: Segment, high: Segment, bit: number): void {
    for (let place = 0; place < this.#pairs.length; place += 2) {
      const hash = this.#pairs[place]!;
      const number = this.#pairs[place + 1]!;
      if (number !== 0) ((hash >>> bit & 1) === 0 ? low : high).add(hash, number);
    }
  }

  /** The place at or after that of `hash` that has this number. */
  #placeOf(hash: number, number: number): number {
    const pairs = this.#pairs;
    const mask = pairs.length - 2;
    let place = (hash << 1) & mask;
    while (pairs[place + 1] !== number) {
      assert(number === 0 || pairs[place + 1] !== 0);
      place = (place + 2) & mask;
    }
    return place;
  }

  #set(place: number, hash: number, number: number): void {
    this.#pairs[place] = hash;
    this.#pairs[place + 1] = number;
  }
}

function firstDirectory(): Segment[] {
  return [new Segment(1, CAPACITY_MIN), new Segment(1, CAPACITY_MIN)];
}
