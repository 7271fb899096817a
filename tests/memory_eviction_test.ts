/**
 * How a memory store stays within its bounds: what it evicts, and what it refuses.
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { openMemoryKv } from "../backends/memory/memory_kv.ts";
import type { Kv } from "../kv/kv.ts";
import { contents, held, listed, sorted } from "./conformance/expect.ts";
import { ManualClock } from "./support/manual_clock.ts";
import { openMemorySubject } from "./support/memory_subject.ts";
import { play } from "./support/mirror.ts";
import { Prng } from "./support/prng.ts";
import { Steps } from "./support/steps.ts";

const full = { name: "KvError", code: "full" };

/** Bytes of everything that is there, counted the slow way. */
async function bytesHeld(kv: Kv): Promise<number> {
  let bytes = 0;
  for (const key of await listed(kv.keys())) {
    const texts = [key, await held(kv, key) ?? []].flat();
    for (const text of texts) bytes += text.length;
  }
  return bytes;
}

/** Every call that uses the string at `"a"`. */
const uses: Readonly<Record<string, (kv: Kv) => Promise<unknown>>> = {
  get: (kv) => kv.get("a"),
  getMany: (kv) => kv.getMany(["a"]),
  has: (kv) => kv.has("a"),
  inspect: (kv) => kv.inspect("a"),
  put: (kv) => kv.put("a", "2"),
  "put with ifAbsent": (kv) => kv.put("a", "2", { ifAbsent: true }),
  putMany: (kv) => kv.putMany([["a", "2"]]),
  increment: (kv) => kv.increment("a"),
  touch: (kv) => kv.touch("a", 60_000),
  persist: (kv) => kv.persist("a"),
  putIfEqual: (kv) => kv.putIfEqual("a", "other", "2"),
};

