/**
 * What happens when a file is opened: which header counts, and which changes of the journal are not
 * in their place yet.
 *
 * Whole records are played in their order until one is not there. It may be torn, because power was
 * lost while it was written: then it was never acknowledged, and ends the journal. But each record
 * says how far the journal was on the medium when it was made; so if a later one says that the one
 * missing had been, the medium has lost it, and the file is corrupt.
 *
 * A page may be torn likewise. Before pages are written to their places, the journal has the sum
 * each of them will have; so a page whose own sum is wrong must come to such a sum while it is
 * replayed, or it was damaged.
 */

import { crc32c } from "../../internal/crc32c.ts";
import { KvCorruptError } from "../../kv/errors.ts";
import { BIRTH_MARK, decodeHeader, type Header, LaterVersionError, MAGIC } from "./header.ts";
import { align } from "./journal.ts";
import {
  FIRST_PAGES_MAX,
  HEADER_COPY_PAGE,
  HEADER_PAGE,
  JOURNAL,
  JOURNAL_PAGES_MIN,
  PAGE_BYTES,
  PAGE_SUM_AT,
  PATCH,
  ROOT,
  ROOT_PAGE,
} from "./layout.ts";
import type { Pager } from "./pager.ts";
import type { Storage } from "./storage.ts";

/** The header that counts, and the page it was found on. */
export interface FoundHeader {
  readonly header: Header;
  readonly page: number;
}

/**
 * Reads the header from its newer copy, or from the only good one.
 *
 * @returns The header; `null` for a file that is new, or whose making was cut short.
 * @throws {KvCorruptError} If neither copy is good.
 */
export function readHeader(storage: Storage, path: string): FoundHeader | null {
  if (storage.size() === 0) return null;
  const first = readCopy(storage, HEADER_PAGE, path);
  const second = readCopy(storage, HEADER_COPY_PAGE, path);
  for (const copy of [first, second]) if (copy instanceof LaterVersionError) throw copy;
  if (first instanceof KvCorruptError) {
    if (!(second instanceof KvCorruptError)) return { header: second, page: HEADER_COPY_PAGE };
    if (isUnborn(storage)) return null;
    throw first;
  }
  if (second instanceof KvCorruptError || first.sequence >= second.sequence) {
    return { header: first, page: HEADER_PAGE };
  }
  return { header: second, page: HEADER_COPY_PAGE };
}

function readCopy(storage: Storage, page: number, path: string): Header | KvCorruptError {
  const bytes = new Uint8Array(PAGE_BYTES);
  const count = storage.read(page * PAGE_BYTES, bytes);
  try {
    return decodeHeader(bytes.subarray(0, count), page, path);
  } catch (error) {
    if (error instanceof KvCorruptError) return error;
    throw error;
  }
}

/**
 * Tells whether the making of the file was cut short, so that nothing was ever stored.
 *
 * A page with the birth mark comes first, and is on the medium before anything else: a file without
 * it is somebody else's, or one of ours that is damaged. Headers come last, when the file has its
 * length, the first copy before the second: so the first may be torn, and there are zeros in place
 * of the second.
 */
function isUnborn(storage: Storage): boolean {
  const size = storage.size();
  const bytes = new Uint8Array((ROOT_PAGE + 1) * PAGE_BYTES);
  const count = storage.read(0, bytes);
  const mark = Array.from(BIRTH_MARK);
  if (size <= PAGE_BYTES) {
    return bytes.subarray(0, count).every((byte, i) => byte === 0 || byte === mark[i]);
  }
  const isMarked = mark.every((byte, i) => bytes[i] === byte);
  const isTorn = mark.every((byte, i) => bytes[i] === byte || bytes[i] === MAGIC[i]) &&
    size >= JOURNAL_PAGES_MIN * PAGE_BYTES;
  const rootAt = ROOT_PAGE * PAGE_BYTES;
  const entries = new DataView(bytes.buffer).getFloat64(rootAt + ROOT.entriesAt, true);
  return (isMarked || isTorn) && entries === 0 && size <= FIRST_PAGES_MAX * PAGE_BYTES &&
    bytes.subarray(HEADER_COPY_PAGE * PAGE_BYTES, rootAt).every((byte) => byte === 0);
}

