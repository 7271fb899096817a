/**
 * Every number of the file format but those of the header, which has a file of its own.
 * `docs/file-format.md` draws what stands here.
 *
 * A file is a row of pages of 4096 bytes. The last four bytes of a page are the sum of the others
 * and of the page's number, so a page that was damaged, or written elsewhere, is known when it is
 * read. All numbers are little-endian; the ones called `…Page` count pages from the start of the
 * file, and an address names a record by its page and its place there in units of 16 bytes.
 */

import { assert } from "../../internal/assert.ts";

/** Bytes of a page. */
export const PAGE_BYTES = 4096;
/** Where the sum of a page stands; all before it is the page's own. */
export const PAGE_SUM_AT = 4092;

/** The two copies of the header, the page all else hangs from, and the first map of pages. */
export const HEADER_PAGE = 0;
export const HEADER_COPY_PAGE = 1;
export const ROOT_PAGE = 2;
export const FIRST_MAP_PAGE = 3;
/** The table begins behind them. */
export const FIRST_TABLE_PAGE = 4;

/** A new table has at most 2^12 buckets: more come when they are needed. */
export const FIRST_DEPTH_MAX = 12;
/** No file is longer when it is made. */
export const FIRST_PAGES_MAX: number = 2 ** FIRST_DEPTH_MAX + 256;

/** Pages that one map accounts for, a bit each, beginning with itself. */
export const MAP_BITS_AT = 4;
export const PAGES_A_MAP: number = (PAGE_SUM_AT - MAP_BITS_AT) * 8;

/** Pages of the journal in a new file, and the most it grows to unless one record needs more. */
export const JOURNAL_PAGES_MIN = 128;
export const JOURNAL_PAGES_MAX = 4096;

/** The longest value: it must fit between two maps; also bounds what a reader allocates for one. */
export const VALUE_BYTES_MAX: number = 64 * 2 ** 20;

/** What kind a page is, in its first byte; only headers and the journal have none. */
export const PAGE_TYPE_AT = 0;
export const ROOT_TYPE = 1;
export const MAP_TYPE = 2;
export const BUCKET_TYPE = 3;
export const CELLS_TYPE = 4;
export const RUN_TYPE = 5;
export const DIRECTORY_TYPE = 6;

/** The root: where everything begins. Counters are 64-bit floats, exact to 2^53. */
export const ROOT = {
  pageCountAt: 4,
  directoryPageAt: 8,
  depthAt: 12,
  journalPageAt: 16,
  journalPagesAt: 20,
  garbagePageAt: 24,
  garbageUnitAt: 28,
  entriesAt: 32,
  bytesAt: 40,
  expiringAt: 48,
  /** Four bytes a class of cells: the first page of it with room. */
  roomyPagesAt: 64,
} as const;

/** A bucket: heads of chains, then the links and the addresses of its slots. */
export const BUCKET = {
  depthAt: 1,
  countAt: 2,
  freeSlotAt: 4,
  freshSlotAt: 6,
  headsAt: 16,
  headCount: 256,
  slotsAt: 528,
  slotBytes: 10,
  slotCount: 356,
  /** A bucket is split once this many of its slots are in use. */
  splitCount: 340,
  /** Inside a slot: the page of the record, its hash and unit, the link to the next slot. */
  tagAt: 4,
  nextAt: 8,
} as const;

/** Where in its bucket a slot stands. Slots count from 1: 0 ends a chain. */
export function slotPlace(slot: number): number {
  return BUCKET.slotsAt + (slot - 1) * BUCKET.slotBytes;
}

/** Bits of a key's hash in a slot; the directory counts its depth in them. */
export const HASH_BITS = 24;
/** The end of all hashes. */
export const HASH_END: number = 2 ** HASH_BITS;

/** Entries of a page of the directory, four bytes each, behind its type. */
export const DIRECTORY_AT = 4;
export const DIRECTORY_ENTRIES: number = (PAGE_SUM_AT - DIRECTORY_AT) / 4;

/** A page of a long value: whose it is (in the first page), its place in the run, its bytes. */
export const RUN = {
  ownerUnitAt: 1,
  ownerPageAt: 4,
  indexAt: 8,
  dataAt: 12,
} as const;

/** Bytes of a long value in one page. */
export const RUN_BYTES: number = PAGE_SUM_AT - RUN.dataAt;

/** Counts the pages of a run that holds `bytes`. */
export function runPages(bytes: number): number {
  return Math.ceil(bytes / RUN_BYTES);
}

/** A page of cells: records of one class of size. */
export const CELLS = {
  classAt: 1,
  freeUnitAt: 2,
  freshUnitAt: 3,
  countAt: 4,
  nextPageAt: 8,
  previousPageAt: 12,
  cellsAt: 16,
} as const;

/** Addresses count in units of 16 bytes. */
export const UNIT_BYTES = 16;
export const UNITS_A_PAGE: number = PAGE_BYTES / UNIT_BYTES;
/** Bits of a unit's number. In a slot it shares a word with the hash. */
export const UNIT_BITS = 8;
/** The address of nothing. */
export const NIL = 0;

/** The address of a unit of a page. */
export function addressOf(page: number, unit: number): number {
  return page * UNITS_A_PAGE + unit;
}

