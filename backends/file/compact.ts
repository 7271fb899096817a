/**
 * Compaction: fills pages that are half empty from one another, moves pages from the end of the
 * file to free ones before them, and leaves the end free to be cut off.
 *
 * Every page says what it is and every record what points to it (a key its slot, an element its
 * neighbours, a long value its owner), so a page moves without a search. Each step moves little, is
 * one change of the journal like any call, and calls go on in between: at any moment the store is
 * whole. Price: what moves is written twice, and read if it is not in the cache.
 */

import { KvCorruptError } from "../../kv/errors.ts";
import type { Engine } from "./engine.ts";
import type { FileParts } from "./file_parts.ts";
import {
  addressOf,
  BUCKET_TYPE,
  CELL_BYTES,
  CELLS,
  CELLS_TYPE,
  cellsAPage,
  DIRECTORY_TYPE,
  ELEMENT,
  FIRST_MAP_PAGE,
  FREE_CELL,
  HASH_END,
  LIST,
  LONG,
  NIL,
  offsetOf,
  PAGE_BYTES,
  PAGE_SUM_AT,
  PAGE_TYPE_AT,
  pageOf,
  PATCH,
  placeOf,
  RECORD,
  RUN,
  RUN_TYPE,
  runPages,
  UNIT_BYTES,
  unitOf,
} from "./layout.ts";

/** Pages to look at in a step: they may have to be read. */
const LOOKED_AT_A_STEP = 64;
/** A step moves a page, and what points to its records. */
const STEP_BYTES = 64 * 1024;
/** Of a step, what may go to freeing the elements of deleted lists. */
const COLLECTED_BYTES = STEP_BYTES / 2;

/**
 * Does the work of a compaction, step by step. Between two steps anything may change.
 *
 * Yields how many bytes the next step may log.
 */
export function* compact(parts: FileParts, engine: Engine): Generator<number, void> {
  const compaction = new Compaction(parts);
  for (let hash = 0; hash < HASH_END;) {
    yield STEP_BYTES;
    hash = parts.table.merge(hash);
  }
  for (let page = FIRST_MAP_PAGE; page < parts.map.pageCount; page++) {
    compaction.look(page);
    if (page % LOOKED_AT_A_STEP === 0) yield 0;
  }
  for (let sizeClass = 0; sizeClass < CELL_BYTES.length; sizeClass++) {
    for (const page of compaction.sparsePages(sizeClass)) {
      yield STEP_BYTES;
      yield* collect(engine, STEP_BYTES);
      compaction.empty(page, sizeClass);
    }
  }
  for (let page = parts.map.pageCount - 1; page > FIRST_MAP_PAGE; page--) {
    const needBytes = compaction.needOf(page);
    yield needBytes;
    yield* collect(engine, needBytes);
    if (page >= parts.map.pageCount || compaction.needOf(page) > needBytes) continue;
    if (!compaction.lower(page)) return;
  }
}

/** Frees the elements of deleted lists: they have no list that would know of their move. */
function* collect(engine: Engine, needBytes: number): Generator<number, void> {
  while (engine.hasGarbage) {
    const startBytes = engine.pendingBytes;
    engine.collect(() => engine.pendingBytes - startBytes > COLLECTED_BYTES);
    yield needBytes;
  }
}

/** A long value: where its record says so, and its size. */
interface Run {
  readonly frame: number;
  readonly at: number;
  readonly length: number;
  readonly count: number;
}

/** A page of cells with room. */
interface Roomy {
  readonly page: number;
  readonly count: number;
}

class Compaction {
  readonly #parts: FileParts;
  /** By class of cells. */
  readonly #roomy: readonly Roomy[][] = CELL_BYTES.map(() => []);

  constructor(parts: FileParts) {
    this.#parts = parts;
  }

