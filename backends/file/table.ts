/**
 * The table of addresses: from the hash of a key to the address of its record.
 *
 * A bucket is a page. Inside it 256 heads begin singly-linked chains of slots, so collisions never
 * leave their page, and a slot has 24 bits of the hash beside the address, so a record that is not
 * the one asked for is hardly ever read. A key costs one page of the table and one of records.
 *
 * The table grows bucket by bucket ("extendible hashing"): one that is nearly full is split in two
 * by the next bit of the hash, and a directory, in memory and on disk, says which bucket has which
 * first bits. So no call moves more than the 340 slots of one page, and there is never an old table
 * beside a new one. Where the directory has no such bit yet, it doubles: 4 bytes for each bucket.
 *
 * Source: R. Fagin et al., "Extendible hashing: a fast access method for dynamic files", 1979.
 */

import { KvCorruptError, KvError } from "../../kv/errors.ts";
import type { Journal } from "./journal.ts";
import {
  addressOf,
  BUCKET,
  BUCKET_TYPE,
  DIRECTORY_AT,
  DIRECTORY_ENTRIES,
  DIRECTORY_TYPE,
  FIRST_TABLE_PAGE,
  HASH_BITS,
  NIL,
  PAGE_BYTES,
  PAGE_TYPE_AT,
  pageOf,
  ROOT,
  slotPlace,
  UNIT_BITS,
  unitOf,
} from "./layout.ts";
import type { PageMap } from "./page_map.ts";
import type { Pager } from "./pager.ts";
import type { Root } from "./root.ts";

/** Tells whether the record at an address has the key that is looked for. */
export type Match = (address: number) => boolean;

/** The table of a file. */
export class Table {
  readonly #pager: Pager;
  readonly #journal: Journal;
  readonly #root: Root;
  readonly #map: PageMap;
  /** Pages of the buckets, by the first bits of the hash. */
  #directory = new Uint32Array(1);
  #depth = 0;
  /** Where the last `find` ended: the frame of the bucket, the slot, and the link to it. */
  #frame = 0;
  #slot = 0;
  #linkAt = 0;
  /** Slots that are taken out of a bucket, to be put in again: their pages, and their tags. */
  readonly #pages = new Uint32Array(BUCKET.slotCount);
  readonly #tags = new Uint32Array(BUCKET.slotCount);

  constructor(pager: Pager, journal: Journal, root: Root, map: PageMap) {
    this.#pager = pager;
    this.#journal = journal;
    this.#root = root;
    this.#map = map;
  }

  /** Counts the pages of a directory. */
  static directoryPages(depth: number): number {
    return Math.ceil(2 ** depth / DIRECTORY_ENTRIES);
  }

  /** Counts the most bytes that a call can log here: a split and a new directory. */
  get growthBytes(): number {
    return 4 * PAGE_BYTES + this.#directory.length * 8 * 2;
  }

  /** Counts the pages for a new bucket that `insert` takes after the last `find`: 0 or 1. */
  get insertPages(): number {
    return this.#pager.u16(this.#frame, BUCKET.countAt) >= BUCKET.splitCount ? 1 : 0;
  }

