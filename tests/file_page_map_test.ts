/**
 * The map of pages against a plain list of what is in use: the lowest free page and the lowest run
 * that is long enough are found, over several map pages, whatever was taken and freed before.
 */

import { ok, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { type FileParts, openFile } from "../backends/file/file_parts.ts";
import { PAGES_A_MAP } from "../backends/file/layout.ts";
import type { Storage } from "../backends/file/storage.ts";
import { Prng } from "./support/prng.ts";

const SEEDS = 2;
const STEPS = 3_000;
/** Pages of runs: many short ones, and some that are a good part of a map. */
const LENGTHS = [1, 2, 3, 5, 7, 8, 9, 16, 40, 300, 9_000];

/** A disk of any size that keeps nothing: pages stay in memory. */
function endlessDisk(): Storage {
  let size = 0;
  const write = (at: number, bytes: Uint8Array): void => {
    size = Math.max(size, at + bytes.length);
  };
  return {
    canRead: false,
    size: () => size,
    read: () => 0,
    write,
    append: write,
    sync: () => Promise.resolve(),
    syncNow: () => {},
    truncate: (bytes) => void (size = bytes),
    close: () => {},
  };
}

/** What is in use, a flag a page. */
class Model {
  readonly used: boolean[];

  constructor({ map }: FileParts) {
    this.used = Array.from({ length: map.pageCount }, (_, page) => page < 3 || map.isUsed(page));
  }

  /** The first of the lowest free pages in a row; the end of the file if there are none. */
  find(count: number): number {
    let first = 0;
    for (let page = 0; page < this.used.length; page++) {
      if (this.used[page]) first = page + 1;
      else if (page - first + 1 === count) return first;
    }
    return -1;
  }

  mark(page: number, count: number, isUsed: boolean): void {
    this.used.fill(isUsed, page, page + count);
  }

  get freeCount(): number {
    return this.used.filter((isUsed) => !isUsed).length;
  }
}

/** Takes and frees as a seed says; what the map gives must be what the model finds. */
function play(seed: number): void {
  const prng = new Prng(seed);
  const settings = { path: "a.db", addressSpaceSize: 4096, cacheBytes: 2 ** 20 };
  const { parts } = openFile(endlessDisk(), settings);
  const { map } = parts;
  const model = new Model(parts);
  const taken: [page: number, count: number][] = [];
  for (let step = 0; step < STEPS; step++) {
    const where = `seed=${seed} step=${step}`;
    const isGrowing = step % 1_000 < 600;
    if (taken.length > 0 && prng.chance(isGrowing ? 0.4 : 0.6)) {
      const [[page, count]] = taken.splice(prng.below(taken.length), 1) as [[number, number]];
      map.free(page, count);
      model.mark(page, count, false);
      continue;
    }
    const count = prng.pick(LENGTHS);
    const expected = model.find(count);
    map.reserve(count === 1 ? 1 : 0, count === 1 ? 0 : count);
    const page = count === 1 ? map.take() : map.takeRun(count);
    for (let next = model.used.length; next < map.pageCount; next++) {
      model.used.push(map.isMap(next));
    }
    // Where none was long enough the file has grown; at its end, or behind its next map.
    if (expected !== -1) strictEqual(page, expected, where);
    for (let i = page; i < page + count; i++) ok(model.used[i] === false, where);
    model.mark(page, count, true);
    taken.push([page, count]);
    strictEqual(map.freeCount, model.freeCount, where);
  }
  ok(map.pageCount > 2 * PAGES_A_MAP, "the file has several maps");
  for (let page = 3; page < map.pageCount; page++) strictEqual(map.isUsed(page), model.used[page]);
}

describe("PageMap", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`takes and frees what a plain list does, in story ${seed}`, () => play(seed));
  }
});
