/**
 * Pages in memory when there were more than the cache may hold: what is dirty stays, and the memory
 * goes back.
 */

import { ok, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { PAGE_BYTES } from "../backends/file/layout.ts";
import { Pager } from "../backends/file/pager.ts";
import { CrashStorage } from "./support/crash_storage.ts";
import { Prng } from "./support/prng.ts";

const CACHE_BYTES = 2 ** 20;
/** Frames of a slab, which is how memory is taken. */
const SLAB_FRAMES = 256;
const PAGES = 12 * SLAB_FRAMES;
const DIRTY_PAGES = 200;

describe("Pager", () => {
  it("gives memory back that pages took beyond the cache, and keeps what is dirty", () => {
    const prng = new Prng(1);
    const storage = new CrashStorage();
    const pager = new Pager(storage, "a.db", CACHE_BYTES);
    const pages = Array.from({ length: PAGES }, (_, page) => page);
    for (const page of pages) {
      const frame = pager.blank(page);
      pager.setU32(frame, 8, page * 7);
      pager.markDirty(frame);
    }
    pager.trim();
    strictEqual(pager.count, PAGES);
    const staged = new Uint8Array(PAGE_BYTES);
    for (let left = PAGES; left > DIRTY_PAGES; left--) {
      const [page] = pages.splice(prng.below(left), 1) as [number];
      pager.stage(page, staged, 0);
      storage.write(page * PAGE_BYTES, staged);
      pager.markWritten(page);
    }
    pager.trim();
    pager.trim();
    ok(pager.slab(SLAB_FRAMES) === undefined);
    strictEqual(pager.dirtyCount, DIRTY_PAGES);
    for (let page = 0; page < PAGES; page++) {
      strictEqual(pager.u32(pager.frame(page), 8), page * 7);
      strictEqual(pager.isDirty(page), pages.includes(page));
      pager.trim();
    }
    strictEqual(pager.count, CACHE_BYTES / PAGE_BYTES);
  });

  it("lets pages go that are read while more are dirty than the cache holds", () => {
    const storage = new CrashStorage();
    const pager = new Pager(storage, "a.db", CACHE_BYTES);
    const staged = new Uint8Array(PAGE_BYTES);
    for (let page = 0; page < PAGES; page++) {
      pager.markDirty(pager.blank(page));
      pager.stage(page, staged, 0);
      storage.write(page * PAGE_BYTES, staged);
      pager.markWritten(page);
      if (page < 2 * SLAB_FRAMES) pager.markDirty(pager.frame(page));
      pager.trim();
    }
    for (let page = 0; page < PAGES; page++) {
      pager.frame(page);
      pager.trim();
    }
    ok(pager.count <= 2.25 * SLAB_FRAMES, `${pager.count} pages`);
  });
});