/** The page of an address. */
export function pageOf(address: number): number {
  return Math.floor(address / UNITS_A_PAGE);
}

/** The unit of its page that an address names. */
export function unitOf(address: number): number {
  return address & (UNITS_A_PAGE - 1);
}

/** Where in its page an address points. */
export function placeOf(address: number): number {
  return unitOf(address) * UNIT_BYTES;
}

/** Where in the file an address points. */
export function offsetOf(address: number): number {
  return address * UNIT_BYTES;
}

/** Smallest cell: an element or a string with a few bytes. */
const CELL_BYTES_MIN = 32;

/**
 * Bytes of a cell, class by class, smallest first: for each number of cells that a page can hold,
 * the largest cell. So a page loses little, and a value that grows a little stays in its cell.
 */
export const CELL_BYTES: readonly number[] = cellSizes();

function cellSizes(): number[] {
  const room = PAGE_SUM_AT - CELLS.cellsAt;
  const sizes = new Set<number>();
  for (let count = 1; Math.floor(room / count) >= CELL_BYTES_MIN; count++) {
    sizes.add(Math.floor(room / count / UNIT_BYTES) * UNIT_BYTES);
  }
  return [...sizes].reverse();
}

/** The largest record that fits a cell. A longer value has pages of its own. */
export const CELL_BYTES_MAX: number = CELL_BYTES.at(-1)!;

const CLASS_BY_UNITS: Uint8Array = classByUnits();

function classByUnits(): Uint8Array {
  const table = new Uint8Array(CELL_BYTES_MAX / UNIT_BYTES + 1);
  let sizeClass = 0;
  for (let units = 0; units < table.length; units++) {
    if (units * UNIT_BYTES > CELL_BYTES[sizeClass]!) sizeClass++;
    table[units] = sizeClass;
  }
  return table;
}

/** Gives the smallest class of cells that holds `bytes`, at most `CELL_BYTES_MAX`. */
export function classFor(bytes: number): number {
  return CLASS_BY_UNITS[(bytes + UNIT_BYTES - 1) >>> 4]!;
}

/** Counts the cells of a page of a class. */
export function cellsAPage(sizeClass: number): number {
  return Math.floor((PAGE_SUM_AT - CELLS.cellsAt) / CELL_BYTES[sizeClass]!);
}

/** What a cell holds, in its first byte. */
export const FREE_CELL = 0;
export const STRING = 1;
export const LIST = 2;
export const ELEMENT = 3;

/** Where a free cell has the unit of the next one of its page. */
export const NEXT_FREE_AT = 1;

/** An address inside a record: page, unit. */
export const ADDRESS = {
  unitAt: 4,
  bytes: 5,
} as const;

/** Where things stand in a record; see `records.ts`. */
export const RECORD = {
  kindAt: 0,
  flagsAt: 1,
  keyBytesAt: 2,
  /** Bytes of a value, or elements of a list. */
  lengthAt: 4,
  headBytes: 8,
  deadlineBytes: 8,
  /** A long value: its first page. */
  runBytes: 4,
  /** A list: addresses of its first and last element, then the bytes of all. */
  lastAt: 5,
  bytesAt: 10,
  linksBytes: 18,
  /**
   * An element of a list: addresses of its neighbours, then its value. The neighbour of the first
   * and the last one is the record of the list.
   */
  previousAt: 8,
  nextAt: 13,
  elementHeadBytes: 18,
} as const;

/** Flags of a record. */
export const EXPIRES = 1;
export const LONG = 2;

/** A record of the journal. */
export const JOURNAL = {
  crcAt: 0,
  lengthAt: 4,
  positionAt: 8,
  syncedAt: 16,
  /** 1 for what recovery wrote: nothing older may follow. */
  generationAt: 24,
  headBytes: 32,
  alignBytes: 8,
} as const;

/** A patch: records of the journal are rows of them. Its head says how many bytes follow. */
export const PATCH = {
  pageAt: 0,
  placeAt: 4,
  lengthAt: 6,
  headBytes: 8,
  /** As the place: the page starts as zeros; the page has this sum. */
  blankMark: 0xffff,
  sumMark: 0xfffe,
} as const;

assert(JOURNAL_PAGES_MIN + FIRST_TABLE_PAGE < 256);
assert(BUCKET.slotsAt === BUCKET.headsAt + 2 * BUCKET.headCount);
assert(BUCKET.slotsAt + BUCKET.slotCount * BUCKET.slotBytes <= PAGE_SUM_AT);
assert(BUCKET.splitCount < BUCKET.slotCount);
assert(ROOT.roomyPagesAt + 4 * CELL_BYTES.length <= PAGE_SUM_AT);
assert(CELLS.cellsAt % UNIT_BYTES === 0 && UNITS_A_PAGE === 1 << UNIT_BITS);
assert(HASH_BITS + UNIT_BITS === 32);
assert(RECORD.lastAt === ADDRESS.bytes && RECORD.bytesAt === 2 * ADDRESS.bytes);
assert(RECORD.previousAt === RECORD.headBytes);
assert(RECORD.nextAt === RECORD.previousAt + ADDRESS.bytes);
assert(RECORD.elementHeadBytes === RECORD.nextAt + ADDRESS.bytes);
assert(CELL_BYTES.length <= 256 && CELL_BYTES[0] === CELL_BYTES_MIN);
