/**
 * The store without its promises: what each call does to the pages in memory and the journal.
 *
 * Every call is check, find, decide, change. What can fail by the caller's doing, or for want of
 * room, fails before the first change. What fails later (a damaged page, a disk that cannot be
 * read) leaves a change half made in memory, and none on disk: the store above sees that something
 * was logged and gives up the file.
 */

import { type Clock, msUntil } from "../../internal/clock.ts";
import { sliceIndex } from "../../internal/slice_index.ts";
import type { Inspection } from "../../kv/call_types.ts";
import type { Decoder } from "../../kv/codec.ts";
import type { Value } from "../../kv/kv.ts";
import { addToNumber } from "../../kv/numbers.ts";
import type { End, StoreMove, StorePut } from "../../kv/store.ts";
import type { FileParts } from "./file_parts.ts";
import { AS_IT_IS, isPast, Keyspace } from "./keyspace.ts";
import { NIL, STRING } from "./layout.ts";
import type { Records } from "./records.ts";

/** What a pop returns where there is nothing: `null` may be what a codec makes of an element. */
export const NOTHING: unique symbol = Symbol("nothing");

/** What a scan of a bucket found. */
export interface Scanned {
  /** Where to go on: `HASH_END` after the last bucket. */
  readonly nextHash: number;
  readonly keys: readonly string[];
}

/** What a sweep of a bucket did. */
export interface Swept {
  /** Where to go on: in this bucket if it has more to free, else the first hash after it. */
  readonly nextHash: number;
  /** The earliest deadline of the keys that are left, or `Infinity`. */
  readonly dueMs: number;
  /** Of the keys that were looked at, the part that is not past its deadline: 0 to 1. */
  readonly livingShare: number;
}

/** The operations of a file store. */
export class Engine {
  readonly #parts: FileParts;
  readonly #records: Records;
  readonly #clock: Clock;
  readonly #keys: Keyspace;

  constructor(parts: FileParts, clock: Clock) {
    this.#parts = parts;
    this.#records = parts.records;
    this.#clock = clock;
    this.#keys = new Keyspace(parts, clock);
  }

