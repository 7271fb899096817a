/**
 * The layers of an open file, put together from the disk up.
 */

import { type HashKey, randomHashKey } from "../../internal/hash.ts";
import { KvCorruptError } from "../../kv/errors.ts";
import { Allocator } from "./allocator.ts";
import { BIRTH_MARK, type Header } from "./header.ts";
import { Journal } from "./journal.ts";
import {
  FIRST_DEPTH_MAX,
  FIRST_TABLE_PAGE,
  HEADER_COPY_PAGE,
  JOURNAL_PAGES_MIN,
  PAGE_BYTES,
  PAGE_TYPE_AT,
  ROOT,
  ROOT_PAGE,
  ROOT_TYPE,
} from "./layout.ts";
import { Lists } from "./lists.ts";
import { PageMap } from "./page_map.ts";
import { Pager } from "./pager.ts";
import { Records } from "./records.ts";
import { readHeader, replay } from "./recovery.ts";
import { Root } from "./root.ts";
import type { Storage } from "./storage.ts";
import { Table } from "./table.ts";

/** The layers of an open file. */
export interface FileParts {
  readonly path: string;
  readonly storage: Storage;
  readonly pager: Pager;
  readonly journal: Journal;
  readonly root: Root;
  readonly map: PageMap;
  readonly allocator: Allocator;
  readonly table: Table;
  readonly records: Records;
  readonly lists: Lists;
  readonly hashKey: HashKey;
  /** Bits of the directory of a new table. */
  readonly firstDepth: number;
}

/** How a file is opened. */
export interface FileSettings {
  readonly path: string;
  readonly addressSpaceSize: number;
  readonly cacheBytes: number;
}

/** A file whose layers stand, and where its journal goes on. */
export interface OpenedFile {
  readonly parts: FileParts;
  /** Where the journal of this run begins. */
  readonly position: number;
  /** The page of the header that the file was opened by, and how often headers were written. */
  readonly headerPage: number;
  readonly sequence: number;
}

/**
 * Opens a file: makes it where there is none, replays its journal where it was not closed. Nothing
 * has been written then but the room of a new file; a checkpoint must follow.
 *
 * @throws {KvCorruptError} If it is no file of ours, or damaged.
 */
export function openFile(storage: Storage, settings: FileSettings): OpenedFile {
  const found = storage.canRead ? readHeader(storage, settings.path) : null;
  if (found === null) return createFile(assemble(storage, settings, randomHashKey()));
  const { header, page } = found;
  const parts = assemble(storage, settings, header.hashKey);
  const position = recover(parts, header);
  return { parts, position, headerPage: page, sequence: header.sequence };
}

function createFile(parts: FileParts): OpenedFile {
  const { journalPage, pageCount } = firstPages(parts.firstDepth);
  // Before all else, so that a file whose making is cut short is known to be ours.
  const mark = new Uint8Array(PAGE_BYTES);
  mark.set(BIRTH_MARK);
  parts.storage.write(0, mark);
  parts.storage.syncNow();
  parts.map.prepare(1, pageCount);
  parts.journal.start({ page: journalPage, pages: JOURNAL_PAGES_MIN, position: 0 });
  formatFile(parts);
  // Past what the making of the file itself logs.
  const position = parts.journal.capacity;
  return { parts, position, headerPage: HEADER_COPY_PAGE, sequence: 0 };
}

/** Begins an empty store in the pages in memory; the journal is told. */
export function formatFile({ root, map, table, firstDepth }: FileParts): void {
  const { directoryPage, journalPage, pageCount } = firstPages(firstDepth);
  root.format();
  map.format(pageCount);
  root.set(ROOT.journalPageAt, journalPage, JOURNAL_PAGES_MIN);
  table.format(firstDepth, directoryPage);
}

/** Where things stand in an empty file. */
export function firstPages(
  depth: number,
): { directoryPage: number; journalPage: number; pageCount: number } {
  const directoryPage = FIRST_TABLE_PAGE + 2 ** depth;
  const journalPage = directoryPage + Table.directoryPages(depth);
  return { directoryPage, journalPage, pageCount: journalPage + JOURNAL_PAGES_MIN };
}

function assemble(storage: Storage, settings: FileSettings, hashKey: HashKey): FileParts {
  const { path, addressSpaceSize, cacheBytes } = settings;
  const pager = new Pager(storage, path, cacheBytes);
  const journal = new Journal(pager, storage, hashKey.high);
  const root = new Root(pager, journal);
  const map = new PageMap(pager, journal, root, storage);
  const allocator = new Allocator(pager, journal, root, map);
  const table = new Table(pager, journal, root, map);
  const records = new Records(pager, journal, allocator, hashKey);
  const lists = new Lists(pager, journal, allocator, records);
  const buckets = Math.max(1, Math.ceil(addressSpaceSize / PAGE_BYTES));
  const firstDepth = Math.min(Math.ceil(Math.log2(buckets)), FIRST_DEPTH_MAX);
  return {
    path,
    storage,
    pager,
    journal,
    root,
    map,
    allocator,
    table,
    records,
    lists,
    hashKey,
    firstDepth,
  };
}

/** Brings the pages in memory to the last whole record; returns where the journal goes on. */
function recover(parts: FileParts, header: Header): number {
  const { storage, pager, journal, root, map, table } = parts;
  const { journalPage, journalPages, position, isClean } = header;
  const ring = { page: journalPage, pages: journalPages, position };
  if (isClean) journal.start(ring);
  else journal.resume(ring, replay(storage, pager, header));
  const frame = pager.frame(ROOT_PAGE);
  if (pager.u8(frame, PAGE_TYPE_AT) !== ROOT_TYPE) {
    throw new KvCorruptError(parts.path, ROOT_PAGE * PAGE_BYTES, "this is no root");
  }
  root.load();
  map.load();
  pager.cut(map.pageCount);
  table.load();
  // Past every position of the last run: a record it left behind is never taken for a new one.
  return isClean ? position : position + journalPages * PAGE_BYTES;
}
