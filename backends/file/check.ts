/**
 * The check of a whole file: each page has exactly one owner, each cell of a page of records holds
 * a live record or is listed as free, and every counter is the sum of what it counts.
 *
 * It walks from the root as the store does, claims what it meets, and then asks the maps whether
 * they agree. It reads every page that is in use, and holds a byte for each page and 256 for each
 * page of records.
 */

import type { Turns } from "../../internal/turns.ts";
import { KvError } from "../../kv/errors.ts";
import type { FileParts } from "./file_parts.ts";
import { decodeHeader } from "./header.ts";
import {
  BUCKET,
  CELL_BYTES,
  CELLS,
  cellsAPage,
  FIRST_MAP_PAGE,
  FREE_CELL,
  HASH_BITS,
  HEADER_COPY_PAGE,
  HEADER_PAGE,
  LIST,
  LONG,
  NEXT_FREE_AT,
  NIL,
  offsetOf,
  PAGE_BYTES,
  PAGE_TYPE_AT,
  pageOf,
  PAGES_A_MAP,
  placeOf,
  RECORD,
  ROOT,
  ROOT_PAGE,
  RUN,
  RUN_TYPE,
  runPages,
  slotPlace,
  UNIT_BYTES,
  unitOf,
  UNITS_A_PAGE,
} from "./layout.ts";
import { Table } from "./table.ts";

/** Reads the whole file; returns what is wrong, one sentence each. */
export async function checkFile(parts: FileParts, turns: Turns): Promise<string[]> {
  const check = new Check(parts);
  try {
    for (const _ of check.steps()) {
      parts.pager.trim();
      if (turns.isDue()) await turns.next();
    }
  } catch (error) {
    if (!(error instanceof KvError) || error.code !== "corrupt") throw error;
    check.problems.push(error.message);
  }
  return check.problems;
}

/** More would help nobody. */
const PROBLEMS_MAX = 100;

class Check {
  readonly problems: string[] = [];
  readonly #parts: FileParts;
  readonly #owned: Uint8Array;
  /** Units of live cells, by page of records. */
  readonly #live = new Map<number, Uint8Array>();
  #entries = 0;
  #bytes = 0;
  #expiring = 0;

  constructor(parts: FileParts) {
    this.#parts = parts;
    this.#owned = new Uint8Array(parts.map.pageCount);
  }

  *steps(): Generator<void, void> {
    this.#checkHeaders();
    this.#claimFixedPages();
    yield;
    yield* this.#checkTable();
    yield* this.#checkGarbage();
    yield* this.#checkCells();
    yield* this.#checkMaps();
    this.#checkCounters();
  }

