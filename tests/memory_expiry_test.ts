/**
 * How a memory store forgets what has expired, without a timer for each key.
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { contents } from "./conformance/expect.ts";
import { openMemorySubject } from "./support/memory_subject.ts";
import { Prng } from "./support/prng.ts";

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
