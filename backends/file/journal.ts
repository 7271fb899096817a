/**
 * The write-ahead journal: what changed, as ranges of bytes, before any page reaches its place.
 *
 * A change is made to a frame in memory and then logged, which copies the changed bytes behind
 * those that were logged before in this turn. {@linkcode Journal.flush} hands all of them to the
 * kernel as one record, in one write. So a record is all calls of one turn, and after a crash it is
 * there whole or not at all.
 *
 * The journal is a ring of pages inside the file. Positions count the bytes ever written to it and
 * never repeat, so a record left from an earlier round, or from a run before a crash, cannot be
 * taken for one of this: it names another position than the one it would stand at.
 *
 * Ranges, not operations: playing them again gives the same, whatever mix of old and new the pages
 * on disk are. The price is their size, about 250 bytes for a string of 116.
 */

import { assert } from "../../internal/assert.ts";
import { crc32c } from "../../internal/crc32c.ts";
import { JOURNAL, PAGE_BYTES, PATCH } from "./layout.ts";
import type { Pager } from "./pager.ts";
import type { Storage } from "./storage.ts";

const BATCH_BYTES_MIN = 64 * 1024;
/** A batch above it is given back after it was written. */
const BATCH_BYTES_KEPT = 2 ** 20;

/** Where in the file the ring is, and where in it the journal begins. */
export interface Ring {
  readonly page: number;
  readonly pages: number;
  readonly position: number;
}

/** The journal of a file. */
export class Journal {
  readonly #pager: Pager;
  readonly #storage: Storage;
  readonly #secret: number;
  #batch = new Uint8Array(BATCH_BYTES_MIN);
  #view = new DataView(this.#batch.buffer);
  #length: number = JOURNAL.headBytes;
  #startAt = 0;
  #bytes = 0;
  #tail = 0;
  #head = 0;
  #synced = 0;
  #generation = 0;

  /**
   * @param secret Goes into every checksum: so bytes of a value, left in the ring by an earlier
   * round, cannot be made to look like a record.
   */
  constructor(pager: Pager, storage: Storage, secret: number) {
    this.#pager = pager;
    this.#storage = storage;
    this.#secret = secret;
  }

  /** Where the next record will stand. */
  get head(): number {
    return this.#head;
  }

  /** All before it is known to be on the medium. */
  get synced(): number {
    return this.#synced;
  }

  /** How many bytes were logged since the last flush. */
  get pendingBytes(): number {
    return this.#length - JOURNAL.headBytes;
  }

  /** Where in the file the ring begins, in pages. */
  get page(): number {
    return this.#startAt / PAGE_BYTES;
  }

  /** How large the ring is. */
  get capacity(): number {
    return this.#bytes;
  }

  /** How many bytes of it are taken, by records and by what is logged. */
  get usedBytes(): number {
    return this.#head - this.#tail + this.#length + JOURNAL.alignBytes;
  }

  /** Begins at an empty ring. Nothing may be logged that is not flushed. */
  start({ page, pages, position }: Ring): void {
    this.#generation = 0;
    assert(this.pendingBytes === 0, "a journal moves with something in hand");
    this.#startAt = page * PAGE_BYTES;
    this.#bytes = pages * PAGE_BYTES;
    this.#tail = this.#head = this.#synced = position;
  }

  /**
   * Begins behind the records that recovery has played, for the sums of their pages. The medium may
   * have none of those: a killed process has left them to the kernel.
   */
  resume(ring: Ring, head: number): void {
    this.start(ring);
    this.#head = head;
    this.#generation = 1;
  }

  /** Lets go of all records before `position`: their pages are in place, for good. */
  release(position: number): void {
    assert(position >= this.#tail && position <= this.#head);
    this.#tail = position;
  }

  /** Notes that all before `position` is on the medium. */
  markSynced(position: number): void {
    if (position > this.#synced) this.#synced = position;
  }

  /** Logs `length` bytes at `at` of a frame, which have been changed. */
  log(frame: number, at: number, length: number): void {
    const end = this.#patch(this.#pager.pageOf(frame), at, length, length);
    const start = this.#pager.start(frame) + at;
    const bytes = this.#pager.slab(frame);
    // A view and its `set` cost more than a short loop.
    if (length <= 32) {
      for (let i = 0; i < length; i++) this.#batch[end + i] = bytes[start + i]!;
    } else {
      this.#batch.set(bytes.subarray(start, start + length), end);
    }
    this.#pager.markDirty(frame);
  }

  /** Makes a page of zeros, whatever was there, and logs that. */
  blank(page: number): number {
    const frame = this.#pager.blank(page);
    this.#patch(page, PATCH.blankMark, 0, 0);
    this.#pager.markDirty(frame);
    return frame;
  }

  /** Logs that a page begins anew, which was freed: whatever stands in its place is right. */
  logFree(page: number): void {
    this.#patch(page, PATCH.blankMark, 0, 0);
  }

  /** Logs the sum that a page has now, with which it will be written to its place. */
  logSum(page: number, sum: number): void {
    const end = this.#patch(page, PATCH.sumMark, 4, 4);
    this.#view.setUint32(end, sum, true);
  }

  /** Hands what was logged to the kernel, as one record. */
  flush(): void {
    const length = this.#length;
    if (length === JOURNAL.headBytes) return;
    const view = this.#view;
    view.setUint32(JOURNAL.lengthAt, length, true);
    setU64(view, JOURNAL.positionAt, this.#head);
    setU64(view, JOURNAL.syncedAt, this.#synced);
    view.setUint32(JOURNAL.generationAt, this.#generation, true);
    const crc = crc32c(view, JOURNAL.lengthAt, length);
    view.setUint32(JOURNAL.crcAt, crc ^ this.#secret, true);
    const aligned = align(length);
    assert(this.#head - this.#tail + aligned <= this.#bytes, "a record exceeds the journal");
    // All of it, up to where the next record begins: so that writing goes on without a seek.
    for (let i = length; i < aligned; i++) this.#batch[i] = 0;
    this.#write(this.#batch.subarray(0, aligned));
    this.#head += aligned;
    this.#length = JOURNAL.headBytes;
    if (this.#batch.length > BATCH_BYTES_KEPT) this.#resize(BATCH_BYTES_MIN);
  }

  #write(record: Uint8Array): void {
    const at = this.#head % this.#bytes;
    const room = this.#bytes - at;
    if (record.length <= room) {
      this.#storage.append(this.#startAt + at, record);
    } else {
      this.#storage.append(this.#startAt + at, record.subarray(0, room));
      this.#storage.append(this.#startAt, record.subarray(room));
    }
  }

  /** Adds the head of a patch and makes room for `room` bytes; returns where they go. */
  #patch(page: number, at: number, length: number, room: number): number {
    const start = this.#length;
    const end = start + PATCH.headBytes;
    if (end + room > this.#batch.length) this.#resize(align(Math.max(end + room, start * 2)));
    const view = this.#view;
    view.setUint32(start + PATCH.pageAt, page, true);
    view.setUint16(start + PATCH.placeAt, at, true);
    view.setUint16(start + PATCH.lengthAt, length, true);
    this.#length = end + room;
    return end;
  }

  #resize(length: number): void {
    const batch = new Uint8Array(length);
    batch.set(this.#batch.subarray(0, this.#length));
    this.#batch = batch;
    this.#view = new DataView(batch.buffer);
  }
}

/** Rounds up to where the next record may begin. */
export function align(length: number): number {
  return (length + JOURNAL.alignBytes - 1) & -JOURNAL.alignBytes;
}

function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}
