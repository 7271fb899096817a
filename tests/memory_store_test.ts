/**
 * What only the memory store does: it evicts to stay within its bounds, and it forgets what has
 * expired without a timer for each key.
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

describe("memory store: expiry", () => {
  const count = 100_000;

  it("put() of many keys with expiry takes one timer", async () => {
    await using subject = openMemorySubject();
    const { kv, clock } = subject;
    const prng = new Prng(1);
    for (let index = 0; index < count; index++) {
      void kv.put(`k${index}`, "v", { expireIn: 1 + prng.below(86_400_000) });
    }
    await kv.get("k0");
    ok(clock.timerCount <= 1, `${clock.timerCount} timers`);
    ok(clock.setCount <= 100, `${clock.setCount} timers set`);
  });

  it("what has expired goes by itself, though the clock was put forward", async () => {
    await using subject = openMemorySubject();
    const { kv, clock } = subject;
    await kv.put("far", "v", { expireIn: 86_400_000 });
    clock.jump(2 * 86_400_000);
    await kv.put("near", "v", { expireIn: 1_000 });
    await clock.advance(3_000);
    strictEqual((await kv.stats()).entries, 0);
  });

  it("put() without expiry takes no timer", async () => {
    await using subject = openMemorySubject();
    await subject.kv.put("k", "v");
    await subject.kv.append("a", "v");
    strictEqual(subject.clock.setCount, 0);
  });

  it("what has expired goes by itself, a little at a time", async () => {
    await using subject = openMemorySubject();
    const { kv, clock } = subject;
    await kv.putMany(
      Array.from({ length: count }, (_, index) => [`k${index}`, "v"]),
      { expireIn: 1_000 },
    );
    await kv.put("stays", "v");
    await clock.advance(1_000);
    strictEqual(await kv.has("k5"), false);
    let before = (await kv.stats()).entries;
    for (let passed = 0; passed < 10_000 && before > 1; passed++) {
      clock.step(1);
      const { entries } = await kv.stats();
      ok(before - entries <= 5_000, `${before - entries} removed in one turn`);
      before = entries;
    }
    strictEqual(before, 1);
    strictEqual(clock.timerCount, 0);
  });

  it("what has expired goes within seconds, in whatever order deadlines come and go", async () => {
    await using subject = openMemorySubject();
    const { kv, clock } = subject;
    const prng = new Prng(1);
    const deadlines = new Map<string, number>();
    for (let step = 0; step < 20_000; step++) {
      const key = `k${prng.below(2_000)}`;
      const expireIn = 1_000 + prng.below(3_600_000);
      if (prng.chance(0.2)) await kv.delete(key);
      else if (prng.chance(0.5)) await kv.put(key, "v", { expireIn });
      else if (!await kv.touch(key, expireIn)) continue;
      deadlines.set(key, await kv.has(key) ? clock.now() + expireIn : -Infinity);
    }
    for (let passed = 0; passed < 3_700; passed += 10) {
      clock.step(10_000);
      const { entries } = await kv.stats();
      const lately = [...deadlines.values()].filter((ms) => ms > clock.now() - 10_000);
      ok(entries <= lately.length, `${entries} entries, of which ${lately.length} may be there`);
    }
    strictEqual((await kv.stats()).entries, 0);
  });

  it("what has expired goes where the next deadline is years away", async () => {
    await using subject = openMemorySubject();
    const { kv, clock } = subject;
    await kv.put("late", "v", { expireIn: 2 ** 53 - 1 });
    await kv.put("later", "v", { expireIn: 2 ** 45 });
    await kv.put("soon", "v", { expireIn: 1_000 });
    await clock.advance(10_000);
    strictEqual((await kv.stats()).entries, 2);
    ok(clock.timerCount <= 1);
    strictEqual(await kv.get("late"), "v");
  });

  it("persist(), remove() and clear() leave no deadline behind", async () => {
    await using subject = openMemorySubject();
    const { kv, clock } = subject;
    for (let round = 0; round < 1_000; round++) {
      await kv.put("persisted", "v", { expireIn: 1_000 });
      await kv.persist("persisted");
      await kv.put("removed", "v", { expireIn: 1_000 });
      await kv.remove("removed");
      await kv.put("cleared", "v", { expireIn: 1_000 });
      await kv.clear({ prefix: "cleared" });
    }
    await clock.advance(100_000);
    deepStrictEqual(await contents(kv), [["persisted", "v", false]]);
    strictEqual(clock.timerCount, 0);
  });

  it("close() takes its timers back", async () => {
    const { kv, clock } = openMemorySubject();
    await kv.put("k", "v", { expireIn: 1_000 });
    const waiting = rejects(kv.pop("a", { wait: 60_000 }), { code: "closed" });
    await kv.close();
    await waiting;
    strictEqual(clock.timerCount, 0);
    await clock.advance(100_000);
  });

  it("pop() that waits takes its timer back, however it ends", async () => {
    await using subject = openMemorySubject();
    const { kv, clock } = subject;
    const abort = new AbortController();
    const served = kv.pop("a", { wait: 60_000 });
    await kv.append("a", "v");
    strictEqual(await served, "v");
    const aborted = rejects(kv.pop("a", { wait: 60_000, signal: abort.signal }));
    abort.abort();
    await aborted;
    strictEqual(clock.timerCount, 0);
  });
});

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
