/**
 * The store without its promises: what each call does to the pages in memory and the journal.
 *
 * Every call is check, find, decide, change. What can fail by the caller's doing, or for want of
 * room, fails before the first change. What fails later (a damaged page, a disk that cannot be read)
 * leaves a change half made in memory, and none on disk: the store above sees that something was
 * logged and gives up the file.
 */

import { byteLength, equalBytes } from "../../internal/bytes.ts";
import type { Clock } from "../../internal/clock.ts";
import { wrongType } from "../../kv/errors.ts";
import type { Inspection, Value } from "../../kv/kv.ts";
import { addToNumber } from "../../kv/numbers.ts";
import type { Decoder, End, StoreMove, StorePut } from "../../kv/store.ts";
import { runPages } from "./allocator.ts";
import type { FileParts } from "./file_parts.ts";
import {
  CELL_BYTES,
  CELL_BYTES_MAX,
  classFor,
  ELEMENT_HEAD_BYTES,
  LIST,
  LONG,
  NIL,
  PAGE_SUM_AT,
  RECORD,
  STRING,
  UNIT_BYTES,
} from "./layout.ts";
import { elementRunPages } from "./lists.ts";
import { type Encoded, Records } from "./records.ts";

/** What a pop returns where there is nothing: `null` may be what a codec makes of an element. */
export const NOTHING: unique symbol = Symbol("nothing");

/** A list with more elements is freed in the background when it is deleted. */
const FREED_AT_ONCE_MAX = 32;

const AS_IT_IS: Decoder<Value> = { decode: (bytes) => bytes, decodeText: (text) => text };

/** What a sweep of a bucket did. */
export interface Swept {
  readonly count: number;
  /** The first hash after the bucket. */
  readonly nextHash: number;
  /** The earliest deadline of the keys that are left, or `Infinity`. */
  readonly dueMs: number;
}

/** The operations of a file store. */
export class Engine {
  readonly #parts: FileParts;
  readonly #records: Records;
  readonly #clock: Clock;
  /** What `find` found: the hash of the key, and the address of its record or `NIL`. */
  #hash = 0;
  #address = NIL;

  constructor(parts: FileParts, clock: Clock) {
    this.#parts = parts;
    this.#records = parts.records;
    this.#clock = clock;
  }

