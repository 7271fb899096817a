/**
 * The header: the first page of a file, and the second, which is a copy. All else is found from it.
 */

import type { HashKey } from "../../internal/hash.ts";
import { KvCorruptError } from "../../kv/errors.ts";
import {
  JOURNAL,
  JOURNAL_PAGES_MIN,
  PAGE_BYTES,
  PAGE_SUM_AT,
  PAGES_A_MAP,
  ROOT_PAGE,
} from "./layout.ts";
import { pageSum } from "./page_sum.ts";

/** The version of the format that this code writes. */
export const FORMAT_VERSION = 1;

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

/** A header is whole, and of a later version: so is the file, whatever its other header says. */
export class LaterVersionError extends KvCorruptError {}

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
    throw new LaterVersionError(path, start + VERSION_AT, found);
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
    Number.isSafeInteger(header.position) && header.position % JOURNAL.alignBytes === 0 &&
    header.journalPage > ROOT_PAGE && header.journalPages >= JOURNAL_PAGES_MIN &&
    header.journalPages < PAGES_A_MAP; // between two maps
  if (!isSound) throw new KvCorruptError(path, start, "the header makes no sense");
  return header;
}