describe("memory store: eviction by maxEntries", () => {
  for (const [name, use] of Object.entries(uses)) {
    it(`${name} of a key keeps it from being evicted next`, async () => {
      await using subject = openMemorySubject({ maxEntries: 3 });
      const { kv } = subject;
      for (const key of ["a", "b", "c"]) await kv.put(key, "1");
      await use(kv);
      await kv.put("d", "1");
      deepStrictEqual(await sorted(kv.keys()), ["a", "c", "d"]);
      strictEqual((await kv.stats()).evictions, 1);
    });
  }

  it("put() over a key evicts none", async () => {
    await using subject = openMemorySubject({ maxEntries: 2 });
    const { kv } = subject;
    await kv.putMany([["a", "1"], ["b", "2"]]);
    for (let round = 0; round < 10; round++) await kv.put("a", "x".repeat(round));
    deepStrictEqual(await sorted(kv.keys()), ["a", "b"]);
    strictEqual((await kv.stats()).evictions, 0);
  });

  it("put() keeps the strings that a plain list of the last used keeps", async () => {
    for (let seed = 1; seed <= 10; seed++) {
      await using subject = openMemorySubject({ maxEntries: 8 });
      const { kv } = subject;
      const prng = new Prng(seed);
      const used: string[] = [];
      for (let step = 0; step < 500; step++) {
        const key = `k${prng.below(16)}`;
        const isThere = used.includes(key);
        if (prng.chance(0.5)) {
          strictEqual(await kv.get(key) !== null, isThere, `seed=${seed} step=${step}`);
          if (!isThere) continue;
        } else await kv.put(key, "v");
        if (isThere) used.splice(used.indexOf(key), 1);
        used.push(key);
        if (used.length > 8) used.shift();
      }
      deepStrictEqual(await sorted(kv.keys()), used.sort(), `seed=${seed}`);
    }
  });

  it("append() never evicts an array, and rejects where only arrays are left", async () => {
    await using subject = openMemorySubject({ maxEntries: 3 });
    const { kv } = subject;
    await kv.append("a", "1");
    await kv.put("s", "evicted");
    await kv.append("b", "1");
    strictEqual(await kv.append("c", "1"), 1);
    deepStrictEqual(await sorted(kv.keys()), ["a", "b", "c"]);
    await rejects(kv.put("d", "1"), full);
    await rejects(kv.append("d", "1"), full);
    await rejects(kv.increment("d"), full);
    strictEqual(await kv.append("a", "2"), 2);
    deepStrictEqual(await contents(kv), [
      ["a", ["1", "2"], false],
      ["b", ["1"], false],
      ["c", ["1"], false],
    ]);
    await kv.delete("b");
    strictEqual(await kv.put("d", "1"), true);
    strictEqual(await kv.put("e", "1"), true);
    deepStrictEqual(await sorted(kv.keys()), ["a", "c", "e"]);
  });

  it("put() over an array needs no more room", async () => {
    await using subject = openMemorySubject({ maxEntries: 2 });
    const { kv } = subject;
    await kv.append("a", "1");
    await kv.append("b", "1");
    strictEqual(await kv.put("a", "string"), true);
    deepStrictEqual(await contents(kv), [["a", "string", false], ["b", ["1"], false]]);
  });

  it("move() of the only element to a new key needs no more room", async () => {
    await using subject = openMemorySubject({ maxEntries: 2 });
    const { kv } = subject;
    await kv.append("from", "job");
    await kv.append("other", "x");
    strictEqual(await kv.move("from", "to", { take: "first", put: "last" }), "job");
    deepStrictEqual(await contents(kv), [["other", ["x"], false], ["to", ["job"], false]]);
  });

  it("move() to a new key rejects where only arrays are left, and moves nothing", async () => {
    await using subject = openMemorySubject({ maxEntries: 2 });
    const { kv } = subject;
    await kv.append("from", "1", "2");
    await kv.append("other", "x");
    await rejects(kv.move("from", "to", { take: "first", put: "last" }), full);
    deepStrictEqual(await contents(kv), [["from", ["1", "2"], false], ["other", ["x"], false]]);
  });

  it("put() removes what has expired before it evicts", async () => {
    await using subject = openMemorySubject({ maxEntries: 3 });
    const { kv, advance } = subject;
    await kv.put("oldest", "1");
    await kv.putExpire("expired", "1", 500);
    await kv.put("newest", "1");
    await advance(500);
    await kv.put("more", "1");
    deepStrictEqual(await sorted(kv.keys()), ["more", "newest", "oldest"]);
    strictEqual((await kv.stats()).evictions, 0);
  });

  it("put() makes room in place of arrays that have expired", async () => {
    await using subject = openMemorySubject({ maxEntries: 1 });
    const { kv, advance } = subject;
    await kv.append("a", "1");
    await kv.touch("a", 500);
    await rejects(kv.put("s", "1"), full);
    await advance(500);
    strictEqual(await kv.put("s", "1"), true);
  });

  it("keys() allows evictions meanwhile", async () => {
    await using subject = openMemorySubject({ maxEntries: 100 });
    const { kv } = subject;
    await kv.putMany(Array.from({ length: 100 }, (_, index) => [`old${index}`, "v"]));
    const seen: string[] = [];
    for await (const key of kv.keys()) {
      seen.push(key);
      // In place of a key that is evicted one that was put meanwhile may come. But a table of so
      // few keys is walked over in two parts, and in neither are there more than a hundred.
      ok(seen.length <= 200, "the scan follows what is put meanwhile");
      await kv.put(`new${seen.length}`, "v");
    }
    strictEqual(new Set(seen).size, seen.length);
    strictEqual((await listed(kv.keys())).length, 100);
  });
});

