/**
 * Pages of the file in memory: read when first asked for, checked by their sum, and let go again
 * when there are more than the cache may hold.
 *
 * Who has the frame of a page reads and writes it without a look-up; the frame is good until
 * {@linkcode Pager.trim}, which only runs between two calls of the store, or in a walk that has no
 * frame in hand.
 *
 * Which frames leave is decided by second chance: a hand goes round, and a frame that was used
 * since it last came by stays. A dirty frame (one whose page on disk is older) always stays.
 */

import { assert } from "../../internal/assert.ts";
import { KvCorruptError } from "../../kv/errors.ts";
import { Frames, SLAB_FRAMES } from "./frames.ts";
import { PAGE_BYTES, PAGE_SUM_AT } from "./layout.ts";
import { pageSum } from "./page_sum.ts";
import type { Storage } from "./storage.ts";

/** A cache that is no more than this too large is left alone. */
const SPARE_FRAMES = 4 * SLAB_FRAMES;

const USED = 1;
const DIRTY = 2;
/** The page is on its way to the disk, from a copy: what is read from there may be old. */
const STAGED = 4;
/** The sum did not fit when the page was read; only recovery lets such a page in. */
const SUSPECT = 8;

/** The pages of a file. */
export class Pager extends Frames {
  readonly path: string;
  readonly #storage: Storage;
  readonly #framesMax: number;
  /** Frame of a page, plus one; 0 for a page that has none. */
  #frames = new Int32Array(1024);
  /** Page of a frame, and what is known of it. */
  #pages = new Uint32Array(0);
  #flags = new Uint8Array(0);
  #free: number[] = [];
  #count = 0;
  #dirtyCount = 0;
  /** How often a page became dirty so far, and what of that the journal has let go of. */
  #dirtiedCount = 0;
  #releasedCount = 0;
  #hand = 0;
  #isRecovering = false;
  /** Pages when the hand found too little to let go of; 0 once something has become clean. */
  #stuckCount = 0;

  constructor(storage: Storage, path: string, cacheBytes: number) {
    super();
    this.#storage = storage;
    this.path = path;
    this.#framesMax = storage.canRead ? Math.ceil(cacheBytes / PAGE_BYTES) : Infinity;
  }

  /** How many pages are in memory. */
  get count(): number {
    return this.#count;
  }

  /** How many pages the cache is meant to hold. */
  get countMax(): number {
    return this.#framesMax;
  }

  /** How many pages differ from what the disk has. */
  get dirtyCount(): number {
    return this.#dirtyCount;
  }

  /** How often a page became dirty so far. */
  get dirtiedCount(): number {
    return this.#dirtiedCount;
  }

  /** Of how many pages the journal has changes, at most: a recovery has to write them. */
  get journaledCount(): number {
    return this.#dirtiedCount - this.#releasedCount;
  }

  /** Notes that the journal let go of all that made pages dirty the first `dirtiedCount` times. */
  release(dirtiedCount: number): void {
    this.#releasedCount = dirtiedCount;
  }

  /**
   * Gives the frame of a page.
   *
   * @throws {KvCorruptError} If the page has another sum than was written.
   */
  frame(page: number): number {
    const frame = this.#frameOf(page);
    if (frame < 0) return this.#load(page);
    this.#flags[frame]! |= USED;
    return frame;
  }

  /** Gives the frame of a page that starts as zeros, whatever the disk has. */
  blank(page: number): number {
    const known = this.#frameOf(page);
    const frame = known < 0 ? this.#take(page) : known;
    this.#flags[frame]! &= ~SUSPECT;
    this.zero(frame);
    return frame;
  }

  /** Which page a frame holds. */
  pageOf(frame: number): number {
    return this.#pages[frame]!;
  }

