/**
 * What the memory store holds: strings and arrays by key, within their limits and their time.
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
 */

import { assert } from "../../internal/assert.ts";
import { type Clock, msUntil } from "../../internal/clock.ts";
import { LinkedList } from "../../internal/linked_list.ts";
import { KvError, show } from "../../kv/errors.ts";
import type { Value } from "../../kv/kv.ts";
import { type Clearing, Clearings } from "./clearings.ts";
import { ArrayEntry, deadlineOf, Entry, type KeyEntry, type Slot, StringEntry } from "./entry.ts";
import { ExpiryHeap } from "./expiry_heap.ts";
import { KeyTable } from "./key_table.ts";
import { RecentArrays } from "./recent_arrays.ts";
import { bytesAt, bytesOf, type Freed, freedBy, NOTHING } from "./sizes.ts";

/** Bounds of a memory store; `undefined` for none. */
export interface MemoryLimits {
  readonly maxEntries: number | undefined;
  readonly maxBytes: number | undefined;
}

/** The dead that a write with a deadline removes: more than the one that it may add. */
const SWEEP_A_WRITE = 2;
/** The dead that the timer removes at a time: 1 to 2 ms of work. */
const SWEEP_A_SLICE = 1_000;
/** How long the dead may stay before the timer comes for them, and between its slices. */
const SWEEP_LAG_MS = 1_000;
const SWEEP_PAUSE_MS = 1;

/** Keys and what stands at them. */
export class Space {
  readonly #clock: Clock;
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #byKey = new KeyTable<Slot>();
  readonly #recent = new RecentArrays();
  #expiring = new ExpiryHeap();
  /** Strings by last use, the one unused for longest first; `null` in an unbounded store. */
  #byUse: LinkedList<StringEntry> | null;
  readonly #clearings = new Clearings();
  #bytes = 0;
  #arrayCount = 0;
  #arrayBytes = 0;
  #evictions = 0;
  #wakesMs = Infinity;
  #cancelTimer: (() => void) | null = null;

  constructor({ maxEntries, maxBytes }: MemoryLimits, clock: Clock) {
    this.#clock = clock;
    this.#maxEntries = maxEntries ?? Infinity;
    this.#maxBytes = maxBytes ?? Infinity;
    const isBounded = maxEntries !== undefined || maxBytes !== undefined;
    this.#byUse = isBounded ? new LinkedList() : null;
  }

  /** Keys in the table, the dead and the cleared that are still there included. */
  get size(): number {
    return this.#byKey.size;
  }

  /** Bytes of these keys and of what stands at them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Strings evicted so far. */
  get evictions(): number {
    return this.#evictions;
  }

  /** Finds what stands at `key`, and counts it as used. */
  find(key: string): Slot | undefined {
    const slot = this.#lookUp(key);
    if (slot === undefined) return undefined;
    const mayBeGone = slot instanceof Entry && slot.deadlineMs !== null || !this.#clearings.isEmpty;
    if (mayBeGone && !this.#isLive(key, slot)) {
      this.#removeGone(key, slot);
      return undefined;
    }
    if (this.#byUse !== null && slot instanceof StringEntry) {
      this.#byUse.remove(slot);
      this.#byUse.pushLast(slot);
    }
    return slot;
  }

