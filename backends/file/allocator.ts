/**
 * Room for records: cells of a few sizes, many to a page, and runs of whole pages for long values.
 *
 * All cells of a page have one size. Its free ones are a list in the page; pages of a size with
 * room are a list in the file. So taking and giving back touch one page, a cell freed is the next
 * one taken, and a page whose last cell goes is free for any size.
 */

import { KvCorruptError } from "../../kv/errors.ts";
import type { Journal } from "./journal.ts";
import {
  addressOf,
  CELL_BYTES,
  CELLS,
  CELLS_TYPE,
  cellsAPage,
  classFor,
  FREE_CELL,
  NEXT_FREE_AT,
  NIL,
  PAGE_BYTES,
  PAGE_SUM_AT,
  PAGE_TYPE_AT,
  pageOf,
  placeOf,
  ROOT,
  RUN,
  RUN_BYTES,
  RUN_TYPE,
  runPages,
  UNIT_BYTES,
  unitOf,
} from "./layout.ts";
import type { PageMap } from "./page_map.ts";
import type { Pager } from "./pager.ts";
import type { Root } from "./root.ts";

/** Gives out room in a file, and takes it back. */
export class Allocator {
  readonly #pager: Pager;
  readonly #journal: Journal;
  readonly #root: Root;
  readonly #map: PageMap;

  constructor(pager: Pager, journal: Journal, root: Root, map: PageMap) {
    this.#pager = pager;
    this.#journal = journal;
    this.#root = root;
    this.#map = map;
  }

  /** Counts the pages that taking a cell for `bytes` takes: 0 or 1. */
  pagesFor(bytes: number): number {
    return this.#roomyPage(classFor(bytes)) === NIL ? 1 : 0;
  }

  /** Takes a cell for `bytes`, at most `CELL_BYTES_MAX`; returns its address. */
  take(bytes: number): number {
    const sizeClass = classFor(bytes);
    let page = this.#roomyPage(sizeClass);
    if (page === NIL) page = this.#takePage(sizeClass);
    const frame = this.cellsFrame(page);
    const unit = this.#takeUnit(frame, page, sizeClass);
    const count = this.#pager.u16(frame, CELLS.countAt) + 1;
    this.#pager.setU16(frame, CELLS.countAt, count);
    this.#journal.log(frame, CELLS.freeUnitAt, 4);
    if (count === cellsAPage(sizeClass)) this.#unlink(frame, page, sizeClass);
    return addressOf(page, unit);
  }