  /** Counts the pages for a new directory that `insert` takes then. */
  get insertRun(): number {
    const isFull = this.insertPages > 0 &&
      this.#pager.u8(this.#frame, BUCKET.depthAt) === this.#depth;
    return isFull ? Table.directoryPages(this.#depth + 1) : 0;
  }

  /** How many bits the directory tells apart. */
  get depth(): number {
    return this.#depth;
  }

  /** The page of the bucket at an index of the directory. */
  bucketPage(index: number): number {
    return this.#directory[index]!;
  }

  /** Begins a table of empty buckets, whose pages and directory pages are in use already. */
  format(depth: number, directoryPage: number): void {
    this.#depth = depth;
    this.#directory = new Uint32Array(2 ** depth);
    for (let i = 0; i < this.#directory.length; i++) {
      this.#directory[i] = FIRST_TABLE_PAGE + i;
      const frame = this.#journal.blank(FIRST_TABLE_PAGE + i);
      this.#begin(frame, depth);
      this.#journal.log(frame, 0, 2);
    }
    this.#writeDirectory(directoryPage);
  }

  /** Reads the directory. */
  load(): void {
    const page = this.#root.get(ROOT.directoryPageAt);
    const depth = this.#root.get(ROOT.depthAt);
    if (depth > HASH_BITS || page + Table.directoryPages(depth) > this.#map.pageCount) {
      this.#fail(page, "this is no directory of the table");
    }
    this.#depth = depth;
    this.#directory = new Uint32Array(2 ** depth);
    for (let i = 0; i < this.#directory.length; i++) {
      const frame = this.#pager.frame(page + Math.floor(i / DIRECTORY_ENTRIES));
      this.#directory[i] = this.#pager.u32(frame, DIRECTORY_AT + (i % DIRECTORY_ENTRIES) * 4);
    }
  }

  /**
   * Looks for the record of a key; the place is remembered for the calls below.
   *
   * @param hash The hash of the key, of `HASH_BITS` bits.
   * @returns Its address, or `NIL`.
   */
  find(hash: number, match: Match): number {
    const frame = this.#bucketFrame(this.#directory[hash >>> (HASH_BITS - this.#depth)]!);
    let linkAt = BUCKET.headsAt + 2 * (hash & (BUCKET.headCount - 1));
    this.#frame = frame;
    for (let steps = 0; steps <= BUCKET.slotCount; steps++) {
      const link = this.#pager.u16(frame, linkAt);
      this.#linkAt = linkAt;
      this.#slot = link;
      if (link === 0) return NIL;
      const slotAt = this.#slotAt(frame, link);
      const tag = this.#pager.u32(frame, slotAt + BUCKET.tagAt);
      const address = addressOf(this.#pager.u32(frame, slotAt), unitOf(tag));
      if (tag >>> UNIT_BITS === hash && match(address)) return address;
      linkAt = slotAt + BUCKET.nextAt;
    }
    this.#fail(this.#pager.pageOf(frame), "a chain of the table never ends");
  }

  /** Adds a record whose key `find` has just missed. */
  insert(hash: number, address: number): void {
    if (this.#pager.u16(this.#frame, BUCKET.countAt) >= BUCKET.splitCount) this.#split(hash);
    const frame = this.#bucketFrame(this.#directory[hash >>> (HASH_BITS - this.#depth)]!);
    const slot = this.#takeSlot(frame);
    this.#fill(frame, slot, pageOf(address), (hash << UNIT_BITS) | unitOf(address));
    this.#journal.log(frame, this.#slotAt(frame, slot), BUCKET.slotBytes);
    this.#journal.log(frame, BUCKET.headsAt + 2 * (hash & (BUCKET.headCount - 1)), 2);
    this.#journal.log(frame, BUCKET.countAt, 6);
  }

  /** Gives the record that `find` has just found another address. */
  replace(hash: number, address: number): void {
    const at = this.#slotAt(this.#frame, this.#slot);
    this.#pager.setU32(this.#frame, at, pageOf(address));
    this.#pager.setU32(this.#frame, at + BUCKET.tagAt, (hash << UNIT_BITS) | unitOf(address));
    this.#journal.log(this.#frame, at, 8);
  }

  /** Removes the record that `find` has just found. */
  remove(): void {
    const frame = this.#frame;
    const at = this.#slotAt(frame, this.#slot);
    this.#pager.setU16(frame, this.#linkAt, this.#pager.u16(frame, at + BUCKET.nextAt));
    this.#journal.log(frame, this.#linkAt, 2);
    this.#pager.setU16(frame, at + BUCKET.nextAt, this.#pager.u16(frame, BUCKET.freeSlotAt));
    this.#journal.log(frame, at + BUCKET.nextAt, 2);
    this.#pager.setU16(frame, BUCKET.freeSlotAt, this.#slot);
    this.#pager.setU16(frame, BUCKET.countAt, this.#pager.u16(frame, BUCKET.countAt) - 1);
    this.#journal.log(frame, BUCKET.countAt, 4);
  }

  /**
   * Visits the records of the bucket that has `hash`, and of it those from `hash` on.
   *
   * A bucket has all hashes of an interval, and a split only halves one. So who goes on at the hash
   * that is returned meets every key exactly once that is there all the while.
   *
   * @returns The first hash after the bucket; 2^HASH_BITS after the last one.
   */
  visit(hash: number, each: (address: number, hash: number) => void): number {
    const frame = this.#bucketFrame(this.#directory[hash >>> (HASH_BITS - this.#depth)]!);
    for (let head = 0; head < BUCKET.headCount; head++) {
      let link = this.#pager.u16(frame, BUCKET.headsAt + 2 * head);
      for (let steps = 0; link !== 0; steps++) {
        if (steps > BUCKET.slotCount) {
          this.#fail(this.#pager.pageOf(frame), "a chain of the table never ends");
        }
        const at = this.#slotAt(frame, link);
        const tag = this.#pager.u32(frame, at + BUCKET.tagAt);
        link = this.#pager.u16(frame, at + BUCKET.nextAt);
        if (tag >>> UNIT_BITS < hash) continue;
        each(addressOf(this.#pager.u32(frame, at), unitOf(tag)), tag >>> UNIT_BITS);
      }
    }
    const width = 2 ** (HASH_BITS - this.#pager.u8(frame, BUCKET.depthAt));
    return (Math.floor(hash / width) + 1) * width;
  }

  /**
   * Joins the bucket of a hash with the one it was split from, where both together are half full.
   *
   * @returns The first hash after the bucket.
   */
  merge(hash: number): number {
    const page = this.#directory[hash >>> (HASH_BITS - this.#depth)]!;
    const frame = this.#bucketFrame(page);
    const depth = this.#pager.u8(frame, BUCKET.depthAt);
    const width = 2 ** (HASH_BITS - depth);
    const first = Math.floor(hash / width) * width;
    const isFirst = depth > 0 && (first / width) % 2 === 0;
    if (!isFirst) return first + width;
    const twinPage = this.#directory[(first + width) >>> (HASH_BITS - this.#depth)]!;
    const twin = this.#bucketFrame(twinPage);
    const count = this.#pager.u16(frame, BUCKET.countAt) + this.#pager.u16(twin, BUCKET.countAt);
    const isTwin = this.#pager.u8(twin, BUCKET.depthAt) === depth;
    if (!isTwin || count > BUCKET.splitCount / 2) return first + width;
    this.#putIn(this.#takeOut(twin, this.#takeOut(frame, 0)), depth - 1, frame, frame);
    this.#logBucket(frame);
    const span = 1 << (this.#depth - depth);
    this.#pointTo((first + width) >>> (HASH_BITS - this.#depth), span, page);
    this.#map.free(twinPage, 1);
    // The joined bucket may join its own twin, which may lie before it.
    return Math.floor(first / (4 * width)) * 4 * width;
  }

  /** Points the directory to the copy of a bucket. */
  moveBucket(page: number, copy: number): void {
    const depth = this.#pager.u8(this.#bucketFrame(copy), BUCKET.depthAt);
    const first = this.#directory.indexOf(page);
    if (first < 0) this.#fail(page, "a bucket is not in the directory");
    this.#pointTo(first, 1 << (this.#depth - depth), copy);
  }

  /** Moves the directory further to the front, where there is room. */
  lowerDirectory(): void {
    const page = this.#root.get(ROOT.directoryPageAt);
    const oldCount = Table.directoryPages(this.#depth);
    const target = this.#map.lowerRun(page, oldCount);
    if (target === 0) return;
    this.#writeDirectory(target);
    this.#map.free(page, oldCount);
  }

  #bucketFrame(page: number): number {
    if (page >= this.#map.pageCount) this.#fail(page, "a bucket is past the end of the file");
    const frame = this.#pager.frame(page);
    const isSound = this.#pager.u8(frame, PAGE_TYPE_AT) === BUCKET_TYPE &&
      this.#pager.u8(frame, BUCKET.depthAt) <= this.#depth;
    if (!isSound) this.#fail(page, "this is no bucket of the table");
    return frame;
  }

  #slotAt(frame: number, slot: number): number {
    if (slot > BUCKET.slotCount) {
      this.#fail(this.#pager.pageOf(frame), "a link leads out of the table");
    }
    return slotPlace(slot);
  }

  /** Takes a slot, a free one or the next that was never used. */
  #takeSlot(frame: number): number {
    const free = this.#pager.u16(frame, BUCKET.freeSlotAt);
    this.#pager.setU16(frame, BUCKET.countAt, this.#pager.u16(frame, BUCKET.countAt) + 1);
    if (free !== 0) {
      const next = this.#pager.u16(frame, this.#slotAt(frame, free) + BUCKET.nextAt);
      this.#pager.setU16(frame, BUCKET.freeSlotAt, next);
      return free;
    }
    const fresh = this.#pager.u16(frame, BUCKET.freshSlotAt) + 1;
    if (fresh > BUCKET.slotCount) {
      // A secret hash key keeps a bucket from ever having so many more than others.
      throw new KvError("full", `Cannot add a key to "${this.#pager.path}": its bucket is full`);
    }
    this.#pager.setU16(frame, BUCKET.freshSlotAt, fresh);
    return fresh;
  }

  /** Writes a slot and puts it at the head of its chain. */
  #fill(frame: number, slot: number, page: number, tag: number): void {
    const headAt = BUCKET.headsAt + 2 * ((tag >>> UNIT_BITS) & (BUCKET.headCount - 1));
    const at = this.#slotAt(frame, slot);
    this.#pager.setU32(frame, at, page);
    this.#pager.setU32(frame, at + BUCKET.tagAt, tag);
    this.#pager.setU16(frame, at + BUCKET.nextAt, this.#pager.u16(frame, headAt));
    this.#pager.setU16(frame, headAt, slot);
  }

  /** Splits the bucket of `hash` by the next bit of its hashes. */
  #split(hash: number): void {
    const frame = this.#bucketFrame(this.#directory[hash >>> (HASH_BITS - this.#depth)]!);
    const depth = this.#pager.u8(frame, BUCKET.depthAt) + 1;
    if (depth > HASH_BITS) return;
    if (depth > this.#depth) this.#double();
    const newPage = this.#map.take();
    const newFrame = this.#journal.blank(newPage);
    this.#putIn(this.#takeOut(frame, 0), depth, frame, newFrame);
    this.#logBucket(frame);
    this.#logBucket(newFrame);
    const span = 1 << (this.#depth - depth); // 2 ** … is a double for JavaScriptCore, and slow
    this.#pointTo(((hash >>> (HASH_BITS - depth)) | 1) * span, span, newPage);
  }

  /** Takes the slots of a bucket, and puts them behind `count` others; returns how many it is. */
  #takeOut(frame: number, count: number): number {
    const end = Math.min(count + this.#pager.u16(frame, BUCKET.countAt), BUCKET.slotCount);
    for (let head = 0; head < BUCKET.headCount; head++) {
      for (let link = this.#pager.u16(frame, BUCKET.headsAt + 2 * head); link !== 0; count++) {
        if (count >= end) this.#fail(this.#pager.pageOf(frame), "a bucket has more than it counts");
        const at = this.#slotAt(frame, link);
        this.#pages[count] = this.#pager.u32(frame, at);
        this.#tags[count] = this.#pager.u32(frame, at + BUCKET.tagAt);
        link = this.#pager.u16(frame, at + BUCKET.nextAt);
      }
    }
    return count;
  }

  /** Makes a bucket empty. Not logged yet. */
  #begin(frame: number, depth: number): void {
    const start = this.#pager.start(frame);
    this.#pager.slab(frame).fill(0, start, start + BUCKET.slotsAt);
    this.#pager.setU8(frame, PAGE_TYPE_AT, BUCKET_TYPE);
    this.#pager.setU8(frame, BUCKET.depthAt, depth);
  }

  /** Begins buckets anew with taken slots: the last bit of the depth says in which of them. */
  #putIn(count: number, depth: number, frame: number, other: number): void {
    const bit = 1 << (HASH_BITS - depth);
    this.#begin(frame, depth);
    this.#begin(other, depth);
    for (let i = 0; i < count; i++) {
      const tag = this.#tags[i]!;
      const target = ((tag >>> UNIT_BITS) & bit) === 0 ? frame : other;
      this.#fill(target, this.#takeSlot(target), this.#pages[i]!, tag);
    }
  }

  #logBucket(frame: number): void {
    const used = this.#pager.u16(frame, BUCKET.freshSlotAt) * BUCKET.slotBytes;
    this.#journal.log(frame, 0, BUCKET.slotsAt + used);
  }

  /** Points `count` entries of the directory to a bucket. */
  #pointTo(first: number, count: number, bucketPage: number): void {
    const directoryPage = this.#root.get(ROOT.directoryPageAt);
    for (let i = first; i < first + count;) {
      const frame = this.#pager.frame(directoryPage + Math.floor(i / DIRECTORY_ENTRIES));
      const start = i % DIRECTORY_ENTRIES;
      const length = Math.min(first + count - i, DIRECTORY_ENTRIES - start);
      for (let k = 0; k < length; k++) {
        this.#directory[i + k] = bucketPage;
        this.#pager.setU32(frame, DIRECTORY_AT + (start + k) * 4, bucketPage);
      }
      this.#journal.log(frame, DIRECTORY_AT + start * 4, length * 4);
      i += length;
    }
  }

  /** Makes a directory of twice as many entries. */
  #double(): void {
    const oldPage = this.#root.get(ROOT.directoryPageAt);
    const oldCount = Table.directoryPages(this.#depth);
    const old = this.#directory;
    this.#depth++;
    this.#directory = new Uint32Array(old.length * 2);
    for (let i = 0; i < this.#directory.length; i++) this.#directory[i] = old[i >>> 1]!;
    this.#writeDirectory(this.#map.takeRun(Table.directoryPages(this.#depth)));
    this.#map.free(oldPage, oldCount);
  }

  #writeDirectory(firstPage: number): void {
    const count = Table.directoryPages(this.#depth);
    for (let i = 0; i < count; i++) {
      const frame = this.#journal.blank(firstPage + i);
      const entries = this.#directory.subarray(i * DIRECTORY_ENTRIES, (i + 1) * DIRECTORY_ENTRIES);
      this.#pager.setU8(frame, PAGE_TYPE_AT, DIRECTORY_TYPE);
      entries.forEach((page, k) => this.#pager.setU32(frame, DIRECTORY_AT + k * 4, page));
      this.#journal.log(frame, 0, DIRECTORY_AT + entries.length * 4);
    }
    this.#root.set(ROOT.directoryPageAt, firstPage, this.#depth);
  }

  #fail(page: number, found: string): never {
    throw new KvCorruptError(this.#pager.path, page * PAGE_BYTES, found);
  }
}