  #report(problem: string): void {
    if (this.problems.length < PROBLEMS_MAX) this.problems.push(problem);
  }

  #claim(page: number, count: number, owner: string): void {
    for (let i = page; i < page + count; i++) {
      if (i >= this.#owned.length) {
        this.#report(`Page ${i} of ${owner} is past the end of the file`);
      } else if (this.#owned[i] !== 0) this.#report(`Page ${i} of ${owner} has another owner too`);
      else this.#owned[i] = 1;
    }
  }

  #checkHeaders(): void {
    const { storage, path } = this.#parts;
    if (!storage.canRead) return;
    for (const page of [HEADER_PAGE, HEADER_COPY_PAGE]) {
      const bytes = new Uint8Array(PAGE_BYTES);
      const count = storage.read(page * PAGE_BYTES, bytes);
      decodeHeader(bytes.subarray(0, count), page, path);
    }
  }

  #claimFixedPages(): void {
    const { root, journal, map, table } = this.#parts;
    this.#claim(HEADER_PAGE, 1, "the header");
    this.#claim(HEADER_COPY_PAGE, 1, "the second header");
    this.#claim(ROOT_PAGE, 1, "the root");
    for (let page = FIRST_MAP_PAGE; page < map.pageCount; page += PAGES_A_MAP) {
      this.#claim(page, 1, "a map");
    }
    this.#claim(journal.page, journal.capacity / PAGE_BYTES, "the journal");
    const count = Table.directoryPages(table.depth);
    this.#claim(root.get(ROOT.directoryPageAt), count, "the directory");
  }

  *#checkTable(): Generator<void, void> {
    const { pager, table } = this.#parts;
    const width = 2 ** (HASH_BITS - table.depth);
    for (let index = 0; index < 2 ** table.depth;) {
      const page = table.bucketPage(index);
      this.#claim(page, 1, "the table");
      const frame = pager.frame(page);
      const span = 2 ** (table.depth - pager.u8(frame, BUCKET.depthAt));
      if (index % span !== 0) this.#report(`Bucket ${page} has a wrong depth`);
      for (let i = index; i < index + span; i++) {
        if (table.bucketPage(i) !== page) this.#report(`Entry ${i} of the directory is wrong`);
      }
      this.#checkSlots(page, frame);
      yield* this.#checkRecords(index * width, (index + span) * width, page);
      index += span;
    }
  }

  /** Every slot of a bucket that was ever used is in a chain or listed as free. */
  #checkSlots(page: number, frame: number): void {
    const { pager } = this.#parts;
    const fresh = pager.u16(frame, BUCKET.freshSlotAt);
    let free = 0;
    let slot = pager.u16(frame, BUCKET.freeSlotAt);
    for (; slot !== 0 && free <= fresh; free++) {
      slot = pager.u16(frame, slotPlace(slot) + BUCKET.nextAt);
    }
    const count = pager.u16(frame, BUCKET.countAt);
    if (count + free !== fresh) this.#report(`Bucket ${page} has lost a slot`);
  }

  *#checkRecords(first: number, end: number, page: number): Generator<void, void> {
    const { pager, records, table } = this.#parts;
    const slots: [address: number, hash: number][] = [];
    const next = table.visit(first, (address, hash) => slots.push([address, hash]));
    if (next !== end) this.#report(`Bucket ${page} has a wrong depth`);
    if (slots.length !== pager.u16(pager.frame(page), BUCKET.countAt)) {
      this.#report(`Bucket ${page} has a wrong count`);
    }
    for (const [address, hash] of slots) {
      if (records.takeKeyOf(address) !== hash || hash >= end) {
        this.#report(`The key at ${name(address)} is in a wrong place of the table`);
      }
      this.#checkCell(address);
      this.#entries++;
      this.#bytes += records.keyBytes;
      if (records.deadlineMs > 0) this.#expiring++;
      if (records.kind === LIST) yield* this.#checkList(address);
      else this.#checkString();
    }
    yield;
  }

  #checkString(): void {
    const { pager, records } = this.#parts;
    this.#bytes += records.length;
    if ((records.flags & LONG) === 0) return;
    const first = pager.u32(records.frame, records.bodyAt);
    this.#checkRun(first, records.length, records.address);
  }

  #checkRun(first: number, bytes: number, owner: number): void {
    const { allocator, pager } = this.#parts;
    const count = runPages(bytes);
    this.#claim(first, count, "a long value");
    for (let i = 0; i < count; i++) {
      const frame = pager.frame(first + i);
      if (pager.u8(frame, PAGE_TYPE_AT) !== RUN_TYPE || pager.u32(frame, RUN.indexAt) !== i) {
        this.#report(`Page ${first + i} is no part of the long value it should be of`);
      }
    }
    if (allocator.ownerOf(first) !== owner) {
      this.#report(`The long value on page ${first} is not its record's`);
    }
  }

  *#checkList(address: number): Generator<void, void> {
    const { lists, pager, records } = this.#parts;
    const { length } = records;
    const { bytes } = lists;
    const last = lists.at("last");
    let element = lists.at("first");
    let previous = address;
    let found = 0;
    let foundBytes = 0;
    for (; element !== address && element !== NIL && found <= length; found++) {
      if (lists.previous(element) !== previous) {
        this.#report(`The element at ${name(element)} is linked to a wrong one`);
      }
      foundBytes += this.#checkElement(element);
      previous = element;
      element = lists.next(element);
      pager.trim(); // an element may be as large as the cache
      if (found % 256 === 255) yield;
    }
    if (found !== length || foundBytes !== bytes || previous !== last) {
      this.#report(`The list at ${name(address)} is not what its record says`);
    }
    this.#bytes += foundBytes;
  }

  /** Claims an element; returns the bytes of its value. */
  #checkElement(address: number): number {
    const { lists, pager } = this.#parts;
    this.#checkCell(address);
    const bytes = lists.elementBytes(address);
    const frame = pager.frame(pageOf(address));
    const at = placeOf(address);
    if ((pager.u8(frame, at + RECORD.flagsAt) & LONG) !== 0) {
      this.#checkRun(pager.u32(frame, at + RECORD.elementHeadBytes), bytes, address);
    }
    return bytes;
  }

  *#checkGarbage(): Generator<void, void> {
    const { lists, pager, root } = this.#parts;
    let count = 0;
    for (let element = root.garbage; element !== NIL; element = lists.next(element)) {
      this.#checkElement(element);
      pager.trim();
      // An element that comes twice is reported by its cell; an endless row of them ends here.
      if (++count % 256 !== 0) continue;
      if (this.problems.length > 0) return;
      yield;
    }
  }

  /** Notes a live cell. */
  #checkCell(address: number): void {
    const page = pageOf(address);
    let live = this.#live.get(page);
    if (live === undefined) {
      this.#live.set(page, live = new Uint8Array(UNITS_A_PAGE));
      this.#claim(page, 1, "records");
    }
    const unit = unitOf(address);
    if (live[unit] !== 0) this.#report(`The cell at ${name(address)} holds two records`);
    live[unit] = 1;
  }

  *#checkCells(): Generator<void, void> {
    const { allocator, pager, root } = this.#parts;
    const roomy = new Set<number>();
    for (let sizeClass = 0; sizeClass < CELL_BYTES.length; sizeClass++) {
      let previous = NIL;
      let page = root.get(ROOT.roomyPagesAt + 4 * sizeClass);
      while (page !== NIL && !roomy.has(page)) {
        const frame = allocator.cellsFrame(page);
        if (
          pager.u8(frame, CELLS.classAt) !== sizeClass ||
          pager.u32(frame, CELLS.previousPageAt) !== previous
        ) this.#report(`Page ${page} is listed wrongly as one with room`);
        roomy.add(page);
        if (!this.#live.has(page)) {
          this.#live.set(page, new Uint8Array(UNITS_A_PAGE));
          this.#claim(page, 1, "records");
        }
        previous = page;
        page = pager.u32(frame, CELLS.nextPageAt);
        yield;
      }
    }
    for (const [page, live] of this.#live) {
      this.#checkPage(page, live, roomy.has(page));
      yield;
    }
  }

  /** Every cell of a page is live, listed as free, or was never used. */
  #checkPage(page: number, live: Uint8Array, isRoomy: boolean): void {
    const { allocator, pager } = this.#parts;
    const frame = allocator.cellsFrame(page);
    const sizeClass = pager.u8(frame, CELLS.classAt);
    const units = CELL_BYTES[sizeClass]! / UNIT_BYTES;
    const fresh = pager.u8(frame, CELLS.freshUnitAt);
    const used = (fresh - CELLS.cellsAt / UNIT_BYTES) / units;
    const count = live.reduce((sum, unit) => sum + unit, 0);
    let free = 0;
    for (let unit = pager.u8(frame, CELLS.freeUnitAt); unit !== 0 && free <= used; free++) {
      const at = unit * UNIT_BYTES;
      if (live[unit] !== 0 || pager.u8(frame, at) !== FREE_CELL) {
        this.#report(`Page ${page} lists a live cell as free`);
      }
      unit = pager.u8(frame, at + NEXT_FREE_AT);
    }
    if (count !== pager.u16(frame, CELLS.countAt) || count + free !== used) {
      this.#report(`Page ${page} has lost a cell`);
    }
    if (isRoomy !== count < cellsAPage(sizeClass)) {
      this.#report(
        `Page ${page} is ${isRoomy ? "full but listed" : "not listed"} as one with room`,
      );
    }
  }

  *#checkMaps(): Generator<void, void> {
    const { map } = this.#parts;
    for (let page = 0; page < this.#owned.length; page++) {
      const isUsed = page < FIRST_MAP_PAGE || map.isUsed(page);
      if (isUsed && this.#owned[page] === 0) this.#report(`Page ${page} is in use by nothing`);
      if (!isUsed && this.#owned[page] !== 0) {
        this.#report(`Page ${page} is in use but marked free`);
      }
      if (page % 1024 === 1023) yield;
    }
    const free = this.#owned.reduce((sum, owned) => sum + 1 - owned, 0);
    if (free !== map.freeCount) this.#report(`${map.freeCount} pages count as free, not ${free}`);
  }

  #checkCounters(): void {
    const { root } = this.#parts;
    const found = [this.#entries, this.#bytes, this.#expiring];
    const kept = [root.entries, root.bytes, root.expiring];
    ["keys", "bytes", "keys with a deadline"].forEach((what, i) => {
      if (found[i] !== kept[i]) this.#report(`The root counts ${kept[i]} ${what}, not ${found[i]}`);
    });
  }
}

/** An address as a message shows it: its offset in the file. */
function name(address: number): string {
  return `byte ${offsetOf(address)}`;
}
