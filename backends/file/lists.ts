/**
 * Lists: arrays as doubly-linked elements, each in a cell of its own.
 *
 * The record of the key has the addresses of the first and the last element, each element those of
 * its neighbours (at the ends: of the record), so taking, adding and moving at the ends touch two
 * cells whatever the length. An element that moves to another list keeps its cell.
 *
 * All calls mean the list whose record is open in `records`.
 */

import type { Decoder } from "../../kv/codec.ts";
import { KvCorruptError } from "../../kv/errors.ts";
import type { End } from "../../kv/store.ts";
import type { Allocator } from "./allocator.ts";
import type { Journal } from "./journal.ts";
import {
  ADDRESS,
  addressOf,
  CELL_BYTES_MAX,
  ELEMENT,
  LONG,
  NIL,
  offsetOf,
  pageOf,
  placeOf,
  RECORD,
  runPages,
  unitOf,
} from "./layout.ts";
import type { Pager } from "./pager.ts";
import type { Encoded, Records } from "./records.ts";

/** How often a walk lets pages go. */
const STEPS_A_TRIM = 64;

/** Tells whether an element is too long for a cell. */
function isLongElement(bytes: number): boolean {
  return RECORD.elementHeadBytes + bytes > CELL_BYTES_MAX;
}

/** Counts the bytes of the cell that an element takes. */
export function elementCellBytes(bytes: number): number {
  return RECORD.elementHeadBytes + (isLongElement(bytes) ? RECORD.runBytes : bytes);
}

/** Counts the pages that an element takes besides its cell. */
export function elementRunPages(bytes: number): number {
  return isLongElement(bytes) ? runPages(bytes) : 0;
}

/** The lists of a file. */
export class Lists {
  readonly #pager: Pager;
  readonly #journal: Journal;
  readonly #allocator: Allocator;
  readonly #records: Records;

  constructor(pager: Pager, journal: Journal, allocator: Allocator, records: Records) {
    this.#pager = pager;
    this.#journal = journal;
    this.#allocator = allocator;
    this.#records = records;
  }

  /** Bytes of all elements of the list. */
  get bytes(): number {
    return this.#pager.f64(this.#records.frame, this.#records.bodyAt + RECORD.bytesAt);
  }

  /** Makes the record that was just written one of an empty list. Not logged yet. */
  begin(): void {
    const { frame, bodyAt } = this.#records;
    this.#writeAddress(frame, bodyAt, NIL);
    this.#writeAddress(frame, bodyAt + RECORD.lastAt, NIL);
    this.#pager.setF64(frame, bodyAt + RECORD.bytesAt, 0);
  }

  /** Gives the first or the last element, or `NIL`. */
  at(end: End): number {
    const { frame, bodyAt } = this.#records;
    return this.#readAddress(frame, bodyAt + edgeAt(end));
  }

  /** Adds a value at an end. */
  push(value: Encoded, end: End): void {
    const address = this.#takeElement(value);
    this.#linkIn(address, end, value.length, elementCellBytes(value.length));
  }

  /** Reads the element at an address, by a codec. */
  read<T>(address: number, decoder: Decoder<T>): T {
    return this.#records.readElement(this.#elementFrame(address), placeOf(address), decoder);
  }

  /** Takes the element at an end out of the list; it is still a cell. Returns its address. */
  unlink(end: End): number {
    const address = this.at(end);
    const { frame: listFrame, bodyAt } = this.#records;
    const frame = this.#elementFrame(address);
    const at = placeOf(address);
    const next = this.#readAddress(frame, at + inward(end));
    const list = this.#records.address;
    if (next !== list) this.#setLink(next, outward(end), list);
    else this.#writeAddress(listFrame, bodyAt + edgeAt(opposite(end)), NIL);
    this.#writeAddress(listFrame, bodyAt + edgeAt(end), next === list ? NIL : next);
    this.#count(-1, -this.elementBytes(address));
    return address;
  }

  /** Puts an element that was taken out of a list at an end of this one. */
  link(address: number, end: End): void {
    this.#linkIn(address, end, this.elementBytes(address), RECORD.elementHeadBytes);
  }

