/**
 * What the memory store holds: entries by key, within their limits and their time.
 *
 * - **Expiry.** A look-up compares the deadline, so nothing is found past it. Removing the dead is
 *   only about space, and bounded: setting a deadline removes a few of them, and one background
 *   timer for the whole store removes the rest in slices of a few milliseconds.
 * - **Eviction.** A bounded store keeps its strings in the order of their last use and evicts the
 *   one unused for longest. It makes room before it changes anything, and evicts nothing for a
 *   write that cannot fit.
 * - **Size.** Text counts a byte a UTF-16 code unit, which is exact for ASCII: what it takes as
 *   UTF-8 could only be told by looking at each character, and cost more than all the rest of a
 *   `put`.
 * - **Clearing.** A large store is cleared in slices too, so a clearing says which entries it
 *   covers (those of its prefix born before it), and from then on none of them is found.
 */

import type { Clock } from "../../internal/clock.ts";
import { Deque } from "../../internal/deque.ts";
import { LinkedList } from "../../internal/linked_list.ts";
import { KvError, show } from "../../kv/errors.ts";
import type { Value } from "../../kv/kv.ts";
import { type ArrayEntry, type Content, Entry, isArray } from "./entry.ts";
import { ExpiryHeap } from "./expiry_heap.ts";

/** Bounds of a memory store; `undefined` for none. */
export interface MemoryLimits {
  readonly maxEntries: number | undefined;
  readonly maxBytes: number | undefined;
}

/** Entries that are gone for all calls, though some are still in the map. */
export interface Clearing {
  readonly prefix: string;
  /** Covers what was born before. */
  readonly before: number;
  /** How many entries it has removed. */
  count: number;
}

/** What the hash maps of V8 can hold. */
const MAP_ENTRIES_MAX = 2 ** 24;

/** The dead that a write with a deadline removes: more than the one that it may add. */
const SWEEP_A_WRITE = 2;
/** The dead that the timer removes at a time: 1 to 2 ms of work. */
const SWEEP_A_SLICE = 1_000;
/** How long the dead may stay before the timer comes for them, and between its slices. */
const SWEEP_LAG_MS = 1_000;
const SWEEP_PAUSE_MS = 1;

/** Entries by key. */
export class Space {
  readonly #clock: Clock;
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #byKey = new Map<string, Entry>();
  readonly #expiring = new ExpiryHeap();
  /** Strings by last use, the one unused for longest first; `null` in an unbounded store. */
  readonly #byUse: LinkedList<Entry> | null;
  readonly #clearings: Clearing[] = [];
  #bornCount = 0;
  #bytes = 0;
  #arrayCount = 0;
  #arrayBytes = 0;
  #evictions = 0;
  #wakesMs = Infinity;
  #cancelTimer: (() => void) | null = null;

  constructor({ maxEntries, maxBytes }: MemoryLimits, clock: Clock) {
    this.#clock = clock;
    this.#maxEntries = Math.min(maxEntries ?? Infinity, MAP_ENTRIES_MAX);
    this.#maxBytes = maxBytes ?? Infinity;
    const isBounded = maxEntries !== undefined || maxBytes !== undefined;
    this.#byUse = isBounded ? new LinkedList() : null;
  }

  /** Entries in the map, the dead and the cleared that are still there included. */
  get size(): number {
    return this.#byKey.size;
  }

  /** Bytes of these entries. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Strings evicted so far. */
  get evictions(): number {
    return this.#evictions;
  }