  get<T>(key: string, decoder: Decoder<T>): T | typeof NOTHING {
    if (!this.#findString(key, "get")) return NOTHING;
    return this.#records.readValue(decoder);
  }

  has(key: string): boolean {
    return this.#find(key);
  }

  inspect(key: string): Inspection | null {
    if (!this.#find(key)) return null;
    const { kind, length, deadlineMs } = this.#records;
    const expiresIn = deadlineMs > 0 ? deadlineMs - this.#clock.now() : null;
    return { type: kind === STRING ? "string" : "array", length, expiresIn };
  }

  put(key: string, value: Value, { expireIn, ifAbsent, keepTtl }: StorePut): boolean {
    const isThere = this.#find(key);
    if (isThere && ifAbsent) return false;
    let deadlineMs = 0;
    if (expireIn > 0) deadlineMs = this.#clock.now() + expireIn;
    else if (keepTtl && isThere) deadlineMs = this.#records.deadlineMs;
    this.#write(this.#records.encode(value), deadlineMs);
    return true;
  }

  fetchRemove<T>(key: string, decoder: Decoder<T>): T | typeof NOTHING {
    if (!this.#findString(key, "fetchRemove")) return NOTHING;
    const value = this.#records.readValue(decoder);
    this.#removeFound();
    return value;
  }

  remove(key: string): boolean {
    const isThere = this.#find(key) && this.#records.kind === STRING;
    if (isThere) this.#removeFound();
    return isThere;
  }

  delete(key: string): boolean {
    const isThere = this.#find(key);
    if (isThere) this.#removeFound();
    return isThere;
  }

  increment(key: string, by: number): number {
    const isThere = this.#findString(key, "increment");
    const sum = addToNumber(key, isThere ? this.#records.readValue(AS_IT_IS) : "0", by);
    const deadlineMs = isThere ? this.#records.deadlineMs : 0;
    this.#write(this.#records.encode(String(sum)), deadlineMs);
    return sum;
  }

  putIfEqual(key: string, expected: Value, value: Value): boolean {
    if (!this.#isEqual(key, expected, "putIfEqual")) return false;
    this.#write(this.#records.encode(value), 0);
    return true;
  }

  removeIfEqual(key: string, expected: Value): boolean {
    const isEqual = this.#isEqual(key, expected, "removeIfEqual");
    if (isEqual) this.#removeFound();
    return isEqual;
  }

  touch(key: string, expireIn: number): boolean {
    const isThere = this.#find(key);
    if (isThere) this.#setDeadline(this.#clock.now() + expireIn);
    return isThere;
  }

  persist(key: string): boolean {
    const hasDeadline = this.#find(key) && this.#records.deadlineMs > 0;
    if (hasDeadline) this.#setDeadline(0);
    return hasDeadline;
  }

  push(key: string, values: readonly Value[], end: End): number {
    const { lists, root } = this.#parts;
    this.#findList(key, end === "last" ? "append to" : "prepend to");
    this.#reserveElements(values);
    this.#dropExpired();
    if (this.#address === NIL) this.#createList();
    for (const value of values) {
      const encoded = this.#records.encode(value);
      lists.push(encoded, end);
      root.bytes += encoded.length;
    }
    return this.#records.length;
  }

  pop<T>(key: string, end: End, decoder: Decoder<T>): T | typeof NOTHING {
    const { lists, root } = this.#parts;
    if (!this.#findList(key, "pop from")) return NOTHING;
    const value = lists.read(lists.at(end), decoder);
    const address = lists.unlink(end);
    root.bytes -= lists.elementBytes(address);
    lists.free(address);
    if (this.#records.length === 0) this.#removeFound();
    return value;
  }

  move<T>(from: string, to: string, move: StoreMove, decoder: Decoder<T>): T | typeof NOTHING {
    const { allocator, lists, root } = this.#parts;
    if (!this.#findList(from, "move from")) return NOTHING;
    const value = lists.read(lists.at(move.take), decoder);
    // Onto itself, a list must not vanish with its only element, for its expiry would go too.
    if (from === to && this.#records.length === 1) return value;
    this.#findList(to, "move to");
    this.#reserve(allocator.pagesFor(this.#listBytes()), 0);
    this.#dropExpired();
    this.#find(from);
    const address = lists.unlink(move.take);
    const bytes = lists.elementBytes(address);
    root.bytes -= bytes;
    if (this.#records.length === 0) this.#removeFound();
    if (!this.#findToChange(to)) this.#createList();
    lists.link(address, move.put);
    root.bytes += bytes;
    return value;
  }

  length(key: string): number {
    return this.#findList(key, "tell the length of") ? this.#records.length : 0;
  }

  range<T>(key: string, start: number, end: number, decoder: Decoder<T>): T[] {
    if (!this.#findList(key, "read a range of")) return [];
    const { length } = this.#records;
    const first = fromEnd(start, length);
    const stop = fromEnd(end, length);
    return first < stop ? this.#parts.lists.range(first, stop, decoder) : [];
  }

  /**
   * Lists the keys of one bucket that begin with `prefix`, from a hash on.
   *
   * @returns The hash to go on at: 2^HASH_BITS after the last bucket.
   */
  scan(hash: number, prefix: string, keys: string[]): number {
    const records = this.#records;
    const nowMs = this.#clock.now();
    return this.#parts.table.visit(hash, (address) => {
      records.open(address);
      if (isPast(records.deadlineMs, nowMs)) return;
      const key = records.readKey();
      if (key.startsWith(prefix)) keys.push(key);
    });
  }

  /** Tells whether `key` is there and holds a string. */
  holdsString(key: string): boolean {
    return this.#find(key) && this.#records.kind === STRING;
  }

  /** How many keys have a deadline. */
  get expiringCount(): number {
    return this.#parts.root.expiring;
  }

  /** Frees keys past their deadline: at most `countMax`, of the bucket of a hash. */
  sweep(hash: number, countMax: number): Swept {
    const { table } = this.#parts;
    const records = this.#records;
    const nowMs = this.#clock.now();
    const expired: number[] = [];
    let dueMs = Infinity;
    const nextHash = table.visit(hash, (address) => {
      records.open(address);
      if (records.deadlineMs === 0) return;
      if (records.deadlineMs > nowMs) dueMs = Math.min(dueMs, records.deadlineMs);
      else if (expired.length < countMax) expired.push(address);
    });
    for (const address of expired) {
      this.#hash = records.takeKeyOf(address);
      this.#address = table.find(this.#hash, (found) => found === address);
      records.open(address);
      this.#removeFound();
    }
    return { count: expired.length, nextHash, dueMs };
  }

  /** Frees elements of lists that were deleted; tells whether there are more. */
  collect(countMax: number): boolean {
    const { lists, root } = this.#parts;
    let address = root.garbage;
    if (address === NIL) return false;
    for (let count = 0; address !== NIL && count < countMax; count++) {
      const next = lists.next(address);
      lists.free(address);
      address = next;
    }
    root.garbage = address;
    return address !== NIL;
  }

  /** Looks for a key, and opens its record where it is there and not past its deadline. */
  #find(key: string): boolean {
    const records = this.#records;
    this.#hash = records.takeKey(key);
    this.#address = this.#parts.table.find(this.#hash, records.holdsKey);
    return this.#address !== NIL && !this.#isExpired();
  }

  #isExpired(): boolean {
    const { deadlineMs } = this.#records;
    return deadlineMs > 0 && isPast(deadlineMs, this.#clock.now());
  }

  /** Looks for a key, and removes what is there past its deadline. */
  #findToChange(key: string): boolean {
    const isThere = this.#find(key);
    this.#dropExpired();
    return isThere;
  }

  #dropExpired(): void {
    if (this.#address !== NIL && this.#isExpired()) this.#removeFound();
  }

  #findString(key: string, action: string): boolean {
    const isThere = this.#find(key);
    if (isThere && this.#records.kind !== STRING) throw wrongType(action, key, "an array");
    return isThere;
  }

  #findList(key: string, action: string): boolean {
    const isThere = this.#find(key);
    if (isThere && this.#records.kind !== LIST) throw wrongType(action, key, "a string");
    return isThere;
  }

  #isEqual(key: string, expected: Value, action: string): boolean {
    return this.#findString(key, action) &&
      equalBytes(this.#records.readValue(AS_IT_IS), expected);
  }

  /** Writes a string for the key in hand, in place of what `find` found. */
  #write(value: Encoded, deadlineMs: number): void {
    const { allocator, journal, pager, root } = this.#parts;
    const records = this.#records;
    const keyBytes = records.keyInHandBytes;
    const isLong = Records.isLong(keyBytes, value.length, deadlineMs);
    const bodyBytes = isLong ? RECORD.runBytes : value.length;
    const bytes = Records.bytesFor(keyBytes, bodyBytes, deadlineMs);
    if (this.#address !== NIL && !isLong && this.#fitsCell(bytes, deadlineMs)) {
      root.bytes += value.length - records.length;
      if (deadlineMs > 0) pager.setF64(records.frame, records.at + RECORD.headBytes, deadlineMs);
      records.rewrite(value);
      return;
    }
    this.#reserve(allocator.pagesFor(bytes), isLong ? runPages(value.length) : 0);
    if (this.#address !== NIL) this.#dropContent();
    const address = allocator.take(bytes);
    const run = isLong ? allocator.takeRun(value.bytes, value.length, address) : NIL;
    records.write(address, STRING, value.length, deadlineMs, isLong);
    const { frame, at, valueAt, bodyAt } = records;
    if (isLong) pager.setU32(frame, bodyAt, run);
    else pager.setBytes(frame, valueAt, value.bytes, 0, value.length);
    journal.log(frame, at, bytes);
    this.#enter(address, value.length);
  }

  /** Tells whether the open record can take a new value where it is, without much waste. */
  #fitsCell(bytes: number, deadlineMs: number): boolean {
    const { kind, flags, deadlineMs: oldDeadlineMs, frame } = this.#records;
    if (kind !== STRING || (flags & LONG) !== 0) return false;
    if (deadlineMs > 0 !== oldDeadlineMs > 0) return false;
    const room = this.#parts.allocator.cellBytesOf(frame);
    return bytes <= room && (bytes * 4 >= room * 3 || room === CELL_BYTES[classFor(bytes)]);
  }

  /** Enters the record just written in the table, in place of what `find` found. */
  #enter(address: number, valueBytes: number): void {
    const { root, table } = this.#parts;
    if (this.#address === NIL) table.insert(this.#hash, address);
    else table.replace(this.#hash, address);
    this.#address = address;
    root.entries++;
    root.bytes += this.#records.keyBytes + valueBytes;
    if (this.#records.deadlineMs > 0) root.expiring++;
  }

  /** Frees the record that `find` found and all it holds, but not its slot in the table. */
  #dropContent(): void {
    const { allocator, lists, pager, root } = this.#parts;
    const { kind, flags, frame, bodyAt, length, keyBytes, deadlineMs } = this.#records;
    let bytes = length;
    if (kind === LIST) {
      bytes = lists.bytes;
      this.#dropElements();
    } else if ((flags & LONG) !== 0) {
      allocator.freeRun(pager.u32(frame, bodyAt), length);
    }
    allocator.free(this.#address);
    root.entries--;
    root.bytes -= keyBytes + bytes;
    if (deadlineMs > 0) root.expiring--;
  }

  #dropElements(): void {
    const { lists, root } = this.#parts;
    const { length } = this.#records;
    let address = lists.at("first");
    if (length > FREED_AT_ONCE_MAX) {
      lists.setNext(lists.at("last"), root.garbage);
      root.garbage = address;
      return;
    }
    for (let i = 0; i < length; i++) {
      const next = lists.next(address);
      lists.free(address);
      address = next;
    }
  }

  /** Removes the record that `find` found, and all it holds. */
  #removeFound(): void {
    this.#dropContent();
    this.#parts.table.remove();
    this.#address = NIL;
  }

  /** Makes an empty list for the key in hand, which has none. */
  #createList(): void {
    const { allocator, journal, lists } = this.#parts;
    const records = this.#records;
    const bytes = this.#listBytes();
    const address = allocator.take(bytes);
    records.write(address, LIST, 0, 0, false);
    lists.begin();
    journal.log(records.frame, records.at, bytes);
    this.#enter(address, 0);
  }

  /** Bytes of the record of a list without a deadline, for the key in hand. */
  #listBytes(): number {
    return Records.bytesFor(this.#records.keyInHandBytes, RECORD.linksBytes, 0);
  }

  /**
   * Sees to it that there is room for cells and a run, and for the key that `find` missed.
   *
   * @throws {KvError} `full`: nothing has changed.
   */
  #reserve(cellPages: number, run: number): void {
    const { map, table } = this.#parts;
    const isNew = this.#address === NIL;
    map.reserve(
      cellPages + (isNew ? table.insertPages : 0),
      run + (isNew ? table.insertRun : 0),
    );
  }

  #reserveElements(values: readonly Value[]): void {
    const { allocator } = this.#parts;
    const listPages = this.#address === NIL ? allocator.pagesFor(this.#listBytes()) : 0;
    let run = 0;
    let cellBytes = 0;
    for (const value of values) {
      const bytes = byteLength(value);
      const runPages = elementRunPages(bytes);
      run += runPages;
      cellBytes += ELEMENT_HEAD_BYTES + (runPages > 0 ? RECORD.runBytes : bytes);
    }
    // Of many cells the classes are not looked at: a page holds at least half its bytes.
    const pages = values.length === 1
      ? allocator.pagesFor(cellBytes)
      : Math.ceil((2 * cellBytes + values.length * UNIT_BYTES) / PAGE_SUM_AT) + 1;
    this.#reserve(listPages + pages, run);
  }

  /** Gives the open record another deadline, or none if it is 0. */
  #setDeadline(deadlineMs: number): void {
    const { allocator, journal, lists, map, pager, root, table } = this.#parts;
    const records = this.#records;
    const deadlineAt = records.at + RECORD.headBytes;
    if (deadlineMs > 0 && records.deadlineMs > 0) {
      pager.setF64(records.frame, deadlineAt, deadlineMs);
      journal.log(records.frame, deadlineAt, RECORD.deadlineBytes);
      return;
    }
    const { kind, flags, frame, length, bodyAt, valueAt } = records;
    const isInline = kind === STRING && (flags & LONG) === 0;
    const start = pager.start(frame);
    const rest = pager.slab(frame).slice(
      start + bodyAt,
      start + valueAt + (isInline ? length : 0),
    );
    const bytes = Records.bytesFor(0, rest.length, deadlineMs);
    if (bytes > CELL_BYTES_MAX) {
      // The deadline no longer fits beside the value, which must have pages of its own now.
      const value = records.readValue({ decode: (bytes) => bytes });
      this.#write({ bytes: value, length: value.length }, deadlineMs);
      return;
    }
    map.reserve(allocator.pagesFor(bytes), 0);
    allocator.free(this.#address);
    const address = allocator.take(bytes);
    records.write(address, kind, length, deadlineMs, (flags & LONG) !== 0);
    pager.setBytes(records.frame, records.bodyAt, rest, 0, rest.length);
    journal.log(records.frame, records.at, bytes);
    table.replace(this.#hash, address);
    if (kind === LIST) lists.adopt();
    else if (!isInline) allocator.setOwner(pager.u32(records.frame, records.bodyAt), address);
    root.expiring += deadlineMs > 0 ? 1 : -1;
  }
}

function isPast(deadlineMs: number, nowMs: number): boolean {
  return deadlineMs > 0 && deadlineMs <= nowMs;
}

/** An index of `Array#slice` as one from 0 to `length`. */
function fromEnd(index: number, length: number): number {
  return index < 0 ? Math.max(index + length, 0) : Math.min(index, length);
}