  /** Computes the sum of what a frame holds. */
  sum(frame: number): number {
    return pageSum(this.view(frame), this.start(frame), this.#pages[frame]!);
  }

  /** Notes that a frame now differs from what the disk has. */
  markDirty(frame: number): void {
    const flags = this.#flags[frame]!;
    if ((flags & DIRTY) !== 0) return;
    this.#flags[frame] = flags | DIRTY | USED;
    this.#dirtyCount++;
    this.#dirtiedCount++;
  }

  /** Lists the dirty pages in their order in the file. */
  dirtyPages(): Uint32Array {
    const pages = new Uint32Array(this.#dirtyCount);
    let count = 0;
    for (let frame = 0; count < pages.length; frame++) {
      if ((this.#flags[frame]! & DIRTY) !== 0) pages[count++] = this.#pages[frame]!;
    }
    return pages.sort();
  }

  /** Tells whether a page is in memory and differs from what the disk has. */
  isDirty(page: number): boolean {
    const frame = this.#frameOf(page);
    return frame >= 0 && (this.#flags[frame]! & DIRTY) !== 0;
  }

  /** Notes that nothing of a page needs to be written, for it is free. */
  forget(page: number): void {
    const frame = this.#frameOf(page);
    if (frame >= 0) this.#clean(frame);
  }

  /**
   * Copies a dirty page, with its sum, to where it will be written from. From now on it counts as
   * clean, and it stays in memory until {@linkcode Pager.markWritten}.
   *
   * @returns The sum.
   */
  stage(page: number, into: Uint8Array, at: number): number {
    const frame = this.frame(page);
    const sum = this.sum(frame);
    this.setU32(frame, PAGE_SUM_AT, sum);
    this.copy(frame, into, at);
    this.#clean(frame);
    this.#flags[frame]! |= STAGED;
    return sum;
  }

  /** Notes that a staged page was written. */
  markWritten(page: number): void {
    const frame = this.#frames[page]! - 1;
    assert(frame >= 0, "a staged page left memory");
    this.#flags[frame]! &= ~STAGED;
    this.#stuckCount = 0;
  }

  /** Lets pages go until the cache is as large as it may be. Frames are void afterwards. */
  trim(): void {
    if (this.#count > this.#framesMax) this.#letGo();
    else if (this.frameCount > this.#framesMax + SPARE_FRAMES) this.#shrink();
  }

  /** Forgets every page from `pageCount` on: the file ends there now. */
  cut(pageCount: number): void {
    for (let page = pageCount; page < this.#frames.length; page++) {
      const frame = this.#frames[page]! - 1;
      if (frame < 0) continue;
      this.#clean(frame);
      this.#drop(frame);
    }
  }

  /** Lets pages in whose sum is wrong, until {@linkcode Pager.endRecovery}. */
  startRecovery(): void {
    this.#isRecovering = true;
  }

  /** Compares a suspect page with the sum it had when it was about to be written. */
  vouch(page: number, sum: number): void {
    const frame = this.#frameOf(page);
    if (frame < 0 || (this.#flags[frame]! & SUSPECT) === 0) return;
    if (this.sum(frame) === sum) this.#flags[frame]! &= ~SUSPECT;
  }

  /** @throws {KvCorruptError} If a page is still suspect. */
  endRecovery(): void {
    this.#isRecovering = false;
    for (let frame = 0; frame < this.#flags.length; frame++) {
      if ((this.#flags[frame]! & SUSPECT) !== 0) throw this.#damaged(this.#pages[frame]!);
    }
  }

  /** The frame of a page; below 0 if it is not in memory. */
  #frameOf(page: number): number {
    return (page < this.#frames.length ? this.#frames[page]! : 0) - 1;
  }

  #letGo(): void {
    // With an eighth more it looks again: pages that were read since may go.
    if (this.#count * 8 < this.#stuckCount * 9) return;
    const frameCount = this.frameCount;
    for (let steps = 0; steps < 2 * frameCount; steps++) {
      const frame = this.#hand;
      this.#hand = frame + 1 === frameCount ? 0 : frame + 1;
      const flags = this.#flags[frame]!;
      if (this.#pages[frame] === NONE || (flags & (DIRTY | STAGED)) !== 0) continue;
      if ((flags & USED) !== 0) this.#flags[frame] = flags & ~USED;
      else if (this.#drop(frame) <= this.#framesMax) return;
    }
    this.#stuckCount = this.#count;
  }

  /** Gives memory back that one call took beyond the cache: its slabs are the last ones. */
  #shrink(): void {
    const frameCount = Math.ceil(this.#framesMax / SLAB_FRAMES) * SLAB_FRAMES;
    this.#free = this.#free.filter((frame) => frame < frameCount);
    for (let frame = frameCount; frame < this.frameCount; frame++) {
      const page = this.#pages[frame]!;
      if (page === NONE) continue;
      if ((this.#flags[frame]! & (DIRTY | STAGED)) !== 0) this.#move(frame, this.#free.pop()!);
      else {
        this.#frames[page] = 0;
        this.#count--;
      }
      this.#pages[frame] = NONE;
      this.#flags[frame] = 0;
    }
    this.cutSlabs(frameCount);
    this.#hand = 0;
  }

  /** Puts the page of a frame into a free one. */
  #move(frame: number, free: number): void {
    const page = this.#pages[frame]!;
    this.copy(frame, this.slab(free), this.start(free));
    this.#pages[free] = page;
    this.#flags[free] = this.#flags[frame]!;
    this.#frames[page] = free + 1;
  }

  #load(page: number): number {
    const frame = this.#take(page);
    const start = this.start(frame);
    const bytes = this.slab(frame).subarray(start, start + PAGE_BYTES);
    const count = this.#readInto(page, bytes, frame);
    const isWhole = count === PAGE_BYTES && this.u32(frame, PAGE_SUM_AT) === this.sum(frame);
    if (isWhole) return frame;
    if (!this.#isRecovering) {
      this.#drop(frame);
      throw this.#damaged(page);
    }
    // Of a page that was never written whole there may be less than a page.
    if (count < PAGE_BYTES) bytes.fill(0, count);
    this.#flags[frame]! |= SUSPECT;
    return frame;
  }

  #readInto(page: number, bytes: Uint8Array, frame: number): number {
    try {
      return this.#storage.read(page * PAGE_BYTES, bytes);
    } catch (error) {
      this.#drop(frame);
      throw error;
    }
  }

  #take(page: number): number {
    if (this.#free.length === 0) this.#grow();
    const frame = this.#free.pop()!;
    if (page >= this.#frames.length) {
      const frames = new Int32Array(Math.max(page + 1, this.#frames.length * 2));
      frames.set(this.#frames);
      this.#frames = frames;
    }
    this.#frames[page] = frame + 1;
    this.#pages[frame] = page;
    this.#flags[frame] = USED;
    this.#count++;
    return frame;
  }

  #grow(): void {
    const first = this.frameCount;
    this.addSlab();
    if (first + SLAB_FRAMES > this.#pages.length) {
      const length = Math.max(first + SLAB_FRAMES, this.#pages.length * 2);
      const pages = new Uint32Array(length).fill(NONE);
      pages.set(this.#pages);
      this.#pages = pages;
      const flags = new Uint8Array(length);
      flags.set(this.#flags);
      this.#flags = flags;
    }
    for (let i = SLAB_FRAMES - 1; i >= 0; i--) this.#free.push(first + i);
  }

  #clean(frame: number): void {
    if ((this.#flags[frame]! & DIRTY) === 0) return;
    this.#flags[frame]! &= ~DIRTY;
    this.#dirtyCount--;
    this.#stuckCount = 0;
  }

  #drop(frame: number): number {
    this.#frames[this.#pages[frame]!] = 0;
    this.#pages[frame] = NONE;
    this.#flags[frame] = 0;
    this.#free.push(frame);
    return --this.#count;
  }

  #damaged(page: number): KvCorruptError {
    const found = `page ${page} differs from its checksum`;
    return new KvCorruptError(this.path, page * PAGE_BYTES, found);
  }
}

/** The page of a frame that has none. */
const NONE = 0xffffffff;