  /** Finds the entry of `key`, and counts it as used. */
  find(key: string): Entry | undefined {
    const entry = this.#byKey.get(key);
    if (entry === undefined) return undefined;
    // Most entries have no deadline, and most stores are not being cleared.
    if ((entry.deadlineMs !== null || this.#clearings.length > 0) && !this.isLive(entry)) {
      this.#removeGone(entry);
      return undefined;
    }
    if (this.#byUse !== null && !isArray(entry)) this.#touch(this.#byUse, entry);
    return entry;
  }

  /** Tells whether `entry`, which is in the map, is neither past its deadline nor cleared. */
  isLive(entry: Entry): boolean {
    if (this.#isDead(entry)) return false;
    return this.#clearings.length === 0 || this.#clearingOf(entry) === undefined;
  }

  /**
   * Puts `content`, a string or a new array, at `key`, where `entry` is found or nothing.
   *
   * @throws {KvError} `full`: nothing changed.
   */
  put(key: string, entry: Entry | undefined, content: Content): Entry {
    const bytes = key.length + (content instanceof Deque ? 0 : content.length);
    this.#makeRoom(key, entry, bytes, NOTHING);
    if (entry === undefined) {
      const added = new Entry(key, this.#bornCount++, content, bytes);
      this.#byKey.set(key, added);
      this.#bytes += bytes;
      this.#enter(added);
      return added;
    }
    this.#leave(entry);
    this.#bytes += bytes - entry.bytes;
    entry.content = content;
    entry.bytes = bytes;
    this.#enter(entry);
    return entry;
  }

  /**
   * Makes room for more elements at `key`, where an array is found or nothing.
   *
   * @param source The array that the one element is about to leave: it stays though its deadline
   * may just have come, and what it gives up needs no other room.
   * @throws {KvError} `full`: nothing changed.
   */
  reserve(
    key: string,
    entry: Entry | undefined,
    elements: readonly Value[],
    source?: ArrayEntry,
  ): void {
    // An unbounded store has room for elements, and `put` sees whether it has for a new key.
    if (this.#byUse === null) return;
    const bytes = bytesOf(elements);
    const freed = source === undefined ? NOTHING : freedBy(source, bytes);
    this.#makeRoom(key, entry, (entry?.bytes ?? key.length) + bytes, freed);
  }

  /** Counts elements that were added to the array of `entry`. */
  grow(entry: Entry, elements: readonly Value[]): void {
    this.#resize(entry, bytesOf(elements));
  }

  /** Takes back the count of an element that was taken off the array of `entry`. */
  shrink(entry: Entry, element: Value): void {
    this.#resize(entry, -element.length);
  }

  /** Sets the deadline of `entry` to `expireIn` milliseconds from now; 0 takes it away. */
  expire(entry: Entry, expireIn: number): void {
    if (expireIn === 0) {
      if (entry.deadlineMs !== null) this.#expiring.setDeadline(entry, null);
      return;
    }
    const nowMs = this.#clock.now();
    const deadlineMs = Math.min(nowMs + expireIn, Number.MAX_SAFE_INTEGER);
    this.#expiring.setDeadline(entry, deadlineMs);
    this.#sweep(nowMs, SWEEP_A_WRITE);
    this.#wakeBy(nowMs, deadlineMs);
  }

  /** Milliseconds until `entry` expires; `null` if never. */
  expiresIn(entry: Entry): number | null {
    return entry.deadlineMs === null ? null : entry.deadlineMs - this.#clock.now();
  }

  /** Removes `entry`. */
  remove(entry: Entry): void {
    this.#byKey.delete(entry.key);
    this.#bytes -= entry.bytes;
    this.#leave(entry);
    if (entry.deadlineMs !== null) this.#expiring.setDeadline(entry, null);
  }

  /**
   * Walks over the entries that are there now, in the order of their birth. What is born later is
   * left out, what is removed before its turn is too.
   */
  *entries(): Generator<Entry, undefined> {
    const before = this.#bornCount;
    for (const entry of this.#byKey.values()) {
      if (entry.born >= before) return;
      if (this.isLive(entry)) yield entry;
    }
  }

  /** From now on, no entry of `prefix` is found that is here now. */
  startClearing(prefix: string): Clearing {
    const clearing = { prefix, before: this.#bornCount, count: 0 };
    this.#clearings.push(clearing);
    return clearing;
  }

  /**
   * Removes what `clearing` covers and no call has met yet. Each step of the iterator is a little
   * work; the last one ends the clearing.
   */
  *clear(clearing: Clearing): Generator<void, undefined> {
    for (const entry of this.#byKey.values()) {
      if (entry.born >= clearing.before) break;
      if (this.#clearingOf(entry) === clearing) this.#removeGone(entry);
      yield;
    }
    this.#clearings.splice(this.#clearings.indexOf(clearing), 1);
  }

  /** Forgets everything, and the timer. */
  close(): void {
    this.#cancelTimer?.();
    this.#byKey.clear();
  }

  #isDead(entry: Entry): boolean {
    return entry.deadlineMs !== null && entry.deadlineMs <= this.#clock.now();
  }

  /** The first clearing that covers `entry`. */
  #clearingOf(entry: Entry): Clearing | undefined {
    return this.#clearings.find(({ prefix, before }) =>
      entry.born < before && entry.key.startsWith(prefix)
    );
  }

  /** Removes an entry that is past its deadline or cleared; one that was cleared in time counts. */
  #removeGone(entry: Entry): void {
    const clearing = this.#clearingOf(entry);
    if (clearing !== undefined && !this.#isDead(entry)) clearing.count++;
    this.remove(entry);
  }

  /** Removes the dead, then strings, until `key` may stand for `bytes` bytes. */
  #makeRoom(key: string, entry: Entry | undefined, bytes: number, freed: Freed): void {
    const maxEntries = this.#maxEntries + freed.entries;
    const maxBytes = this.#maxBytes + freed.bytes;
    const moreEntries = entry === undefined ? 1 : 0;
    const moreBytes = bytes - (entry?.bytes ?? 0);
    while (this.#byKey.size + moreEntries > maxEntries || this.#bytes + moreBytes > maxBytes) {
      const dead = this.#expiring.first;
      if (dead !== undefined && dead !== entry && dead !== freed.source && this.#isDead(dead)) {
        this.remove(dead);
        continue;
      }
      // Arrays are never evicted, and neither is what is written now.
      const isCounted = entry !== undefined && isArray(entry);
      const arrayCount = this.#arrayCount + (isCounted ? 0 : 1);
      const arrayBytes = this.#arrayBytes + (isCounted ? moreBytes : bytes);
      if (this.#byUse === null || arrayCount > maxEntries || arrayBytes > maxBytes) {
        throw new KvError("full", `Cannot store ${show(key)}: the memory store is full`);
      }
      const unused = this.#byUse.first === entry ? entry!.next : this.#byUse.first;
      this.#evictions++;
      this.remove(unused!);
    }
  }

  #resize(array: Entry, bytes: number): void {
    array.bytes += bytes;
    this.#bytes += bytes;
    this.#arrayBytes += bytes;
  }

  #touch(byUse: LinkedList<Entry>, entry: Entry): void {
    byUse.remove(entry);
    byUse.pushLast(entry);
  }

  /** Counts `entry` as what it is now: an array, or a string that may be evicted. */
  #enter(entry: Entry): void {
    if (isArray(entry)) {
      this.#arrayCount++;
      this.#arrayBytes += entry.bytes;
    } else this.#byUse?.pushLast(entry);
  }