  /** Notes a page of cells that has room, and how much. */
  look(page: number): void {
    const { map, pager } = this.#parts;
    if (!map.isUsed(page) || map.isMap(page) || this.#isJournal(page)) return;
    const frame = pager.frame(page);
    if (pager.u8(frame, PAGE_TYPE_AT) !== CELLS_TYPE) return;
    const sizeClass = pager.u8(frame, CELLS.classAt);
    const count = pager.u16(frame, CELLS.countAt);
    if (count < cellsAPage(sizeClass)) this.#roomy[sizeClass]!.push({ page, count });
  }

  /** Lists the pages of a class whose records find room in its other pages, emptiest first. */
  sparsePages(sizeClass: number): number[] {
    const capacity = cellsAPage(sizeClass);
    const roomy = this.#roomy[sizeClass]!;
    roomy.sort((a, b) => a.count - b.count);
    let room = roomy.reduce((sum, { count }) => sum + capacity - count, 0);
    const sparse: number[] = [];
    for (const { page, count } of roomy) {
      room -= capacity - count;
      if (room < count) break;
      room -= count;
      sparse.push(page);
    }
    return sparse;
  }

  /** Moves the records of a page to others of its class, where the page still is what it was. */
  empty(page: number, sizeClass: number): void {
    const { allocator, map, pager } = this.#parts;
    if (page >= map.pageCount || !map.isUsed(page) || this.#isJournal(page)) return;
    const frame = pager.frame(page);
    const isSame = pager.u8(frame, PAGE_TYPE_AT) === CELLS_TYPE &&
      pager.u8(frame, CELLS.classAt) === sizeClass;
    const count = pager.u16(frame, CELLS.countAt);
    if (!isSame || count === cellsAPage(sizeClass)) return;
    map.reserve(1, 0);
    allocator.retire(page);
    for (const address of this.#cellsOf(page)) {
      const target = allocator.take(CELL_BYTES[sizeClass]!);
      this.#copyCell(address, target, CELL_BYTES[sizeClass]!);
      this.#redirect(address, target, (other) => other);
    }
    map.free(page, 1);
  }

  /** Counts what moving a page may log: much if it begins a long value, which moves as a whole. */
  needOf(page: number): number {
    const { map, pager } = this.#parts;
    if (page >= map.pageCount || !map.isUsed(page) || this.#isJournal(page)) return STEP_BYTES;
    const frame = pager.frame(page);
    if (!this.#beginsRun(frame)) return STEP_BYTES;
    const { count } = this.#runOf(page);
    if (map.findLower(page, count) === 0) return STEP_BYTES;
    return STEP_BYTES + count * (PAGE_BYTES + 2 * PATCH.headBytes);
  }

  /** Moves a page, or the long value it begins, further to the front; tells whether to go on. */
  lower(page: number): boolean {
    const { map, pager } = this.#parts;
    if (map.freeCount === 0) return false;
    if (!map.isUsed(page) || map.isMap(page) || this.#isJournal(page)) return true;
    const frame = pager.frame(page);
    switch (pager.u8(frame, PAGE_TYPE_AT)) {
      case CELLS_TYPE:
        return this.#moveAlone(page, (target) => this.#moveCells(page, target));
      case BUCKET_TYPE:
        return this.#moveAlone(page, (target) => {
          this.#copyPage(page, target);
          this.#parts.table.moveBucket(page, target);
        });
      case RUN_TYPE:
        if (this.#beginsRun(frame)) this.#moveRun(page);
        return true;
      case DIRECTORY_TYPE:
        this.#parts.table.lowerDirectory();
        return true;
      default:
        throw new KvCorruptError(pager.path, page * PAGE_BYTES, "this page is of no known kind");
    }
  }

  /** Whether a frame has the first page of a long value, with which the others move. */
  #beginsRun(frame: number): boolean {
    const { pager } = this.#parts;
    return pager.u8(frame, PAGE_TYPE_AT) === RUN_TYPE && pager.u32(frame, RUN.indexAt) === 0;
  }

  #isJournal(page: number): boolean {
    const { journal } = this.#parts;
    return page >= journal.page && page < journal.page + journal.capacity / PAGE_BYTES;
  }

  #moveAlone(page: number, move: (target: number) => void): boolean {
    const { map } = this.#parts;
    const target = map.lowestFree();
    if (target === 0 || target > page) return false;
    move(map.take());
    map.free(page, 1);
    return true;
  }

  #copyPage(page: number, target: number): void {
    const { journal, pager } = this.#parts;
    const frame = pager.frame(page);
    const start = pager.start(frame);
    const targetFrame = journal.blank(target);
    pager.setBytes(targetFrame, 0, pager.slab(frame), start, start + PAGE_SUM_AT);
    journal.log(targetFrame, 0, PAGE_SUM_AT);
  }

