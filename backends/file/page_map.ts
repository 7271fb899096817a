/**
 * Which pages of the file are in use: a bit each, in a map page for every 32,704 of them.
 *
 * The lowest free page is taken first, so a file that has become too large is free at its end. Only
 * when none is free does the file grow, into the room that `room.ts` has reserved for it.
 */

import { assert } from "../../internal/assert.ts";
import { KvCorruptError } from "../../kv/errors.ts";
import type { Journal } from "./journal.ts";
import {
  FIRST_MAP_PAGE,
  MAP_BITS_AT,
  MAP_TYPE,
  PAGE_BYTES,
  PAGE_TYPE_AT,
  PAGES_A_MAP,
  ROOT,
} from "./layout.ts";
import type { Pager } from "./pager.ts";
import { Room } from "./room.ts";
import type { Root } from "./root.ts";
import type { Storage } from "./storage.ts";

/** For so few lengths of runs their first possible place is kept: each freed page visits all. */
const RUN_COUNTS_MAX = 32;

/** The maps of a file. */
export class PageMap {
  readonly #pager: Pager;
  readonly #journal: Journal;
  readonly #root: Root;
  readonly #room: Room;
  /** Pages of the file, whether the disk has them already or not. */
  #pageCount = 0;
  #freeCount = 0;
  /** The same for the pages of each map: most maps of a large file need not be searched. */
  readonly #freeInMaps: number[] = [];
  /** No page before this one is free. */
  #lowest = FIRST_MAP_PAGE;
  /** For some lengths: no run of so many free pages begins before this page. */
  readonly #runsFrom = new Map<number, number>();

  constructor(pager: Pager, journal: Journal, root: Root, storage: Storage) {
    this.#pager = pager;
    this.#journal = journal;
    this.#root = root;
    this.#room = new Room(storage, pager.path);
  }

  /** How many pages the file has. */
  get pageCount(): number {
    return this.#pageCount;
  }

  /** How many of them are free. */
  get freeCount(): number {
    return this.#freeCount;
  }

  /**
   * Sees to it that the disk has room for a new file, whose first pages are written already. What
   * a making that was cut short left beyond them is overwritten with zeros.
   */
  prepare(writtenCount: number, pageCount: number): void {
    this.#room.giveUp(writtenCount);
    this.#room.grow(pageCount);
  }

  /** Begins a file of `pageCount` pages, all in use. */
  format(pageCount: number): void {
    this.#pageCount = FIRST_MAP_PAGE;
    this.#freeCount = 0;
    this.#freeInMaps.length = 0;
    this.#lowest = FIRST_MAP_PAGE;
    this.#runsFrom.clear();
    this.#extend(pageCount);
    this.#mark(FIRST_MAP_PAGE + 1, pageCount - FIRST_MAP_PAGE - 1, true);
    this.#lowest = pageCount;
  }

  /** Reads how many pages there are, and counts the free ones. */
  load(): void {
    this.#pageCount = this.#root.get(ROOT.pageCountAt);
    this.#room.measure();
    if (this.#room.pages < this.#pageCount) {
      this.#checkLength();
      this.#room.grow(this.#pageCount);
    }
    this.#freeCount = 0;
    this.#freeInMaps.length = 0;
    this.#runsFrom.clear();
    this.#lowest = this.#pageCount;
    for (let page = this.#pageCount - 1; page >= FIRST_MAP_PAGE; page--) {
      if (this.isUsed(page)) continue;
      this.#countFree(page, 1);
      this.#lowest = page;
    }
  }