/**
 * Plays the journal into the pages in memory.
 *
 * @returns The position behind the last record of normal work.
 * @throws {KvCorruptError} If a record or a page is damaged.
 */
export function replay(storage: Storage, pager: Pager, header: Header): number {
  const ring = readRing(storage, header);
  const view = new DataView(ring.buffer);
  pager.startRecovery();
  let generation = 0;
  let end = 0;
  let at = 0;
  while (isRecord(view, at, header)) {
    const found = view.getUint32(at + JOURNAL.generationAt, true);
    if (found < generation) break;
    const length = view.getUint32(at + JOURNAL.lengthAt, true);
    play(ring, view, at, at + length, pager);
    at += align(length);
    generation = found;
    if (generation === 0) end = at;
  }
  checkTail(view, at, header, pager.path);
  pager.endRecovery();
  return header.position + end;
}

/** Reads the ring so that it begins with the first record that counts. */
function readRing(storage: Storage, header: Header): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(header.journalPages * PAGE_BYTES);
  const start = header.journalPage * PAGE_BYTES;
  const first = header.position % bytes.length;
  storage.read(start + first, bytes.subarray(0, bytes.length - first));
  storage.read(start, bytes.subarray(bytes.length - first));
  return bytes;
}

/** Tells whether a whole record stands at `at` of the ring. */
function isRecord(view: DataView, at: number, header: Header): boolean {
  if (at + JOURNAL.headBytes > view.byteLength) return false;
  if (readU64(view, at + JOURNAL.positionAt) !== header.position + at) return false;
  const length = view.getUint32(at + JOURNAL.lengthAt, true);
  if (length < JOURNAL.headBytes || at + length > view.byteLength) return false;
  const crc = (view.getUint32(at + JOURNAL.crcAt, true) ^ header.hashKey.high) >>> 0;
  return crc === crc32c(view, at + JOURNAL.lengthAt, at + length);
}

/** Applies the patches of the record from `at` to `end`. */
function play(ring: Uint8Array, view: DataView, at: number, end: number, pager: Pager): void {
  for (let next = at + JOURNAL.headBytes; next < end;) {
    const page = view.getUint32(next + PATCH.pageAt, true);
    const place = view.getUint16(next + PATCH.placeAt, true);
    const length = view.getUint16(next + PATCH.lengthAt, true);
    const from = next + PATCH.headBytes;
    next = from + length;
    if (place === PATCH.blankMark) {
      pager.markDirty(pager.blank(page));
    } else if (place === PATCH.sumMark) {
      pager.vouch(page, view.getUint32(from, true));
    } else {
      if (place + length > PAGE_SUM_AT || next > end) {
        throw new KvCorruptError(pager.path, page * PAGE_BYTES, "a patch exceeds its page");
      }
      const frame = pager.frame(page);
      pager.setBytes(frame, place, ring, from, next);
      pager.markDirty(frame);
    }
  }
}

/** @throws {KvCorruptError} If a record behind the last whole one says that there was another. */
function checkTail(view: DataView, end: number, header: Header, path: string): void {
  const { position, journalPage } = header;
  for (let at = end + JOURNAL.alignBytes; at + JOURNAL.headBytes <= view.byteLength;) {
    const isLater = view.getUint32(at + JOURNAL.positionAt, true) === (position + at) >>> 0 &&
      isRecord(view, at, header);
    if (isLater && readU64(view, at + JOURNAL.syncedAt) > position + end) {
      const offset = journalPage * PAGE_BYTES + (position + end) % view.byteLength;
      throw new KvCorruptError(path, offset, "a record of the journal is damaged");
    }
    at += JOURNAL.alignBytes;
  }
}

function readU64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}