  get<T>(key: string, decoder: Decoder<T>): T | typeof NOTHING {
    if (!this.#keys.findString(key, "get")) return NOTHING;
    return this.#records.readValue(decoder);
  }

  has(key: string): boolean {
    return this.#keys.find(key);
  }

  inspect(key: string): Inspection | null {
    if (!this.#keys.find(key)) return null;
    const { kind, length, deadlineMs } = this.#records;
    const expiresIn = deadlineMs > 0 ? msUntil(deadlineMs, this.#clock.now()) : null;
    return { type: kind === STRING ? "string" : "array", length, expiresIn };
  }

  put(key: string, value: Value, { expireIn, ifAbsent, keepTtl }: StorePut): boolean {
    const isThere = this.#keys.find(key);
    if (isThere && ifAbsent) return false;
    let deadlineMs = 0;
    if (expireIn > 0) deadlineMs = this.#clock.now() + expireIn;
    else if (keepTtl && isThere) deadlineMs = this.#records.deadlineMs;
    this.#keys.write(this.#records.encode(value), deadlineMs);
    return true;
  }

  fetchRemove<T>(key: string, decoder: Decoder<T>): T | typeof NOTHING {
    if (!this.#keys.findString(key, "fetchRemove")) return NOTHING;
    const value = this.#records.readValue(decoder);
    this.#keys.removeFound();
    return value;
  }

  remove(key: string): boolean {
    const isThere = this.#keys.find(key) && this.#records.kind === STRING;
    if (isThere) this.#keys.removeFound();
    return isThere;
  }

  delete(key: string): boolean {
    const isThere = this.#keys.find(key);
    if (isThere) this.#keys.removeFound();
    return isThere;
  }

  increment(key: string, by: number): number {
    const isThere = this.#keys.findString(key, "increment");
    const sum = addToNumber(key, isThere ? this.#records.readValue(AS_IT_IS) : "0", by);
    const deadlineMs = isThere ? this.#records.deadlineMs : 0;
    this.#keys.write(this.#records.encode(String(sum)), deadlineMs);
    return sum;
  }

  putIfEqual(key: string, expected: Value, value: Value): boolean {
    if (!this.#keys.isEqual(key, expected, "putIfEqual")) return false;
    this.#keys.write(this.#records.encode(value), 0);
    return true;
  }

  removeIfEqual(key: string, expected: Value): boolean {
    const isEqual = this.#keys.isEqual(key, expected, "removeIfEqual");
    if (isEqual) this.#keys.removeFound();
    return isEqual;
  }

  touch(key: string, expireIn: number): boolean {
    const isThere = this.#keys.find(key);
    if (isThere) this.#keys.setDeadline(this.#clock.now() + expireIn);
    return isThere;
  }

  persist(key: string): boolean {
    const hasDeadline = this.#keys.find(key) && this.#records.deadlineMs > 0;
    if (hasDeadline) this.#keys.setDeadline(0);
    return hasDeadline;
  }

  push(key: string, values: readonly Value[], end: End): number {
    const { lists, root } = this.#parts;
    this.#keys.findList(key, end === "last" ? "append to" : "prepend to");
    this.#keys.reserveElements(values);
    this.#keys.dropExpired();
    if (this.#keys.isMissing) this.#keys.createList();
    for (const value of values) {
      const encoded = this.#records.encode(value);
      lists.push(encoded, end);
      root.bytes += encoded.length;
    }
    return this.#records.length;
  }

  pop<T>(key: string, end: End, decoder: Decoder<T>): T | typeof NOTHING {
    const { lists, root } = this.#parts;
    if (!this.#keys.findList(key, "pop from")) return NOTHING;
    const value = lists.read(lists.at(end), decoder);
    const address = lists.unlink(end);
    root.bytes -= lists.elementBytes(address);
    lists.free(address);
    if (this.#records.length === 0) this.#keys.removeFound();
    return value;
  }

  move<T>(from: string, to: string, move: StoreMove, decoder: Decoder<T>): T | typeof NOTHING {
    const { lists, root } = this.#parts;
    if (!this.#keys.findList(from, "move from")) return NOTHING;
    const value = lists.read(lists.at(move.take), decoder);
    // Onto itself, a list must not vanish with its only element, for its expiry would go too.
    if (from === to && this.#records.length === 1) return value;
    const { nowMs } = this.#keys;
    this.#keys.findList(to, "move to", nowMs);
    this.#keys.reserveElements([]);
    this.#keys.dropExpired();
    this.#keys.find(from, nowMs);
    const address = lists.unlink(move.take);
    const bytes = lists.elementBytes(address);
    root.bytes -= bytes;
    if (this.#records.length === 0) this.#keys.removeFound();
    if (!this.#keys.findToChange(to, nowMs)) this.#keys.createList();
    lists.link(address, move.put);
    root.bytes += bytes;
    return value;
  }

  length(key: string): number {
    return this.#keys.findList(key, "tell the length of") ? this.#records.length : 0;
  }

  range<T>(key: string, start: number, end: number, decoder: Decoder<T>): T[] {
    if (!this.#keys.findList(key, "read a range of")) return [];
    const { length } = this.#records;
    const first = sliceIndex(start, length);
    const stop = sliceIndex(end, length);
    return first < stop ? this.#parts.lists.range(first, stop, decoder) : [];
  }

  /** Lists the keys of one bucket that begin with `prefix`, from a hash on. */
  scan(hash: number, prefix: string): Scanned {
    const records = this.#records;
    const nowMs = this.#clock.now();
    const keys: string[] = [];
    const nextHash = this.#parts.table.visit(hash, (address) => {
      records.open(address);
      if (isPast(records.deadlineMs, nowMs)) return;
      const key = records.readKey();
      if (key.startsWith(prefix)) keys.push(key);
    });
    return { nextHash, keys };
  }

  /** Tells whether `key` is there and holds a string. */
  holdsString(key: string): boolean {
    return this.#keys.find(key) && this.#records.kind === STRING;
  }

  /** How many keys have a deadline. */
  get expiringCount(): number {
    return this.#parts.root.expiring;
  }

  /** How many bytes were logged since the journal was last handed to the kernel. */
  get pendingBytes(): number {
    return this.#parts.journal.pendingBytes;
  }

  /** Frees keys past their deadline, of the bucket of a hash, until `isSpent` says so. */
  sweep(hash: number, isSpent: () => boolean): Swept {
    const { table } = this.#parts;
    const records = this.#records;
    const nowMs = this.#clock.now();
    const expired: number[] = [];
    let dueMs = Infinity;
    let lookedAt = 0;
    const nextHash = table.visit(hash, (address) => {
      lookedAt++;
      records.open(address);
      if (records.deadlineMs === 0) return;
      if (records.deadlineMs > nowMs) dueMs = Math.min(dueMs, records.deadlineMs);
      else expired.push(address);
    });
    const livingShare = lookedAt === 0 ? 1 : 1 - expired.length / lookedAt;
    for (const address of expired) {
      if (isSpent()) return { nextHash: hash, dueMs, livingShare };
      this.#keys.findAt(address);
      this.#keys.removeFound();
    }
    return { nextHash, dueMs, livingShare };
  }

  /** Whether lists were deleted whose elements are not freed. */
  get hasGarbage(): boolean {
    return this.#parts.root.garbage !== NIL;
  }

  /** Frees elements of lists that were deleted, until `isSpent` says so. */
  collect(isSpent: () => boolean): void {
    const { lists, root } = this.#parts;
    let address = root.garbage;
    while (address !== NIL && !isSpent()) {
      const next = lists.next(address);
      lists.free(address);
      address = next;
    }
    root.garbage = address;
  }
}