  /** Tells whether a page of the file is in use. */
  isUsed(page: number): boolean {
    const bit = bitOf(page);
    const frame = this.#mapFrame(page - bit);
    return (this.#pager.u8(frame, MAP_BITS_AT + (bit >>> 3)) & (1 << (bit & 7))) !== 0;
  }

  /**
   * Sees to it that `count` pages can be taken, and then a run of `run` from page `from` on.
   *
   * @throws {KvError} `full` if the disk has no room for them: nothing has changed.
   */
  reserve(count: number, run: number, from = 0): void {
    // Two maps may come between; and what does not fit before a map begins behind it.
    const bit = bitOf(this.#pageCount);
    const gap = bit + count + run > PAGES_A_MAP ? run : 0;
    const needed = count + run + gap + 2;
    if (this.#room.pages - this.#pageCount >= needed) return;
    if (run <= 1 && this.#freeCount >= count + run) return;
    // The single pages may come off the beginning of the run.
    if (run > 1 && this.#freeCount >= count + run && this.#findRun(count + run, from) !== 0) return;
    this.#room.grow(this.#pageCount + needed);
  }

  /** Takes a page. */
  take(): number {
    const page = this.#freeCount === 0 ? this.#pageCount : this.#findFree();
    if (page >= this.#pageCount) return this.takeRun(1);
    this.#mark(page, 1, true);
    this.#lowest = page + 1;
    return page;
  }

  /** Takes `count` pages in a row, from page `from` on. */
  takeRun(count: number, from = 0): number {
    let page = this.#freeCount >= count ? this.#findRun(count, from) : 0;
    if (page === 0) {
      page = this.#pageCount;
      const bit = bitOf(page);
      // A run lies between two maps: the next map page stands where it must.
      if (bit === 0) page++;
      else if (bit + count > PAGES_A_MAP) page += PAGES_A_MAP - bit + 1;
      this.#extend(page + count);
    }
    this.#mark(page, count, true);
    return page;
  }

  /** Gives back `count` pages in a row. */
  free(page: number, count: number): void {
    this.#mark(page, count, false);
    if (page < this.#lowest) this.#lowest = page;
    this.#noteRun(page, count);
    for (let i = 0; i < count; i++) this.#pager.forget(page + i);
  }

  /** The free page that `take` takes next; 0 if there is none. */
  lowestFree(): number {
    const page = this.#freeCount === 0 ? this.#pageCount : this.#findFree();
    return page < this.#pageCount ? page : 0;
  }

  /** Finds `count` free pages in a row from `from` to before `page`; 0 if there are none. */
  findLower(page: number, count: number, from = 0): number {
    const first = this.#freeCount >= count ? this.#findRun(count, from) : 0;
    return first > 0 && first + count <= page ? first : 0;
  }

  /** Takes what `findLower` finds. */
  lowerRun(page: number, count: number, from = 0): number {
    return this.findLower(page, count, from) > 0 ? this.takeRun(count, from) : 0;
  }

  /** Tells how many pages are left if the free ones at the end go. */
  countUsed(): number {
    let count = this.#pageCount;
    // A map page counts itself as used: past the end it has nothing to account for.
    while (count > 0 && (!this.isUsed(count - 1) || this.isMap(count - 1))) count--;
    return count;
  }

  /** Lets go of the pages from `pageCount` on, which are free or maps of free ones. */
  cut(pageCount: number): void {
    for (let page = pageCount; page < this.#pageCount; page++) {
      if (!this.isMap(page) && !this.isUsed(page)) this.#countFree(page, -1);
    }
    this.#pageCount = pageCount;
    this.#root.set(ROOT.pageCountAt, pageCount);
    this.#lowest = Math.min(this.#lowest, pageCount);
  }

  /** Gives up the room that the disk has beyond the pages of the file: it may be cut off. */
  giveRoom(): void {
    this.#room.giveUp(this.#pageCount);
  }

  /** Where the room ends that the disk has for the file, in bytes. */
  get roomBytes(): number {
    return this.#room.bytes;
  }

  /** Tells whether a page is a map. */
  isMap(page: number): boolean {
    return bitOf(page) === 0;
  }

  /**
   * Checks that a file which is shorter than its pages has lost its length with the power: then the
   * journal has outlived it, and what the file lacks is in memory. But for the pages that the
   * journal was about to move to, for nothing stands there.
   */
  #checkLength(): void {
    const ring = this.#root.get(ROOT.journalPageAt);
    const ringEnd = ring + this.#root.get(ROOT.journalPagesAt);
    for (let page = this.#room.pages; page < this.#pageCount; page++) {
      const isOfRing = page >= ring && page < ringEnd;
      if (isOfRing || this.#pager.isDirty(page) || !this.isUsed(page)) continue;
      const { pages, bytes } = this.#room;
      const found = `the file is cut: it has ${pages} pages of ${this.#pageCount}`;
      throw new KvCorruptError(this.#pager.path, bytes, found);
    }
  }

  /** Makes the file longer, within its room; its new pages are free, but for maps. */
  #extend(pageCount: number): void {
    // Growing later would write zeros over pages in use.
    assert(pageCount <= this.#room.pages, "a file grows without room");
    while (this.#pageCount < pageCount) {
      const bit = bitOf(this.#pageCount);
      const count = Math.min(pageCount - this.#pageCount, PAGES_A_MAP - bit);
      const first = bit === 0 ? this.#pageCount + 1 : this.#pageCount;
      this.#countFree(this.#pageCount, count);
      if (bit === 0) this.#beginMap(this.#pageCount);
      this.#pageCount += count;
      this.#noteRun(first, this.#pageCount - first);
    }
    this.#root.set(ROOT.pageCountAt, pageCount);
  }

  #beginMap(page: number): void {
    const frame = this.#journal.blank(page);
    this.#pager.setU8(frame, PAGE_TYPE_AT, MAP_TYPE);
    this.#journal.log(frame, PAGE_TYPE_AT, 1);
    this.#mark(page, 1, true);
  }

  /** Counts pages of one map, from `page` on, as free, or as taken if `count` is below 0. */
  #countFree(page: number, count: number): void {
    this.#freeInMaps[mapOf(page)] = this.#freeInMapOf(page) + count;
    this.#freeCount += count;
  }

  /** How many pages are free of those that the map of `page` accounts for. */
  #freeInMapOf(page: number): number {
    return this.#freeInMaps[mapOf(page)] ?? 0;
  }

  /** The byte of a map that has the bits of `page` and its neighbours. */
  #byteOf(page: number): number {
    const bit = bitOf(page);
    return this.#pager.u8(this.#mapFrame(page - bit), MAP_BITS_AT + (bit >>> 3));
  }

  #mapFrame(page: number): number {
    const frame = this.#pager.frame(page);
    if (this.#pager.u8(frame, PAGE_TYPE_AT) === MAP_TYPE) return frame;
    throw new KvCorruptError(this.#pager.path, page * PAGE_BYTES, "this is no map of pages");
  }

  #mark(page: number, count: number, isUsed: boolean): void {
    for (let next = page; next < page + count;) {
      const bit = bitOf(next);
      const frame = this.#mapFrame(next - bit);
      const end = Math.min(bit + page + count - next, PAGES_A_MAP);
      for (let i = bit; i < end; i++) {
        const at = MAP_BITS_AT + (i >>> 3);
        const bits = this.#pager.u8(frame, at);
        const mask = 1 << (i & 7);
        if (((bits & mask) !== 0) === isUsed) this.#failTwice(next + i - bit, isUsed);
        this.#pager.setU8(frame, at, bits ^ mask);
      }
      const firstAt = MAP_BITS_AT + (bit >>> 3);
      this.#journal.log(frame, firstAt, MAP_BITS_AT + ((end - 1) >>> 3) - firstAt + 1);
      this.#countFree(next, isUsed ? bit - end : end - bit);
      next += end - bit;
    }
  }

  #failTwice(page: number, isUsed: boolean): never {
    const found = `page ${page} was ${isUsed ? "taken" : "freed"} twice`;
    throw new KvCorruptError(this.#pager.path, page * PAGE_BYTES, found);
  }

  #findFree(): number {
    for (let page = this.#lowest; page < this.#pageCount;) {
      const bit = bitOf(page);
      if (this.#freeInMapOf(page) === 0) {
        page += PAGES_A_MAP - bit;
        continue;
      }
      const byte = this.#byteOf(page);
      if (byte === 0xff) page += 8 - (bit & 7);
      else if ((byte & (1 << (bit & 7))) !== 0) page++;
      else return page;
    }
    return this.#pageCount;
  }

  /**
   * Notes that `count` pages from `page` on became free: the run that they are in may be long
   * enough by now. It is measured, as far as anybody asked for runs. To look for runs from here on
   * would be to search all of a file that is free in places.
   */
  #noteRun(page: number, count: number): void {
    let longest = 0;
    for (const [wanted, from] of this.#runsFrom) {
      if (page - wanted < from) longest = Math.max(longest, wanted);
    }
    const first = this.#startOfFree(page, page - longest);
    const end = this.#endOfFree(page + count, first + longest);
    for (const [wanted, from] of this.#runsFrom) {
      if (end - first >= wanted && first < from) this.#runsFrom.set(wanted, first);
    }
  }

  /** Where the free pages before `page` begin, or a place before `least` if they reach that far. */
  #startOfFree(page: number, least: number): number {
    let first = page;
    while (first > least && first > FIRST_MAP_PAGE && !this.isUsed(first - 1)) {
      const bit = bitOf(first);
      const isWhole = bit >= 8 && bit % 8 === 0 && this.#byteOf(first - 8) === 0;
      first -= isWhole ? 8 : 1;
    }
    return first;
  }

  /** Where the free pages from `page` on end, or a place past `most` if they reach that far. */
  #endOfFree(page: number, most: number): number {
    let end = page;
    while (end < most && end < this.#pageCount && !this.isUsed(end)) {
      const isWhole = bitOf(end) % 8 === 0 && this.#byteOf(end) === 0;
      end += isWhole ? 8 : 1;
    }
    return Math.min(end, this.#pageCount);
  }

  /** Finds `count` free pages in a row, from page `from` on; 0 if there are none. */
  #findRun(count: number, from: number): number {
    const start = Math.max(this.#lowest, this.#runsFrom.get(count) ?? 0);
    const found = this.#searchRun(count, Math.max(start, from));
    if (from <= start) {
      if (this.#runsFrom.size >= RUN_COUNTS_MAX) this.#runsFrom.clear();
      this.#runsFrom.set(count, found === 0 ? this.#pageCount : found);
    }
    return found;
  }

  #searchRun(count: number, from: number): number {
    let first = from;
    for (let page = first; page < this.#pageCount;) {
      const bit = bitOf(page);
      // A run lies between two maps.
      if (this.#freeInMapOf(page) < count) first = page += PAGES_A_MAP - bit;
      else if ((bit & 7) === 0 && this.#byteOf(page) === 0xff) first = page += 8;
      else if (this.isUsed(page)) first = ++page;
      else if (++page - first === count) return first;
    }
    return 0;
  }
}

/** The place of a page among those of its map. */
function bitOf(page: number): number {
  return (page - FIRST_MAP_PAGE) % PAGES_A_MAP;
}

/** Which map, from 0, accounts for a page. */
function mapOf(page: number): number {
  return Math.floor((page - FIRST_MAP_PAGE) / PAGES_A_MAP);
}
