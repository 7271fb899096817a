/**
 * The keys of a file: finding the record of one, entering, replacing and removing it.
 *
 * `find` comes first; the others mean what it found, and the key that it took in hand. What has to
 * fail for want of room fails in `reserve`, before anything changes.
 */

import { Buffer } from "node:buffer";
import { equalBytes } from "../../internal/bytes.ts";
import type { Clock } from "../../internal/clock.ts";
import type { Decoder } from "../../kv/codec.ts";
import { KvError, wrongTypeError } from "../../kv/errors.ts";
import type { Value } from "../../kv/kv.ts";
import type { FileParts } from "./file_parts.ts";
import {
  CELL_BYTES,
  CELL_BYTES_MAX,
  classFor,
  LIST,
  LONG,
  NIL,
  PAGE_SUM_AT,
  RECORD,
  runPages,
  STRING,
  UNIT_BYTES,
} from "./layout.ts";
import { elementCellBytes, elementRunPages } from "./lists.ts";
import { type Encoded, Records } from "./records.ts";

/** A record has four bytes for the length of a list. */
const ELEMENTS_MAX = 2 ** 32 - 1;
/** A list with more elements, or more bytes of them, is freed in the background when it goes. */
const FREED_AT_ONCE_MAX = 32;
const FREED_BYTES_MAX = 2 ** 20;

/** Reads a value as it is kept. */
export const AS_IT_IS: Decoder<Value> = { decode: (bytes) => bytes, decodeText: (text) => text };

/** Tells whether a deadline has passed; 0 is none. */
export function isPast(deadlineMs: number, nowMs: number): boolean {
  return deadlineMs > 0 && deadlineMs <= nowMs;
}

/** The keys of a file. */
export class Keyspace {
  readonly #parts: FileParts;
  readonly #records: Records;
  readonly #clock: Clock;
  /** What `find` found: the hash of the key, and the address of its record or `NIL`. */
  #hash = 0;
  #address = NIL;
  /**
   * The time of the call, 0 until a deadline asks for it: most keys have none. A key that was found
   * alive stays so until the call ends.
   */
  #nowMs = 0;

  constructor(parts: FileParts, clock: Clock) {
    this.#parts = parts;
    this.#records = parts.records;
    this.#clock = clock;
  }

  /** The time of the call: for further keys that it looks for. */
  get nowMs(): number {
    if (this.#nowMs === 0) this.#nowMs = this.#clock.now();
    return this.#nowMs;
  }

  /** Whether `find` found nothing, not even a record past its deadline. */
  get isMissing(): boolean {
    return this.#address === NIL;
  }

  /** Finds the record at an address, of whatever key. */
  findAt(address: number): void {
    this.#hash = this.#records.takeKeyOf(address);
    this.#address = this.#parts.table.find(this.#hash, (found) => found === address);
    this.#records.open(address);
  }

  /**
   * Looks for a key, and opens its record where it is there and not past its deadline.
   *
   * @param nowMs The time of the call, where it has looked for a key before.
   */
  find(key: string, nowMs = 0): boolean {
    const records = this.#records;
    this.#nowMs = nowMs;
    this.#hash = records.takeKey(key);
    this.#address = this.#parts.table.find(this.#hash, records.holdsKey);
    return this.#address !== NIL && !this.#isExpired();
  }

  /** Looks for a key, and removes what is there past its deadline. */
  findToChange(key: string, nowMs: number): boolean {
    const isThere = this.find(key, nowMs);
    this.dropExpired();
    return isThere;
  }

  /** Removes what `find` found past its deadline. */
  dropExpired(): void {
    if (this.#address !== NIL && this.#isExpired()) this.removeFound();
  }

  /** Looks for a key that must not hold a list. */
  findString(key: string, action: string): boolean {
    const isThere = this.find(key);
    if (isThere && this.#records.kind !== STRING) throw wrongTypeError(action, key, "an array");
    return isThere;
  }

  /** Looks for a key that must not hold a string. */
  findList(key: string, action: string, nowMs?: number): boolean {
    const isThere = this.find(key, nowMs);
    if (isThere && this.#records.kind !== LIST) throw wrongTypeError(action, key, "a string");
    return isThere;
  }

  /** Looks for a string, and tells whether it is the one that is expected. */
  isEqual(key: string, expected: Value, action: string): boolean {
    return this.findString(key, action) &&
      equalBytes(this.#records.readValue(AS_IT_IS), expected);
  }

  /** Writes a string for the key in hand, in place of what `find` found. */
  write(value: Encoded, deadlineMs: number): void {
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

  /** Removes the record that `find` found, and all it holds. */
  removeFound(): void {
    this.#dropContent();
    this.#parts.table.remove();
    this.#address = NIL;
  }

  /** Makes an empty list for the key in hand, which has none. */
  createList(): void {
    const { allocator, journal, lists } = this.#parts;
    const records = this.#records;
    const bytes = this.#listBytes();
    const address = allocator.take(bytes);
    records.write(address, LIST, 0, 0, false);
    lists.begin();
    journal.log(records.frame, records.at, bytes);
    this.#enter(address, 0);
  }

  /**
   * Sees to it that there is room for elements, and for the list that `find` missed. Without values
   * it is for one that moves, and has its cell.
   */
  reserveElements(values: readonly Value[]): void {
    const { allocator } = this.#parts;
    const isNew = this.#isNew();
    if (!isNew && this.#records.length + Math.max(values.length, 1) > ELEMENTS_MAX) {
      throw new KvError("full", `Cannot add to an array: it has ${ELEMENTS_MAX} elements at most`);
    }
    let run = 0;
    let cellBytes = isNew ? this.#listBytes() : 0;
    for (const value of values) {
      // Five times as fast as a loop over the characters.
      const bytes = Buffer.byteLength(value);
      run += elementRunPages(bytes);
      cellBytes += elementCellBytes(bytes);
    }
    const cells = values.length + (isNew ? 1 : 0);
    // Of many cells the classes are not looked at: a full page holds at least half its bytes, less
    // a unit a cell, and each class may begin one.
    const pages = cells > 1
      ? Math.ceil(2 * (cellBytes + cells * UNIT_BYTES) / PAGE_SUM_AT) +
        Math.min(cells, CELL_BYTES.length)
      : cells * allocator.pagesFor(cellBytes);
    this.#reserve(pages, run);
  }

  /** Gives the open record another deadline, or none if it is 0. */
  setDeadline(deadlineMs: number): void {
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
      this.write({ bytes: value, length: value.length }, deadlineMs);
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

  #isNew(): boolean {
    return this.#address === NIL || this.#isExpired();
  }

  #isExpired(): boolean {
    const { deadlineMs } = this.#records;
    // Without a deadline the clock need not be asked, which `nowMs` does.
    return deadlineMs > 0 && isPast(deadlineMs, this.nowMs);
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
    if (length > FREED_AT_ONCE_MAX || lists.bytes > FREED_BYTES_MAX) {
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
    const isNew = this.#isNew();
    map.reserve(
      cellPages + (isNew ? table.insertPages : 0),
      run + (isNew ? table.insertRun : 0),
    );
  }
}