  /** Takes back what `#enter` did. */
  #leave(entry: Entry): void {
    if (isArray(entry)) {
      this.#arrayCount--;
      this.#arrayBytes -= entry.bytes;
    } else this.#byUse?.remove(entry);
  }

  /** Removes up to `limit` entries that are past their deadline, and says how many. */
  #sweep(nowMs: number, limit: number): number {
    for (let count = 0; count < limit; count++) {
      const entry = this.#expiring.first;
      if (entry === undefined || entry.deadlineMs! > nowMs) return count;
      this.remove(entry);
    }
    return limit;
  }

  /** Has the timer come soon after `deadlineMs`, unless it comes at about that time anyway. */
  #wakeBy(nowMs: number, deadlineMs: number): void {
    if (this.#wakesMs <= deadlineMs + 2 * SWEEP_LAG_MS) return;
    this.#cancelTimer?.();
    this.#wakeIn(nowMs, Math.max(deadlineMs - nowMs, 0) + SWEEP_LAG_MS);
  }

  #wakeIn(nowMs: number, ms: number): void {
    this.#wakesMs = nowMs + ms;
    this.#cancelTimer = this.#clock.after(ms, () => this.#wake(), { background: true });
  }

  #wake(): void {
    const nowMs = this.#clock.now();
    this.#wakesMs = Infinity;
    this.#cancelTimer = null;
    if (this.#sweep(nowMs, SWEEP_A_SLICE) === SWEEP_A_SLICE) this.#wakeIn(nowMs, SWEEP_PAUSE_MS);
    else if (this.#expiring.first !== undefined) {
      this.#wakeBy(nowMs, this.#expiring.first.deadlineMs!);
    }
  }
}

/** Counts the bytes of elements. */
function bytesOf(elements: readonly Value[]): number {
  let bytes = 0;
  for (const element of elements) bytes += element.length;
  return bytes;
}

/** What a write gives up elsewhere, and so needs no other room for. */
interface Freed {
  readonly source: Entry | undefined;
  readonly entries: number;
  readonly bytes: number;
}

const NOTHING: Freed = { source: undefined, entries: 0, bytes: 0 };

/** What `source` gives up with an element of `bytes` bytes; itself, where it is the last one. */
function freedBy(source: ArrayEntry, bytes: number): Freed {
  const isLast = source.content.length === 1;
  return { source, entries: isLast ? 1 : 0, bytes: bytes + (isLast ? source.key.length : 0) };
}
