/**
 * How a memory store goes through all of its keys, to list them or to clear them, while they
 * change, and lets timers run meanwhile.
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { listed, sorted } from "./conformance/expect.ts";
import { openMemorySubject } from "./support/memory_subject.ts";

describe("memory store: scans", () => {
  it("keys() ends though ten keys come for each that it gives", async () => {
    await using subject = openMemorySubject();
    const { kv } = subject;
    await kv.putMany(Array.from({ length: 1_000 }, (_, index) => [`old${index}`, "v"]));
    const seen: string[] = [];
    for await (const key of kv.keys()) {
      seen.push(key);
      ok(seen.length <= 11_000, "the scan follows what is put meanwhile");
      for (let more = 0; more < 10; more++) void kv.put(`new${seen.length}.${more}`, "v");
      void kv.delete(`new${seen.length}.5`);
    }
    strictEqual(new Set(seen).size, seen.length);
    strictEqual(seen.filter((key) => key.startsWith("old")).length, 1_000);
  });

  it("keys() is no entry of its own, whether it ends, is left or is forgotten", async () => {
    await using subject = openMemorySubject({ maxEntries: 3 });
    const { kv } = subject;
    await kv.putMany([["a", "1"], ["b", "2"], ["c", "3"]]);
    const before = await kv.stats();
    const forgotten = kv.keys();
    await forgotten.next();
    for await (const key of kv.keys()) {
      await kv.put(key, "4");
      if (key === "b") break;
    }
    deepStrictEqual(await sorted(kv.keys()), ["a", "b", "c"]);
    const { hits: _hits, ...after } = await kv.stats();
    deepStrictEqual({ ...after, hits: before.hits }, before);
    strictEqual(await kv.clear({ prefix: "" }), 3);
    strictEqual((await kv.stats()).entries, 0);
  });

  it("keys() leaves out what came after it started, whatever other scans run", async () => {
    await using subject = openMemorySubject();
    const { kv } = subject;
    await kv.putMany([["a", "1"], ["b", "2"]]);
    const first = kv.keys();
    const seenFirst = [(await first.next()).value];
    await kv.put("c", "3");
    const second = kv.keys();
    const seenSecond = [(await second.next()).value];
    await kv.put("d", "4");
    for await (const key of first) seenFirst.push(key);
    for await (const key of second) seenSecond.push(key);
    deepStrictEqual(seenFirst.sort(), ["a", "b"]);
    deepStrictEqual(seenSecond.sort(), ["a", "b", "c"]);
  });

  it("clear() ends, and spares what is put meanwhile, however much comes", async () => {
    await using subject = openMemorySubject();
    const { kv } = subject;
    const count = 20_000;
    await kv.putMany(Array.from({ length: count }, (_, index) => [`k${index}`, "v"]));
    let isCleared = false;
    const clearing = kv.clear({ prefix: "" }).finally(() => isCleared = true);
    let more = 0;
    while (!isCleared) await kv.put(`more${more++}`, "v");
    strictEqual(await clearing, count);
    strictEqual((await kv.stats()).entries, more);
  });

  // What readers did not find any more took the room of what was there, which was evicted.
  it("clear() makes room for what is put meanwhile, before anything is evicted", async () => {
    await using subject = openMemorySubject({ maxEntries: 40_000 });
    const { kv } = subject;
    const names = Array.from({ length: 20_000 }, (_, index) => `${index}`);
    await kv.putMany(names.map((name) => [`live ${name}`, "v"]));
    await kv.putMany(names.map((name) => [`old ${name}`, "v"]));
    const clearing = kv.clear({ prefix: "old" });
    await kv.putMany(names.map((name) => [`new ${name}`, "v"]));
    strictEqual(await clearing, names.length);
    const { entries, evictions } = await kv.stats();
    deepStrictEqual({ entries, evictions }, { entries: 40_000, evictions: 0 });
  });

  it("clear() of arrays makes room for strings", async () => {
    const count = 50_000;
    await using subject = openMemorySubject({ maxEntries: count });
    const { kv } = subject;
    for (let i = 0; i < count; i++) void kv.append(`a${i}`, "v");
    const clearing = kv.clear({ prefix: "" });
    await kv.putMany([["k1", "v"], ["k2", "v"], ["k3", "v"]]);
    strictEqual(await clearing, count);
    strictEqual((await kv.stats()).entries, 3);
  });

  it("timers have their turn in a loop of calls that are aborted at once", async () => {
    await using subject = openMemorySubject();
    const { kv } = subject;
    let hasRun = false;
    setTimeout(() => hasRun = true, 0);
    for (let calls = 0; !hasRun; calls++) {
      ok(calls < 10_000_000, "no timer ran");
      const abort = new AbortController();
      const call = kv.pop("k", { wait: true, signal: abort.signal });
      abort.abort();
      await call.catch(() => {});
    }
  });

  it("timers have their turn in loops of scans and batches", async () => {
    await using subject = openMemorySubject();
    const { kv } = subject;
    const keys = Array.from({ length: 3_000 }, (_, index) => `k${index}`);
    const loops: Record<string, () => Promise<unknown>> = {
      "keys() of nothing": () => listed(kv.keys()),
      "getMany()": () => kv.getMany(keys),
      "putMany()": () => kv.putMany(keys.map((key) => [key, "v"])),
      "removeMany()": () => kv.removeMany(keys),
    };
    for (const [name, step] of Object.entries(loops)) {
      let isDone = false;
      setTimeout(() => isDone = true);
      let rounds = 0;
      for (; !isDone && rounds < 200_000; rounds++) await step();
      ok(isDone, `${name}: no timer in ${rounds} rounds`);
    }
  });
});