  #moveCells(page: number, target: number): void {
    const { allocator } = this.#parts;
    this.#copyPage(page, target);
    allocator.relist(page, target);
    // A neighbour may have moved with its page.
    const follow = (address: number): number =>
      pageOf(address) === page ? addressOf(target, unitOf(address)) : address;
    for (const address of this.#cellsOf(page)) this.#redirect(address, follow(address), follow);
  }

  /** Finds the record that a long value belongs to, and its length. */
  #runOf(first: number): Run {
    const { allocator, pager, records } = this.#parts;
    const owner = allocator.ownerOf(first);
    const frame = allocator.cellsFrame(pageOf(owner));
    const isElement = pager.u8(frame, placeOf(owner)) === ELEMENT;
    if (!isElement) records.open(owner);
    const at = isElement ? placeOf(owner) + RECORD.elementHeadBytes : records.bodyAt;
    const length = pager.u32(frame, placeOf(owner) + RECORD.lengthAt);
    return { frame, at, length, count: runPages(length) };
  }

  #moveRun(first: number): void {
    const { allocator, journal, map, pager } = this.#parts;
    const { frame, at, length, count } = this.#runOf(first);
    const target = map.lowerRun(first, count);
    if (target === 0) return;
    for (let i = 0; i < count; i++) this.#copyPage(first + i, target + i);
    pager.setU32(frame, at, target);
    journal.log(frame, at, RECORD.runBytes);
    allocator.freeRun(first, length);
  }

  /** Lists the live cells of a page. */
  #cellsOf(page: number): number[] {
    const { pager } = this.#parts;
    const frame = pager.frame(page);
    const bytes = CELL_BYTES[pager.u8(frame, CELLS.classAt)]!;
    const end = pager.u8(frame, CELLS.freshUnitAt) * UNIT_BYTES;
    const cells: number[] = [];
    for (let at = CELLS.cellsAt; at < end; at += bytes) {
      if (pager.u8(frame, at) !== FREE_CELL) cells.push(addressOf(page, at / UNIT_BYTES));
    }
    return cells;
  }

  #copyCell(address: number, target: number, bytes: number): void {
    const { journal, pager } = this.#parts;
    const frame = pager.frame(pageOf(address));
    const from = pager.start(frame) + placeOf(address);
    const targetFrame = pager.frame(pageOf(target));
    pager.setBytes(targetFrame, placeOf(target), pager.slab(frame), from, from + bytes);
    journal.log(targetFrame, placeOf(target), bytes);
  }

  /** Points all that points to the record at `old` to its copy at `address`. */
  #redirect(old: number, address: number, follow: (address: number) => number): void {
    const { allocator, lists, pager, records, table } = this.#parts;
    const frame = pager.frame(pageOf(address));
    const at = placeOf(address);
    const isLong = (pager.u8(frame, at + RECORD.flagsAt) & LONG) !== 0;
    if (pager.u8(frame, at) === ELEMENT) {
      const previous = follow(lists.previous(address));
      const next = follow(lists.next(address));
      if (isLong) allocator.setOwner(pager.u32(frame, at + RECORD.elementHeadBytes), address);
      if (this.#isList(previous)) lists.setEdge("first", address);
      else lists.setNext(previous, address);
      if (this.#isList(next)) lists.setEdge("last", address);
      else lists.setPrevious(next, address);
      return;
    }
    const hash = records.takeKeyOf(address);
    if (table.find(hash, (found) => found === old) === NIL) {
      throw new KvCorruptError(
        pager.path,
        offsetOf(old),
        "a record is not in the table",
      );
    }
    table.replace(hash, address);
    if (isLong) allocator.setOwner(pager.u32(frame, records.bodyAt), address);
    if (records.kind !== LIST) return;
    lists.setPrevious(follow(lists.at("first")), address);
    lists.setNext(follow(lists.at("last")), address);
  }

  /** Tells whether the record of a list stands at an address, and opens it. */
  #isList(address: number): boolean {
    const { allocator, pager, records } = this.#parts;
    const isList = pager.u8(allocator.cellsFrame(pageOf(address)), placeOf(address)) === LIST;
    if (isList) records.open(address);
    return isList;
  }
}