  /** Gives back a cell. */
  free(address: number): void {
    const page = pageOf(address);
    const frame = this.cellsFrame(page);
    const at = placeOf(address);
    if (this.#pager.u8(frame, at) === FREE_CELL) this.#fail(page, at, "this cell is free already");
    const sizeClass = this.#pager.u8(frame, CELLS.classAt);
    const count = this.#pager.u16(frame, CELLS.countAt) - 1;
    const wasFull = count + 1 === cellsAPage(sizeClass);
    if (count === 0 && this.#hasOther(page, frame, sizeClass)) {
      if (!wasFull) this.#unlink(frame, page, sizeClass);
      this.#map.free(page, 1);
      return;
    }
    this.#pager.setU8(frame, at, FREE_CELL);
    this.#pager.setU8(frame, at + NEXT_FREE_AT, this.#pager.u8(frame, CELLS.freeUnitAt));
    this.#journal.log(frame, at, NEXT_FREE_AT + 1);
    this.#pager.setU8(frame, CELLS.freeUnitAt, unitOf(address));
    this.#pager.setU16(frame, CELLS.countAt, count);
    this.#journal.log(frame, CELLS.freeUnitAt, 4);
    if (wasFull) this.#link(frame, page, sizeClass);
  }

  /** Takes a page off the list of those with room: nothing more is put there. */
  retire(page: number): void {
    const frame = this.cellsFrame(page);
    this.#unlink(frame, page, this.#pager.u8(frame, CELLS.classAt));
  }

  /** Puts the copy of a page in its place in the list of those with room, if it stands there. */
  relist(page: number, copy: number): void {
    const frame = this.cellsFrame(page);
    const sizeClass = this.#pager.u8(frame, CELLS.classAt);
    if (this.#pager.u16(frame, CELLS.countAt) === cellsAPage(sizeClass)) return;
    this.#unlink(frame, page, sizeClass);
    this.#link(this.cellsFrame(copy), copy, sizeClass);
  }

  /** Tells how large the cells of a frame are. */
  cellBytesOf(frame: number): number {
    return CELL_BYTES[this.#pager.u8(frame, CELLS.classAt)]!;
  }

  /** Writes a long value of the record at an address to pages of its own; returns the first. */
  takeRun(source: Uint8Array, length: number, owner: number): number {
    const count = runPages(length);
    const first = this.#map.takeRun(count);
    for (let i = 0; i < count; i++) {
      const frame = this.#journal.blank(first + i);
      const from = i * RUN_BYTES;
      const to = Math.min(from + RUN_BYTES, length);
      this.#pager.setU8(frame, PAGE_TYPE_AT, RUN_TYPE);
      this.#pager.setU32(frame, RUN.indexAt, i);
      this.#pager.setBytes(frame, RUN.dataAt, source, from, to);
      this.#journal.log(frame, 0, RUN.dataAt + to - from);
    }
    this.setOwner(first, owner);
    return first;
  }

  /** The record that a long value belongs to. */
  ownerOf(first: number): number {
    const frame = this.#pager.frame(first);
    return addressOf(
      this.#pager.u32(frame, RUN.ownerPageAt),
      this.#pager.u8(frame, RUN.ownerUnitAt),
    );
  }

  /** Notes to which record a long value belongs. */
  setOwner(first: number, owner: number): void {
    const frame = this.#runFrame(first, 0);
    this.#pager.setU8(frame, RUN.ownerUnitAt, unitOf(owner));
    this.#pager.setU32(frame, RUN.ownerPageAt, pageOf(owner));
    this.#journal.log(frame, 0, RUN.indexAt);
  }

  /** Reads a long value. */
  readRun(first: number, length: number): Uint8Array<ArrayBuffer> {
    const count = runPages(length);
    if (first + count > this.#map.pageCount) {
      this.#fail(first, 0, "a value reaches past the end of the file");
    }
    const bytes = new Uint8Array(length);
    for (let i = 0; i < count; i++) {
      const frame = this.#runFrame(first, i);
      const start = this.#pager.start(frame) + RUN.dataAt;
      const from = i * RUN_BYTES;
      const end = start + Math.min(RUN_BYTES, length - from);
      bytes.set(this.#pager.slab(frame).subarray(start, end), from);
    }
    return bytes;
  }

  /** Gives back the pages of a long value. */
  freeRun(first: number, length: number): void {
    this.#map.free(first, runPages(length));
  }

  /** Gives the frame of a page of cells. */
  cellsFrame(page: number): number {
    if (page >= this.#map.pageCount) this.#fail(page, 0, "an address is past the end of the file");
    const frame = this.#pager.frame(page);
    const isSound = this.#pager.u8(frame, PAGE_TYPE_AT) === CELLS_TYPE &&
      this.#pager.u8(frame, CELLS.classAt) < CELL_BYTES.length;
    if (!isSound) this.#fail(page, 0, "an address leads to a page without records");
    return frame;
  }

  #runFrame(first: number, index: number): number {
    const frame = this.#pager.frame(first + index);
    const isSound = this.#pager.u8(frame, PAGE_TYPE_AT) === RUN_TYPE &&
      this.#pager.u32(frame, RUN.indexAt) === index;
    if (!isSound) this.#fail(first + index, 0, "this is no part of a long value");
    return frame;
  }

  #takeUnit(frame: number, page: number, sizeClass: number): number {
    const free = this.#pager.u8(frame, CELLS.freeUnitAt);
    const fresh = this.#pager.u8(frame, CELLS.freshUnitAt);
    const bytes = CELL_BYTES[sizeClass]!;
    if (free !== 0) {
      const nextAt = free * UNIT_BYTES + NEXT_FREE_AT;
      this.#pager.setU8(frame, CELLS.freeUnitAt, this.#pager.u8(frame, nextAt));
      return free;
    }
    if (fresh * UNIT_BYTES + bytes > PAGE_SUM_AT) {
      this.#fail(page, 0, "a full page is listed as one with room");
    }
    this.#pager.setU8(frame, CELLS.freshUnitAt, fresh + bytes / UNIT_BYTES);
    return fresh;
  }

  #takePage(sizeClass: number): number {
    const page = this.#map.take();
    const frame = this.#journal.blank(page);
    this.#pager.setU8(frame, PAGE_TYPE_AT, CELLS_TYPE);
    this.#pager.setU8(frame, CELLS.classAt, sizeClass);
    this.#pager.setU8(frame, CELLS.freshUnitAt, CELLS.cellsAt / UNIT_BYTES);
    this.#journal.log(frame, 0, 4);
    this.#link(frame, page, sizeClass);
    return page;
  }

  #roomyPage(sizeClass: number): number {
    return this.#root.get(ROOT.roomyPagesAt + 4 * sizeClass);
  }

  /** Tells whether another page of a class has room: if none has, an empty one stays for that. */
  #hasOther(page: number, frame: number, sizeClass: number): boolean {
    const roomy = this.#roomyPage(sizeClass);
    return roomy !== NIL &&
      (roomy !== page || this.#pager.u32(frame, CELLS.nextPageAt) !== NIL);
  }

  #link(frame: number, page: number, sizeClass: number): void {
    const next = this.#roomyPage(sizeClass);
    this.#setNeighbours(frame, NIL, next);
    if (next !== NIL) {
      const nextFrame = this.cellsFrame(next);
      this.#pager.setU32(nextFrame, CELLS.previousPageAt, page);
      this.#journal.log(nextFrame, CELLS.previousPageAt, 4);
    }
    this.#root.set(ROOT.roomyPagesAt + 4 * sizeClass, page);
  }

  #unlink(frame: number, page: number, sizeClass: number): void {
    const next = this.#pager.u32(frame, CELLS.nextPageAt);
    const previous = this.#pager.u32(frame, CELLS.previousPageAt);
    if (previous === NIL) {
      if (this.#roomyPage(sizeClass) !== page) {
        this.#fail(page, 0, "a page with room is not listed");
      }
      this.#root.set(ROOT.roomyPagesAt + 4 * sizeClass, next);
    } else {
      const previousFrame = this.cellsFrame(previous);
      this.#pager.setU32(previousFrame, CELLS.nextPageAt, next);
      this.#journal.log(previousFrame, CELLS.nextPageAt, 4);
    }
    if (next !== NIL) {
      const nextFrame = this.cellsFrame(next);
      this.#pager.setU32(nextFrame, CELLS.previousPageAt, previous);
      this.#journal.log(nextFrame, CELLS.previousPageAt, 4);
    }
    this.#setNeighbours(frame, NIL, NIL);
  }

  #setNeighbours(frame: number, previous: number, next: number): void {
    this.#pager.setU32(frame, CELLS.nextPageAt, next);
    this.#pager.setU32(frame, CELLS.previousPageAt, previous);
    this.#journal.log(frame, CELLS.nextPageAt, 8);
  }

  #fail(page: number, at: number, found: string): never {
    throw new KvCorruptError(this.#pager.path, page * PAGE_BYTES + at, found);
  }
}