  /** Frees the cell of an element, and its pages if it is long. */
  free(address: number): void {
    const frame = this.#elementFrame(address);
    const at = placeOf(address);
    if ((this.#pager.u8(frame, at + RECORD.flagsAt) & LONG) !== 0) {
      const first = this.#pager.u32(frame, at + RECORD.elementHeadBytes);
      this.#allocator.freeRun(first, this.#pager.u32(frame, at + RECORD.lengthAt));
    }
    this.#allocator.free(address);
  }

  /** The element behind another one; behind the last one the record of the list. */
  next(address: number): number {
    return this.#readAddress(this.#elementFrame(address), placeOf(address) + RECORD.nextAt);
  }

  /** The element before another one; before the first one the record of the list. */
  previous(address: number): number {
    return this.#readAddress(this.#elementFrame(address), placeOf(address) + RECORD.previousAt);
  }

  /** Makes `next` follow the element at an address. */
  setNext(address: number, next: number): void {
    this.#setLink(address, RECORD.nextAt, next);
  }

  /** Makes `previous` come before the element at an address. */
  setPrevious(address: number, previous: number): void {
    this.#setLink(address, RECORD.previousAt, previous);
  }

  /** Makes an element the one at an end of the list, whatever was. */
  setEdge(end: End, address: number): void {
    const { frame, bodyAt } = this.#records;
    this.#writeAddress(frame, bodyAt + edgeAt(end), address);
    this.#journal.log(frame, bodyAt + edgeAt(end), ADDRESS.bytes);
  }

  /** Tells the elements at the ends that the record of the list has moved. */
  adopt(): void {
    const { address, length } = this.#records;
    if (length === 0) return;
    this.setPrevious(this.at("first"), address);
    this.setNext(this.at("last"), address);
  }

  /** Bytes of the value of an element. */
  elementBytes(address: number): number {
    return this.#pager.u32(this.#elementFrame(address), placeOf(address) + RECORD.lengthAt);
  }

  /**
   * Reads the elements from index `start` to before `stop`, walking from the nearer end.
   *
   * @param start 0 to the length.
   * @param stop `start` to the length.
   */
  range<T>(start: number, stop: number, decoder: Decoder<T>): T[] {
    const { length } = this.#records;
    const values: T[] = new Array(stop - start);
    const isFromFirst = start <= length - stop;
    let index = isFromFirst ? 0 : length - 1;
    let address = this.at(isFromFirst ? "first" : "last");
    for (let steps = isFromFirst ? stop : length - start; steps > 0; steps--) {
      if (index >= start && index < stop) values[index - start] = this.read(address, decoder);
      index += isFromFirst ? 1 : -1;
      if (steps > 1) address = isFromFirst ? this.next(address) : this.previous(address);
      // No frame is in hand here, and a long list has more pages than the cache.
      if (steps % STEPS_A_TRIM === 0) this.#pager.trim();
    }
    return values;
  }

  #takeElement(value: Encoded): number {
    const isLong = isLongElement(value.length);
    const address = this.#allocator.take(elementCellBytes(value.length));
    const run = isLong ? this.#allocator.takeRun(value.bytes, value.length, address) : NIL;
    const frame = this.#elementFrame(address, true);
    const at = placeOf(address);
    this.#pager.setU8(frame, at, ELEMENT);
    this.#pager.setU8(frame, at + RECORD.flagsAt, isLong ? LONG : 0);
    this.#pager.setU16(frame, at + RECORD.keyBytesAt, 0);
    this.#pager.setU32(frame, at + RECORD.lengthAt, value.length);
    if (isLong) this.#pager.setU32(frame, at + RECORD.elementHeadBytes, run);
    else this.#pager.setBytes(frame, at + RECORD.elementHeadBytes, value.bytes, 0, value.length);
    return address;
  }

  /** Links an element in and logs `logBytes` of it, which end behind its links or later. */
  #linkIn(address: number, end: End, bytes: number, logBytes: number): void {
    const { frame: listFrame, bodyAt } = this.#records;
    const edge = this.at(end);
    const frame = this.#elementFrame(address);
    const at = placeOf(address);
    const list = this.#records.address;
    this.#writeAddress(frame, at + outward(end), list);
    this.#writeAddress(frame, at + inward(end), edge === NIL ? list : edge);
    this.#journal.log(frame, at, logBytes);
    if (edge !== NIL) this.#setLink(edge, outward(end), address);
    else this.#writeAddress(listFrame, bodyAt + edgeAt(opposite(end)), address);
    this.#writeAddress(listFrame, bodyAt + edgeAt(end), address);
    this.#count(1, bytes);
  }

  /** Changes the length and the bytes of the list, and logs its record but for the key. */
  #count(elements: number, bytes: number): void {
    const records = this.#records;
    records.length += elements;
    this.#pager.setU32(records.frame, records.at + RECORD.lengthAt, records.length);
    const bytesAt = records.bodyAt + RECORD.bytesAt;
    this.#pager.setF64(records.frame, bytesAt, this.bytes + bytes);
    const from = records.at + RECORD.lengthAt;
    this.#journal.log(records.frame, from, records.keyAt - from);
  }

  #setLink(address: number, linkAt: number, target: number): void {
    const frame = this.#elementFrame(address);
    this.#writeAddress(frame, placeOf(address) + linkAt, target);
    this.#journal.log(frame, placeOf(address) + linkAt, ADDRESS.bytes);
  }

  #elementFrame(address: number, isNew = false): number {
    const frame = this.#allocator.cellsFrame(pageOf(address));
    if (isNew || this.#pager.u8(frame, placeOf(address)) === ELEMENT) return frame;
    const { path } = this.#pager;
    throw new KvCorruptError(path, offsetOf(address), "this is no element of a list");
  }

  #readAddress(frame: number, at: number): number {
    return addressOf(this.#pager.u32(frame, at), this.#pager.u8(frame, at + ADDRESS.unitAt));
  }

  #writeAddress(frame: number, at: number, address: number): void {
    this.#pager.setU32(frame, at, pageOf(address));
    this.#pager.setU8(frame, at + ADDRESS.unitAt, unitOf(address));
  }
}

function opposite(end: End): End {
  return end === "first" ? "last" : "first";
}

/** Where the address of the element at an end stands in the body of a list's record. */
function edgeAt(end: End): number {
  return end === "first" ? 0 : RECORD.lastAt;
}

/** Where the link away from the list's middle stands in an element at that end. */
function outward(end: End): number {
  return end === "first" ? RECORD.previousAt : RECORD.nextAt;
}

/** Where the link towards the list's middle stands in an element at that end. */
function inward(end: End): number {
  return end === "first" ? RECORD.nextAt : RECORD.previousAt;
}