describe("memory store: eviction by maxBytes", () => {
  it("put() evicts until the new string fits", async () => {
    await using subject = openMemorySubject({ maxBytes: 100 });
    const { kv } = subject;
    for (const key of ["a", "b", "c", "d"]) await kv.put(key, "x".repeat(24));
    strictEqual((await kv.stats()).bytes, 100);
    await kv.put("e", "x".repeat(25));
    deepStrictEqual(await sorted(kv.keys()), ["c", "d", "e"]);
    strictEqual((await kv.stats()).evictions, 2);
    strictEqual((await kv.stats()).bytes, 76);
  });

  it("put() counts text by its UTF-16 code units, bytes as they are, and keys too", async () => {
    await using subject = openMemorySubject({ maxBytes: 12 });
    const { kv } = subject;
    await rejects(kv.put("é", "€€€€€€€€€€🦕"), full);
    strictEqual(await kv.put("é", "€€€€€€€€€🦕"), true);
    strictEqual((await kv.stats()).bytes, 12);
    await rejects(kv.put("k", new Uint8Array(12)), full);
    await rejects(kv.put("k".repeat(13), ""), full);
    strictEqual(await kv.put("k".repeat(12), ""), true);
    deepStrictEqual(await sorted(kv.keys()), ["k".repeat(12)]);
  });

  it("put() of what can never fit rejects and evicts none", async () => {
    await using subject = openMemorySubject({ maxBytes: 100 });
    const { kv } = subject;
    await kv.putMany([["a", "1"], ["b", "2"]]);
    await rejects(kv.put("c", "x".repeat(100)), full);
    await rejects(kv.put("a", "x".repeat(100)), full);
    await rejects(kv.append("c", "x".repeat(50), "x".repeat(50)), full);
    deepStrictEqual(await contents(kv), [["a", "1", false], ["b", "2", false]]);
    strictEqual((await kv.stats()).evictions, 0);
  });

  it("put() of a longer value over a key evicts others, not the key", async () => {
    await using subject = openMemorySubject({ maxBytes: 30 });
    const { kv } = subject;
    await kv.putMany([["a", "x".repeat(9)], ["b", "x".repeat(9)], ["c", "x".repeat(9)]]);
    await kv.put("a", "y".repeat(19));
    deepStrictEqual(await sorted(kv.entries()), [["a", "y".repeat(19)], ["c", "x".repeat(9)]]);
  });

  it("append() evicts strings for its elements, and rejects without any", async () => {
    await using subject = openMemorySubject({ maxBytes: 50 });
    const { kv } = subject;
    await kv.put("s", "x".repeat(29));
    strictEqual(await kv.append("a", "y".repeat(40)), 1);
    strictEqual(await kv.has("s"), false);
    await rejects(kv.append("a", "y".repeat(10)), full);
    await rejects(kv.prepend("a", "y", "y".repeat(9)), full);
    deepStrictEqual(await contents(kv), [["a", ["y".repeat(40)], false]]);
    strictEqual(await kv.append("a", "y".repeat(9)), 2);
    strictEqual((await kv.stats()).bytes, 50);
    await kv.pop("a");
    strictEqual((await kv.stats()).bytes, 41);
    await kv.pop("a");
    strictEqual((await kv.stats()).bytes, 0);
  });

  it("move() needs no room for its element twice", async () => {
    await using subject = openMemorySubject({ maxBytes: 60 });
    const { kv } = subject;
    await kv.append("a", "x".repeat(50));
    strictEqual(await kv.move("a", "b", { take: "first", put: "last" }), "x".repeat(50));
    strictEqual((await kv.stats()).bytes, 51);
    await kv.append("b", "y");
    strictEqual(await kv.move("b", "b", { take: "first", put: "last" }), "x".repeat(50));
    strictEqual((await kv.stats()).bytes, 52);
    strictEqual((await kv.stats()).evictions, 0);
  });

  it("put() and move() keep what they found, though its time comes meanwhile", async () => {
    for (let expireIn = 1; expireIn < 20; expireIn++) {
      let nowMs = 0;
      const clock = new ManualClock();
      const ticking = { now: () => nowMs++, after: clock.after.bind(clock) };
      await using kv = openMemoryKv({ maxEntries: undefined, maxBytes: 10 }, ticking);
      await kv.put("o", "12345");
      await kv.put("k", "v", { expireIn });
      await kv.put("k", "x".repeat(9));
      strictEqual(await kv.get("k"), "x".repeat(9), `expireIn=${expireIn}`);
      strictEqual((await kv.stats()).bytes, 10, `expireIn=${expireIn}`);
      await kv.remove("k");
      await kv.append("a", "1234567");
      await kv.put("o", "1");
      await kv.touch("a", expireIn);
      const moved = await kv.move("a", "bcd", { take: "first", put: "last" });
      deepStrictEqual(await kv.range("bcd"), moved === null ? [] : [moved], `in ${expireIn} ms`);
      await kv.delete("o");
      strictEqual((await kv.stats()).bytes, moved === null ? 0 : 10, `expireIn=${expireIn}`);
    }
  });

  it("stats() counts the bytes of what is there after any calls", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      for (const limits of [{}, { maxBytes: 2 ** 40 }, { maxEntries: 40, maxBytes: 20_000 }]) {
        await using subject = openMemorySubject(limits);
        const { kv, advance } = subject;
        const steps = new Steps(new Prng(seed));
        for (let step = 0; step < 300; step++) {
          await play(subject, steps.next());
          const { bytes, entries } = await kv.stats();
          ok(bytes <= (limits.maxBytes ?? Infinity), `seed=${seed} step=${step}: ${bytes} bytes`);
          ok(entries <= (limits.maxEntries ?? Infinity), `seed=${seed} step=${step}`);
        }
        await advance(200_000_000);
        const { bytes, entries } = await kv.stats();
        strictEqual(entries, (await listed(kv.keys())).length, `seed=${seed}`);
        strictEqual(bytes, await bytesHeld(kv), `seed=${seed}`);
      }
    }
  });
});