  /**
   * Puts a string at `key`, where `slot` is found or nothing.
   *
   * @param expireIn Milliseconds from now; 0 for never, `null` to keep the deadline there is.
   * @throws {KvError} `full`: nothing changed.
   */
  put(key: string, slot: Slot | undefined, value: Value, expireIn: number | null): void {
    const bytes = key.length + value.length;
    this.#makeRoom(key, slot, bytes, NOTHING);
    if (slot instanceof StringEntry) {
      this.#bytes += value.length - slot.value.length;
      slot.value = value;
      if (expireIn !== null) this.#expire(slot, expireIn);
      return;
    }
    const deadlineMs = expireIn === null && slot !== undefined ? deadlineOf(slot) : null;
    if (slot !== undefined) this.#leave(key, slot);
    if (this.#byUse === null && deadlineMs === null && (expireIn ?? 0) === 0) {
      this.#set(key, value, slot === undefined);
      this.#bytes += bytes;
      return;
    }
    const entry = new StringEntry(key, value);
    this.#set(key, entry, slot === undefined);
    this.#bytes += bytes;
    this.#byUse?.pushLast(entry);
    if (deadlineMs !== null) this.#expiring.setDeadline(entry, deadlineMs);
    else if (expireIn !== null) this.#expire(entry, expireIn);
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
    entry: ArrayEntry | undefined,
    elements: readonly Value[],
    source?: ArrayEntry,
  ): void {
    // An unbounded store has room for elements, and only a new key is to be counted.
    if (this.#byUse === null && entry !== undefined) return;
    const bytes = bytesOf(elements);
    const freed = source === undefined ? NOTHING : freedBy(source, bytes);
    this.#makeRoom(key, entry, (entry?.bytes ?? key.length) + bytes, freed);
  }

  /** Puts a new array at `key`, where nothing is found and room is reserved. */
  putArray(key: string): ArrayEntry {
    const entry = new ArrayEntry(key);
    this.#set(key, entry, true);
    this.#arrayCount++;
    this.#arrayBytes += entry.bytes;
    this.#bytes += entry.bytes;
    return entry;
  }

  /** Counts the bytes of an element that was added to the array of `entry` or taken off. */
  resize(entry: ArrayEntry, bytes: number): void {
    entry.bytes += bytes;
    this.#bytes += bytes;
    this.#arrayBytes += bytes;
  }

  /** Has what stands at `key` expire in `expireIn` milliseconds; 0 for never. */
  expire(key: string, slot: Slot, expireIn: number): void {
    if (slot instanceof Entry) return this.#expire(slot, expireIn);
    if (expireIn === 0) return;
    const entry = new StringEntry(key, slot);
    this.#byKey.set(key, entry);
    this.#expire(entry, expireIn);
  }

  /** Milliseconds until `slot`, which is alive, expires; `null` if never. */
  expiresIn(slot: Slot): number | null {
    const deadlineMs = deadlineOf(slot);
    return deadlineMs === null ? null : msUntil(deadlineMs, this.#clock.now());
  }

  /** Removes `key` and `slot`, which stands there. */
  remove(key: string, slot: Slot): void {
    this.#byKey.delete(key);
    this.#leave(key, slot);
  }

  /**
   * Walks over what is there. A key that is there from start to end comes once; one that is put or
   * removed meanwhile may be left out. Yields `null` for what is dead or cleared, so that each step
   * is a little work.
   */
  *slots(): Generator<[string, Slot] | null, undefined> {
    for (const found of this.#byKey.entries()) yield this.#isLive(...found) ? found : null;
  }

  /** From now on, no key of `prefix` is found that is here now. */
  startClearing(prefix: string): Clearing {
    return this.#clearings.start(prefix, (clearing) => this.#clear(clearing));
  }

  /** Forgets everything, and the timer. */
  close(): void {
    this.#cancelTimer?.();
    this.#byKey.clear();
    this.#recent.clear();
    this.#expiring = new ExpiryHeap();
    if (this.#byUse !== null) this.#byUse = new LinkedList();
  }

  #lookUp(key: string): Slot | undefined {
    const recent = this.#arrayCount === 0 ? undefined : this.#recent.find(key);
    if (recent !== undefined) return recent;
    const slot = this.#byKey.get(key);
    if (slot instanceof ArrayEntry) this.#recent.add(slot);
    return slot;
  }

  /** Tells whether `slot`, which stands at `key`, is neither past its deadline nor cleared. */
  #isLive(key: string, slot: Slot): boolean {
    return !this.#isDead(slot) &&
      (this.#clearings.isEmpty || this.#clearings.covering(key) === undefined);
  }

  #isDead(slot: Slot): boolean {
    const deadlineMs = deadlineOf(slot);
    return deadlineMs !== null && deadlineMs <= this.#clock.now();
  }

  /** Removes an entry; one that a clearing covers, and that was cleared in time, counts for it. */
  #removeGone(key: string, slot: Slot): void {
    const clearing = this.#clearings.covering(key);
    if (clearing !== undefined && !this.#isDead(slot)) clearing.count++;
    this.remove(key, slot);
  }

  *#clear(clearing: Clearing): Generator<void, undefined> {
    try {
      for (const [key, slot] of this.#byKey.entries()) {
        const isMeant = key.startsWith(clearing.prefix);
        if (isMeant && this.#clearings.covering(key) === clearing) this.#removeGone(key, slot);
        yield;
      }
    } finally {
      this.#clearings.end(clearing);
    }
  }

  /** Removes the dead, what is cleared, then strings, until `key` may stand for `bytes` bytes. */
  #makeRoom(key: string, slot: Slot | undefined, bytes: number, freed: Freed): void {
    const maxEntries = this.#maxEntries + freed.entries;
    const maxBytes = this.#maxBytes + freed.bytes;
    const moreEntries = slot === undefined ? 1 : 0;
    const moreBytes = bytes - (slot === undefined ? 0 : bytesAt(key, slot));
    while (this.size + moreEntries > maxEntries || this.#bytes + moreBytes > maxBytes) {
      const dead = this.#expiring.first;
      if (dead !== undefined && dead !== slot && dead !== freed.source && this.#isDead(dead)) {
        this.remove(dead.key, dead);
        continue;
      }
      // What is cleared is gone for who looks, and must take no room from who writes.
      const clearing = this.#clearings.first;
      if (clearing !== undefined) {
        clearing.walk.next();
        continue;
      }
      // Arrays are never evicted, and neither is what is written now: it was used last.
      const isCounted = slot instanceof ArrayEntry;
      const arrayCount = this.#arrayCount + (isCounted ? 0 : 1);
      const arrayBytes = this.#arrayBytes + (isCounted ? moreBytes : bytes);
      if (this.#byUse === null || arrayCount > maxEntries || arrayBytes > maxBytes) {
        throw fullError(key);
      }
      const unused = this.#byUse.first!;
      assert(unused !== slot);
      if (this.#isLive(unused.key, unused)) this.#evictions++;
      this.#removeGone(unused.key, unused);
    }
  }

  /** Sets what stands at `key`. */
  #set(key: string, slot: Slot, isNew: boolean): void {
    this.#byKey.set(key, slot);
    if (isNew && !this.#clearings.isEmpty) this.#clearings.spare(key);
  }

  /** Takes back all that `slot` counts for, as it leaves the table. */
  #leave(key: string, slot: Slot): void {
    this.#bytes -= bytesAt(key, slot);
    if (!(slot instanceof Entry)) return;
    if (slot.deadlineMs !== null) this.#expiring.setDeadline(slot, null);
    if (slot instanceof ArrayEntry) {
      this.#arrayCount--;
      this.#arrayBytes -= slot.bytes;
      this.#recent.remove(slot);
    } else this.#byUse?.remove(slot);
  }

  #expire(entry: KeyEntry, expireIn: number): void {
    if (expireIn === 0) {
      if (entry.deadlineMs !== null) this.#expiring.setDeadline(entry, null);
      return;
    }
    const nowMs = this.#clock.now();
    const deadlineMs = nowMs + expireIn;
    this.#expiring.setDeadline(entry, deadlineMs);
    this.#sweep(nowMs, SWEEP_A_WRITE);
    this.#wakeBy(nowMs, deadlineMs);
  }

  /** Removes up to `limit` entries that are past their deadline, and says how many. */
  #sweep(nowMs: number, limit: number): number {
    for (let count = 0; count < limit; count++) {
      const entry = this.#expiring.first;
      if (entry === undefined || entry.deadlineMs! > nowMs) return count;
      this.remove(entry.key, entry);
    }
    return limit;
  }

  /** Has the timer come soon after `deadlineMs`, unless it comes at about that time anyway. */
  #wakeBy(nowMs: number, deadlineMs: number): void {
    // One that should have come long ago was set before the clock was put forward.
    const isSoon = this.#wakesMs <= deadlineMs + 2 * SWEEP_LAG_MS;
    if (isSoon && this.#wakesMs > nowMs - SWEEP_LAG_MS) return;
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

/** The error of a write that has no room. */
function fullError(key: string): KvError {
  const found = "maxEntries or maxBytes leaves no room for it";
  return new KvError("full", `Cannot store ${show(key)} in memory: ${found}`);
}
