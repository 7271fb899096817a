/**
 * The table of the memory store against a `Map`, through growth, splits and shrinking, and its
 * walks while it changes. And its hash, which no two keys of a program should share.
 */

import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { hashKey } from "../backends/memory/key_hash.ts";
import { KeyTable } from "../backends/memory/key_table.ts";
import { Prng } from "./support/prng.ts";

/** Enough for segments to be split several times over. */
const KEY_COUNT = 20_000;

function sorted(entries: Iterable<[string, number]>): [string, number][] {
  return [...entries].sort(([a], [b]) => a < b ? -1 : 1);
}

/** Makes the keys of a seed: short ones, and now and then a long one or one beyond ASCII. */
function keyOf(id: number): string {
  if (id % 100 === 1) return `${"long".repeat(200)}${id}`;
  return id % 10 === 2 ? `clé:${id}` : `${id}`;
}

describe("KeyTable", () => {
  it("is empty at first, and after clear()", () => {
    const table = new KeyTable<number>();
    for (let round = 0; round < 2; round++) {
      strictEqual(table.size, 0);
      strictEqual(table.get(""), undefined);
      table.delete("");
      deepStrictEqual([...table.entries()], []);
      for (let id = 0; id < KEY_COUNT; id++) table.set(keyOf(id), id + round);
      strictEqual(table.size, KEY_COUNT);
      for (let id = 0; id < KEY_COUNT; id++) strictEqual(table.get(keyOf(id)), id + round);
      table.clear();
    }
  });

  it("finds and lists what a Map does while it grows and shrinks", () => {
    for (let seed = 1; seed <= 4; seed++) {
      const prng = new Prng(seed);
      const table = new KeyTable<number>();
      const map = new Map<string, number>();
      for (const shareOfSets of [0.9, 0.5, 0.05, 0.9, 0.02]) {
        for (let step = 0; step < 30_000; step++) {
          const key = keyOf(prng.below(KEY_COUNT));
          const where = `seed=${seed} share=${shareOfSets} step=${step}`;
          strictEqual(table.get(key), map.get(key), where);
          const other = keyOf(prng.below(KEY_COUNT));
          if (prng.chance(shareOfSets)) {
            table.set(other, step);
            map.set(other, step);
          } else {
            table.delete(other);
            map.delete(other);
          }
          strictEqual(table.size, map.size, where);
        }
        deepStrictEqual(sorted(table.entries()), sorted(map), `seed=${seed}`);
      }
      for (const key of map.keys()) table.delete(key);
      deepStrictEqual([...table.entries()], [], `seed=${seed}`);
    }
  });

  it("entries() gives what is there all the while once, and nothing twice", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const prng = new Prng(seed);
      const table = new KeyTable<number>();
      const count = 1 + prng.below(KEY_COUNT);
      for (let id = 0; id < count; id++) table.set(keyOf(id), id);
      const touched = new Set<number>();
      const seen = new Set<string>();
      for (const [key, value] of table.entries()) {
        strictEqual(key, keyOf(value), `seed=${seed}`);
        ok(!seen.has(key), `seed=${seed}: ${key} came twice`);
        seen.add(key);
        for (let change = prng.below(4); change > 0; change--) {
          const id = prng.below(2 * count);
          touched.add(id);
          if (prng.chance(0.4)) table.set(keyOf(id), id);
          else table.delete(keyOf(id));
        }
      }
      for (let id = 0; id < count; id++) {
        ok(touched.has(id) || seen.has(keyOf(id)), `seed=${seed}: ${keyOf(id)} is missing`);
      }
    }
  });

  it("entries() leaves out what is set later", () => {
    const table = new KeyTable<number>();
    for (let id = 0; id < 1_000; id++) table.set(`old${id}`, id);
    let came = 0;
    for (const [key] of table.entries()) {
      ok(key.startsWith("old"), `${key} came`);
      came++;
      for (let more = 0; more < 20; more++) table.set(`new${came}.${more}`, more);
    }
    strictEqual(came, 1_000);
  });

  it("entries() gives nothing twice though all goes, and some of it comes again", () => {
    const table = new KeyTable<number>();
    for (let id = 0; id < KEY_COUNT; id++) table.set(keyOf(id), id);
    const seen = new Map<string, number>();
    for (const [key, value] of table.entries()) {
      ok(!seen.has(key), `${key} came twice`);
      seen.set(key, value);
      if (seen.size !== KEY_COUNT / 4) continue;
      for (let id = 0; id < KEY_COUNT; id++) table.delete(keyOf(id));
      for (const [key, value] of [...seen].slice(0, 10)) table.set(key, value);
    }
    strictEqual(seen.size, KEY_COUNT / 4);
    strictEqual(table.size, 10);
  });

  it("keeps keys apart that share a hash, however many there are", () => {
    // More than the largest segment has places, so splitting it is of no use.
    const ids = Array.from({ length: 6_000 }, (_, id) => id);
    for (const hash of [0, -1, 2 ** 31 - 1]) {
      const table = new KeyTable<number>(() => hash);
      for (const id of ids) table.set(keyOf(id), id);
      for (const id of ids) strictEqual(table.get(keyOf(id)), id, `hash=${hash}`);
      deepStrictEqual(sorted(table.entries()), sorted(ids.map((id) => [keyOf(id), id])));
      strictEqual(table.get("not there"), undefined);
      for (const id of ids.slice(1)) table.delete(keyOf(id));
      deepStrictEqual([...table.entries()], [[keyOf(0), 0]]);
    }
  });
});

describe("hashKey", () => {
  it("depends on each unit of a key, and on its length, in both of its halves", () => {
    const long = "x".repeat(1024);
    for (let at = 0; at < 1024; at++) {
      const other = `${long.slice(0, at)}y${long.slice(at + 1)}`;
      notStrictEqual(hashKey(other), hashKey(long), `unit ${at}`);
    }
    const hashes = Array.from({ length: 1024 }, (_, length) => hashKey("\0".repeat(length)));
    for (const half of [0, 16]) {
      const halves = new Set(hashes.map((hash) => hash >>> half & 0xffff));
      ok(halves.size > 500, `${halves.size} of 1024 lengths differ in the half from bit ${half}`);
    }
  });

  it("has each of its bits set for half of the keys", () => {
    const prng = new Prng(1);
    const units = (): number[] => Array.from({ length: 16 }, () => prng.below(2 ** 16));
    const hashes = Array.from({ length: 20_000 }, () => hashKey(String.fromCharCode(...units())));
    for (let bit = 0; bit < 32; bit++) {
      const share = hashes.filter((hash) => (hash >>> bit & 1) === 1).length / hashes.length;
      ok(Math.abs(share - 0.5) < 0.05, `bit ${bit}: ${share}`);
    }
  });
});
