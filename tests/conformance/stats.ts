/**
 * Counters: what a person would graph, and that they count.
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { listed } from "./expect.ts";
import type { Cases } from "./subject.ts";

const COUNTERS = ["bytes", "entries", "evictions", "hits", "inFlight", "misses", "reconnects"];

/** What is true of counters. */
export const stats: Cases = {
  "stats() gives the backend and whole numbers from 0": async ({ kv }) => {
    const { backend, ...counters } = await kv.stats();
    strictEqual(backend, kv.backend);
    deepStrictEqual(Object.keys(counters).sort(), COUNTERS);
    for (const [name, count] of Object.entries(counters)) {
      ok(Number.isSafeInteger(count) && count >= 0, `${name}: ${count}`);
    }
    strictEqual(counters.entries, 0);
    strictEqual(counters.inFlight, 0);
    strictEqual(counters.reconnects, 0);
  },

  "stats() counts the keys that are there": async ({ kv }) => {
    await kv.putMany([["a", "1"], ["b", "2"], ["c", "3"]]);
    await kv.append("d", "1", "2", "3");
    strictEqual((await kv.stats()).entries, 4);
    await kv.put("a", "again");
    strictEqual((await kv.stats()).entries, 4);
    await kv.remove("a");
    await kv.delete("d");
    strictEqual((await kv.stats()).entries, 2);
    await kv.clear({ prefix: "" });
    strictEqual((await kv.stats()).entries, 0);
    strictEqual((await listed(kv.keys())).length, 0);
  },

  "stats() counts reads that found a key and reads that found none": async ({ kv }) => {
    await kv.put("k", "v");
    const before = await kv.stats();
    for (let read = 0; read < 5; read++) await kv.get("k");
    for (let read = 0; read < 3; read++) await kv.get("missing");
    const after = await kv.stats();
    strictEqual(after.hits - before.hits, 5);
    strictEqual(after.misses - before.misses, 3);
  },

  "stats() counts what fetchRemove() read": async ({ kv }) => {
    await kv.put("k", "v");
    const before = await kv.stats();
    await kv.fetchRemove("k");
    await kv.fetchRemove("k");
    const after = await kv.stats();
    strictEqual(after.hits - before.hits, 1);
    strictEqual(after.misses - before.misses, 1);
  },

  "stats() counts each key of getMany()": async ({ kv }) => {
    await kv.put("k", "v");
    const before = await kv.stats();
    await kv.getMany(["k", "missing", "k", "none"]);
    const after = await kv.stats();
    strictEqual(after.hits - before.hits, 2);
    strictEqual(after.misses - before.misses, 2);
  },

  "stats() counts no read but those": async ({ kv }) => {
    await kv.put("k", "v");
    await kv.append("a", "1", "2");
    const before = await kv.stats();
    await Promise.all([kv.has("k"), kv.inspect("k"), kv.length("a"), kv.range("a"), kv.pop("a")]);
    await listed(kv.entries());
    const after = await kv.stats();
    deepStrictEqual([after.hits, after.misses], [before.hits, before.misses]);
  },

  "stats() counts more bytes for more data": async ({ kv }) => {
    // Small values one by one, and some slack: now and then a server counts what a connection has
    // just read, a command of a megabyte whole, among its data, and for a tenth of a second more.
    const values = Array.from({ length: 100 }, () => "x".repeat(10_000));
    const empty = (await kv.stats()).bytes;
    for (const [i, value] of values.entries()) await kv.put(`k${i}`, value);
    const filled = (await kv.stats()).bytes;
    ok(filled >= empty + 800_000, `${empty} to ${filled}`);
    for (const value of values) await kv.append("a", value);
    const more = (await kv.stats()).bytes;
    ok(more >= empty + 1_800_000, `${empty} to ${more}, by way of ${filled}`);
  },

  "stats() counts pops that wait": async ({ kv, advance }) => {
    const waiting = [kv.pop("k", { wait: true }), kv.popFirst("k", { wait: true })];
    await advance(50);
    strictEqual((await kv.stats()).inFlight, 2);
    await kv.append("k", "a", "b");
    await Promise.all(waiting);
    strictEqual((await kv.stats()).inFlight, 0);
  },

  "stats() gives numbers that do not change afterwards": async ({ kv }) => {
    const taken = await kv.stats();
    const copy = { ...taken };
    await kv.put("k", "v");
    await kv.get("k");
    deepStrictEqual(taken, copy);
  },
};
