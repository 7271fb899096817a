/**
 * Every number of the file format, and the header that opens a file. `docs/file-format.md` draws
 * what stands here.
 *
 * A file is a row of pages of 4096 bytes. The last four bytes of a page are the sum of the others
 * and of the page's number, so a page that was damaged, or written elsewhere, is known when it is
 * read. All numbers are little-endian; the ones called `…Page` count pages from the start of the
 * file, and an address names a record by its page and its place there in units of 16 bytes.
 */

import { assert } from "../../internal/assert.ts";
import type { HashKey } from "../../internal/hash.ts";
import { KvCorruptError } from "../../kv/errors.ts";

/** Bytes of a page. */
export const PAGE_BYTES = 4096;
/** Where the sum of a page stands; all before it is the page's own. */
export const PAGE_SUM_AT = 4092;

/** The version of the format that this code writes. */
export const FORMAT_VERSION = 1;

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
  /** A bucket with so many slots in use is split before the next one is taken. */
  splitCount: 340,
  /** Inside a slot: the page of the record, its hash and unit, the link to the next slot. */
  tagAt: 4,
  nextAt: 8,
} as const;

/** Bits of a key's hash in a slot; the directory counts its depth in them. */
export const HASH_BITS = 24;

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

/** Addresses count in units of so many bytes. */
export const UNIT_BYTES = 16;
export const UNITS_A_PAGE: number = PAGE_BYTES / UNIT_BYTES;
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

/** What a cell holds, in its first byte; a free cell has the unit of the next one behind it. */
export const FREE_CELL = 0;
export const STRING = 1;
export const LIST = 2;
export const ELEMENT = 3;

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
} as const;

/** Flags of a record. */
export const EXPIRES = 1;
export const LONG = 2;

/**
 * An element of a list: addresses of its neighbours, then its value. The neighbour of the first and
 * the last one is the record of the list.
 */
export const ELEMENT_PREVIOUS_AT = 8;
export const ELEMENT_NEXT_AT = 13;
export const ELEMENT_HEAD_BYTES = 18;

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
  /** A patch: page, place in it, bytes; then the bytes. */
  patchHeadBytes: 8,
  /** In the place of a patch: the page starts as zeros; the page has this sum. */
  blankMark: 0xffff,
  sumMark: 0xfffe,
} as const;

assert(JOURNAL_PAGES_MIN + FIRST_TABLE_PAGE < 256);
assert(BUCKET.slotsAt === BUCKET.headsAt + 2 * BUCKET.headCount);
assert(BUCKET.slotsAt + BUCKET.slotCount * BUCKET.slotBytes <= PAGE_SUM_AT);
assert(BUCKET.splitCount < BUCKET.slotCount);
assert(ROOT.roomyPagesAt + 4 * CELL_BYTES.length <= PAGE_SUM_AT);
assert(CELLS.cellsAt % UNIT_BYTES === 0 && UNITS_A_PAGE === 256);
assert(CELL_BYTES.length <= 256 && CELL_BYTES[0] === CELL_BYTES_MIN);

/** The first bytes of a file that is being made: "JetKVnew". No byte is that of the magic. */
export const BIRTH_MARK: Uint8Array = Uint8Array.of(
  0x4a,
  0x65,
  0x74,
  0x4b,
  0x56,
  0x6e,
  0x65,
  0x77,
);
/** The first bytes of a file. */
export const MAGIC: Uint8Array = Uint8Array.of(0x89, 0x4a, 0x4b, 0x56, 0x0d, 0x0a, 0x1a, 0x0a);
const VERSION_AT = 8;
const PAGE_BYTES_AT = 12;
const HASH_KEY_AT = 16;
const POSITION_AT = 24;
const JOURNAL_PAGE_AT = 32;
const JOURNAL_PAGES_AT = 36;
const IS_CLEAN_AT = 40;
const SEQUENCE_AT = 44;

/** What a file says of itself before anything else is known. */
export interface Header {
  readonly hashKey: HashKey;
  /** Where in the endless row of journal records the first one stands that counts. */
  readonly position: number;
  readonly journalPage: number;
  readonly journalPages: number;
  /** Whether the file was closed with every page in its place: then no record counts. */
  readonly isClean: boolean;
  /** Counts the times that headers were written, so that of two the newer is known. */
  readonly sequence: number;
}

/** Makes the page of a header, its sum included. */
export function encodeHeader(header: Header, page: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(PAGE_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(VERSION_AT, FORMAT_VERSION, true);
  view.setUint32(PAGE_BYTES_AT, PAGE_BYTES, true);
  view.setUint32(HASH_KEY_AT, header.hashKey.low, true);
  view.setUint32(HASH_KEY_AT + 4, header.hashKey.high, true);
  view.setBigUint64(POSITION_AT, BigInt(header.position), true);
  view.setUint32(JOURNAL_PAGE_AT, header.journalPage, true);
  view.setUint32(JOURNAL_PAGES_AT, header.journalPages, true);
  view.setUint32(IS_CLEAN_AT, header.isClean ? 1 : 0, true);
  view.setUint32(SEQUENCE_AT, header.sequence, true);
  view.setUint32(PAGE_SUM_AT, pageSum(view, 0, page), true);
  return bytes;
}

/**
 * Reads the page of a header.
 *
 * @throws {KvCorruptError} If it is not one, or of a version after this code.
 */
export function decodeHeader(bytes: Uint8Array, page: number, path: string): Header {
  const start = page * PAGE_BYTES;
  if (MAGIC.some((byte, i) => i < bytes.length && bytes[i] !== byte)) {
    throw new KvCorruptError(path, start, "this is no JetKV file");
  }
  if (bytes.length < PAGE_BYTES) {
    throw new KvCorruptError(path, start + bytes.length, "the file ends inside the header");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, PAGE_BYTES);
  if (view.getUint32(PAGE_SUM_AT, true) !== pageSum(view, 0, page)) {
    throw new KvCorruptError(path, start, "the checksum of the header differs");
  }
  const version = view.getUint32(VERSION_AT, true);
  if (version !== FORMAT_VERSION) {
    const found = `its format is version ${version}, and this code knows ${FORMAT_VERSION}`;
    throw new KvCorruptError(path, start + VERSION_AT, found);
  }
  const header = {
    hashKey: {
      low: view.getUint32(HASH_KEY_AT, true),
      high: view.getUint32(HASH_KEY_AT + 4, true),
    },
    position: Number(view.getBigUint64(POSITION_AT, true)),
    journalPage: view.getUint32(JOURNAL_PAGE_AT, true),
    journalPages: view.getUint32(JOURNAL_PAGES_AT, true),
    isClean: view.getUint32(IS_CLEAN_AT, true) === 1,
    sequence: view.getUint32(SEQUENCE_AT, true),
  };
  const isSound = view.getUint32(PAGE_BYTES_AT, true) === PAGE_BYTES &&
    Number.isSafeInteger(header.position) && header.journalPage > ROOT_PAGE &&
    header.journalPages >= JOURNAL_PAGES_MIN;
  if (!isSound) throw new KvCorruptError(path, start, "the header makes no sense");
  return header;
}

/**
 * The sum of page `page`, whose bytes begin at `at`: four lanes that multiply and rotate.
 *
 * It changes with any one word, and with other damage all but once in four billion times. Six times
 * as fast as a CRC, which matters where every page from the disk is summed.
 */
export function pageSum(view: DataView, at: number, page: number): number {
  let a = page ^ 0x2545f491;
  let b = 0x9e3779b9;
  let c = 0x7f4a7c15;
  let d = 0x165667b1;
  const end = at + PAGE_SUM_AT;
  for (let i = at; i < end - 12; i += 16) {
    a = Math.imul(a ^ view.getInt32(i, true), 0x9e3779b1);
    b = Math.imul(b ^ view.getInt32(i + 4, true), 0x85ebca77);
    c = Math.imul(c ^ view.getInt32(i + 8, true), 0xc2b2ae3d);
    d = Math.imul(d ^ view.getInt32(i + 12, true), 0x27d4eb2f);
    a = (a << 13) | (a >>> 19);
    b = (b << 13) | (b >>> 19);
    c = (c << 13) | (c >>> 19);
    d = (d << 13) | (d >>> 19);
  }
  a = Math.imul(a ^ view.getInt32(end - 12, true), 0x9e3779b1);
  b = Math.imul(b ^ view.getInt32(end - 8, true), 0x85ebca77);
  c = Math.imul(c ^ view.getInt32(end - 4, true), 0xc2b2ae3d);
  return (a ^ ((b << 7) | (b >>> 25)) ^ ((c << 15) | (c >>> 17)) ^ ((d << 23) | (d >>> 9))) >>> 0;
}
