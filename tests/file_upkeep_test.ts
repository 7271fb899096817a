/**
 * What the file store does behind the calls: it grows its table and its journal, frees what has
 * expired or was deleted, and cuts a file that has become empty. All of it survives a crash.
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Storage } from "../backends/file/storage.ts";
import { listed } from "./conformance/expect.ts";
import { type Crash, CrashStorage } from "./support/crash_storage.ts";
import { type FileSubject, openFileSubject } from "./support/file_subject.ts";
import { Prng } from "./support/prng.ts";

const VALUE = "v".repeat(100);

function keyOf(i: number): string {
  return `key:${String(i).padStart(12, "0")}`;
}

async function fill({ kv }: FileSubject, count: number, value = VALUE): Promise<void> {
  const entries = Array.from({ length: count }, (_, i) => [keyOf(i), value] as const);
  await kv.putMany(entries);
}

/** Lets the clock run, and what waits for it. */
async function pass({ clock, kv }: FileSubject, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 20) {
    await clock.advance(20);
    await nextTurn();
  }
  await kv.sync();
}

/** A disk that counts what it is asked for. */
class CountingStorage extends CrashStorage implements Storage {
  readBytes = 0;
  writtenBytes = 0;
  longestCut = 0;

  override read(at: number, into: Uint8Array): number {
    this.readBytes += into.length;
    return super.read(at, into);
  }

  override write(at: number, bytes: Uint8Array): void {
    this.writtenBytes += bytes.length;
    super.write(at, bytes);
  }

  override truncate(size: number): void {
    this.longestCut = Math.max(this.longestCut, this.size() - size);
    super.truncate(size);
  }
}

/** A disk that counts the records of the journal which do not begin where the last one ended. */
class GapStorage extends CrashStorage implements Storage {
  gaps = 0;
  #endAt = 0;

  override append(at: number, bytes: Uint8Array): void {
    if (at !== this.#endAt) this.gaps++;
    this.#endAt = at + bytes.length;
    super.append(at, bytes);
  }
}

/** A limit on a hang. */
const timeout = 300_000;

/** Crashes to try of a long story. */
const CRASHES = 150;

const GROWTH = [
  { what: "table", count: 1_500, value: "v" },
  { what: "journal", count: 900, value: "v".repeat(1_900) },
];

/** Opens what a crash left of keys that were put in their order; returns how many there are. */
async function examine({ step, image }: Crash, value: string): Promise<number> {
  const { kv } = await openFileSubject({ storage: new CrashStorage(image) });
  deepStrictEqual(await kv.check(), [], `step ${step}`);
  const { entries } = await kv.stats();
  for (let i = 0; i < entries; i++) strictEqual(await kv.get(keyOf(i)), value, `step ${step}`);
  await kv.close();
  return entries;
}

describe("file behind the calls", () => {
  it("writes the records of the journal one right behind the other", { timeout }, async () => {
    const storage = new GapStorage();
    await using subject = await openFileSubject({ storage });
    await subject.kv.put(keyOf(0), "v");
    storage.gaps = 0;
    for (let i = 0; i < 64; i++) await subject.kv.put(keyOf(i), "v".repeat(i));
    strictEqual(storage.gaps, 0);
  });

  it("grows its table and its journal, and is in order throughout", { timeout }, async () => {
    await using subject = await openFileSubject({ cacheBytes: 2 ** 22 });
    const { kv } = subject;
    for (let i = 0; i < 30_000; i += 3_000) {
      await kv.putMany(Array.from({ length: 3_000 }, (_, k) => [keyOf(i + k), VALUE] as const));
      deepStrictEqual(await kv.check(), []);
    }
    for (let i = 0; i < 30_000; i += 97) strictEqual(await kv.get(keyOf(i)), VALUE);
    strictEqual((await kv.stats()).entries, 30_000);
  });

  for (const { what, count, value } of GROWTH) {
    it(`keeps its promises when it crashes while its ${what} grows`, { timeout }, async () => {
      const { kv, storage } = await openFileSubject({ cacheBytes: 2 ** 18 });
      const acknowledgedAt: number[] = [];
      for (let i = 0; i < count; i++) {
        await kv.put(keyOf(i), value);
        acknowledgedAt.push(storage.log.length);
      }
      await kv.close();
      for (const crash of storage.crashes(new Prng(1), CRASHES / storage.log.length)) {
        const { step, isPower } = crash;
        const promised = isPower ? 0 : acknowledgedAt.filter((at) => at <= step).length;
        const entries = await examine(crash, value);
        ok(entries >= promised, `step ${step}: ${entries} of ${promised}`);
      }
    });
  }

  it("cuts the file when the store becomes empty", { timeout }, async () => {
    const subject = await openFileSubject();
    const { kv, storage } = subject;
    const emptyBytes = storage.size();
    await fill(subject, 10_000);
    await kv.append("list", ...Array.from({ length: 2_000 }, () => VALUE));
    ok(storage.size() > 2 * emptyBytes);
    strictEqual(await kv.clear({ prefix: "" }), 10_001);
    await pass(subject, 1_000);
    strictEqual(storage.size(), emptyBytes);
    deepStrictEqual(await kv.check(), []);
    await kv.put("again", VALUE);
    await kv.close();
    const again = await openFileSubject({ storage: new CrashStorage(storage.image) });
    strictEqual(await again.kv.get("again"), VALUE);
    await again.kv.close();
  });

  it(
    "is small again after the call that empties it, or when it is closed",
    { timeout },
    async () => {
      for (const isClosedAtOnce of [true, false]) {
        const subject = await openFileSubject();
        const { kv, storage } = subject;
        const emptyBytes = storage.size();
        await fill(subject, 10_000);
        await kv.append("list", ...Array.from({ length: 2_000 }, () => VALUE));
        strictEqual(await kv.clear({ prefix: "" }), 10_001);
        for (let turns = isClosedAtOnce ? 0 : 1_000; turns > 0; turns--) await nextTurn();
        if (!isClosedAtOnce) strictEqual(storage.size(), emptyBytes);
        await kv.close();
        strictEqual(storage.size(), emptyBytes);
        const again = await openFileSubject({ storage: new CrashStorage(storage.image) });
        deepStrictEqual(await again.kv.check(), []);
        await again.kv.close();
      }
    },
  );

  it("is cut a piece at a time", { timeout }, async () => {
    const storage = new CountingStorage();
    await using subject = await openFileSubject({ storage });
    const { kv } = subject;
    const emptyBytes = storage.size();
    await kv.put("large", "large".repeat(2_000_000));
    const fullBytes = storage.size();
    await kv.delete("large");
    await pass(subject, 100);
    strictEqual(storage.size(), emptyBytes);
    ok(storage.longestCut < fullBytes / 2, `${storage.longestCut} of ${fullBytes}`);
    deepStrictEqual(await kv.check(), []);
  });

  it("is cleared at once, and counts only the keys that were there", { timeout }, async () => {
    const storage = new CountingStorage();
    await using subject = await openFileSubject({ storage });
    const { clock, kv } = subject;
    await fill(subject, 5_000);
    const expiring = Array.from({ length: 3_000 }, (_, i) => [`expires:${i}`, VALUE] as const);
    await kv.putMany(expiring.slice(0, 1_000), { expireIn: 1_000 });
    await kv.putMany(expiring.slice(1_000), { expireIn: 100_000 });
    await pass(subject, 500);
    clock.step(500);
    const fullBytes = storage.size();
    storage.writtenBytes = 0;
    const calls = [kv.put("before", VALUE), kv.clear({ prefix: "" }), kv.put("after", VALUE)];
    deepStrictEqual(await Promise.all(calls), [true, 7_001, true]);
    ok(storage.writtenBytes < fullBytes / 2, `${storage.writtenBytes} of ${fullBytes} written`);
    deepStrictEqual(await listed(kv.keys()), ["after"]);
    const { entries, bytes } = await kv.stats();
    deepStrictEqual({ entries, bytes }, { entries: 1, bytes: 5 + VALUE.length });
    deepStrictEqual(await kv.check(), []);
  });

  it("keeps its promises when it crashes while it is closed empty", { timeout }, async () => {
    const subject = await openFileSubject();
    const { kv, storage } = subject;
    await fill(subject, 900, "v".repeat(1_900));
    await kv.append("list", ...Array.from({ length: 100 }, () => VALUE));
    await kv.clear({ prefix: "" });
    const from = storage.log.length;
    await kv.close();
    for (const { step, image } of storage.crashes(new Prng(1), 1, from)) {
      const crashed = await openFileSubject({ storage: new CrashStorage(image) });
      deepStrictEqual(await crashed.kv.check(), [], `step ${step}`);
      await crashed.kv.put("again", VALUE);
      strictEqual(await crashed.kv.get("again"), VALUE, `step ${step}`);
      await crashed.kv.close();
    }
  });

  it("keeps its promises when it crashes while it is cut", { timeout }, async () => {
    const subject = await openFileSubject();
    const { kv, storage } = subject;
    await fill(subject, 900, "v".repeat(1_900));
    await kv.sync();
    const from = storage.log.length;
    await kv.clear({ prefix: "" });
    const emptyAt = storage.log.length;
    await pass(subject, 100);
    await kv.put("again", VALUE);
    await kv.close();
    for (const { step, isPower, image } of storage.crashes(new Prng(1), 1, from)) {
      const crashed = await openFileSubject({ storage: new CrashStorage(image) });
      deepStrictEqual(await crashed.kv.check(), [], `step ${step}`);
      const { entries } = await crashed.kv.stats();
      ok([0, 1, 900].includes(entries), `step ${step}: ${entries}`);
      if (!isPower && step >= emptyAt) ok(entries <= 1, `step ${step}: ${entries}`);
      await crashed.kv.close();
    }
  });

  it("frees keys past their deadline", { timeout }, async () => {
    await using subject = await openFileSubject();
    const { kv } = subject;
    const entries = Array.from({ length: 3_000 }, (_, i) => [keyOf(i), VALUE] as const);
    await kv.putMany(entries, { expireIn: 1_000 });
    await kv.put("stays", VALUE);
    await kv.put("later", VALUE, { expireIn: 100_000 });
    await pass(subject, 4_000);
    strictEqual((await kv.stats()).entries, 2);
    deepStrictEqual(await kv.check(), []);
  });

  it("frees the elements of a long list that was deleted", { timeout }, async () => {
    await using subject = await openFileSubject();
    const { kv, storage } = subject;
    const values = Array.from({ length: 5_000 }, () => VALUE);
    await kv.append("list", ...values);
    const { size } = { size: storage.size() };
    for (let round = 0; round < 4; round++) {
      strictEqual(await kv.delete("list"), true);
      deepStrictEqual(await kv.check(), []);
      await pass(subject, 1_000);
      await kv.append("list", ...values);
    }
    ok(storage.size() < 2 * size + 2 ** 22);
    deepStrictEqual(await kv.check(), []);
  });

  it("gives unused space back when it is compacted in use", { timeout }, async () => {
    const { kv, storage, clock } = await openFileSubject({ cacheBytes: 2 ** 18 });
    const model = new Map<string, string | string[]>();
    const prng = new Prng(1);
    for (let i = 0; i < 6_000; i++) {
      const value = "v".repeat(prng.below(i % 50 === 0 ? 20_000 : 200));
      await kv.put(keyOf(i), value, i % 3 === 0 ? { expireIn: 1_000_000 } : undefined);
      model.set(keyOf(i), value);
    }
    for (let i = 0; i < 300; i++) {
      const values = Array.from({ length: 1 + prng.below(20) }, () => "e".repeat(prng.below(300)));
      if (i % 40 === 0) values.push("e".repeat(9_000));
      await kv.append(`list:${i}`, ...values);
      model.set(`list:${i}`, values);
    }
    for (const key of [...model.keys()]) {
      if (!prng.chance(0.8)) continue;
      await kv.delete(key);
      model.delete(key);
    }
    const before = storage.size();
    const compacting = kv.compact();
    for (let i = 0; i < 200; i++) {
      await kv.put(`meanwhile:${i}`, VALUE);
      await kv.append("list:meanwhile", VALUE);
      await kv.delete(`meanwhile:${i - 50}`);
      if (i >= 50) model.delete(`meanwhile:${i - 50}`);
      model.set(`meanwhile:${i}`, VALUE);
    }
    model.set("list:meanwhile", Array.from({ length: 200 }, () => VALUE));
    await compacting;
    await kv.compact();
    deepStrictEqual(await kv.check(), []);
    const { bytes, entries } = await kv.stats();
    ok(storage.size() < before / 2);
    ok(storage.size() - 2 ** 20 < 1.2 * (bytes + 48 * entries), `${storage.size()} for ${bytes}`);
    await kv.close();
    const again = await openFileSubject({ storage: new CrashStorage(storage.image), clock });
    deepStrictEqual(await again.kv.check(), []);
    strictEqual((await again.kv.stats()).entries, model.size);
    for (const [key, value] of model) {
      deepStrictEqual(
        typeof value === "string" ? await again.kv.get(key) : await again.kv.range(key),
        value,
      );
    }
    await again.kv.close();
  });

  it("keeps its promises when it crashes while it is compacted", { timeout }, async () => {
    const { kv, storage } = await openFileSubject({ cacheBytes: 2 ** 18 });
    const value = "v".repeat(300);
    for (let i = 0; i < 1_600; i++) {
      await kv.put(keyOf(i), i % 100 === 0 ? value.repeat(20) : value);
    }
    await kv.append("list", ...Array.from({ length: 400 }, () => value));
    for (let i = 0; i < 1_600; i++) if (i % 5 !== 0) await kv.delete(keyOf(i));
    for (let i = 0; i < 300; i++) await kv.popFirst("list");
    await kv.sync();
    const from = storage.log.length;
    await kv.compact();
    const share = CRASHES / (storage.log.length - from);
    for (const { step, image } of storage.crashes(new Prng(1), share, from)) {
      const crashed = await openFileSubject({ storage: new CrashStorage(image) });
      deepStrictEqual(await crashed.kv.check(), [], `step ${step}`);
      strictEqual((await crashed.kv.stats()).entries, 321);
      for (let i = 0; i < 1_600; i += 5) {
        const expected = i % 100 === 0 ? value.repeat(20) : value;
        strictEqual(await crashed.kv.get(keyOf(i)), expected);
      }
      deepStrictEqual(await crashed.kv.range("list"), Array.from({ length: 100 }, () => value));
      await crashed.kv.close();
    }
    await kv.close();
  });

  it("takes a value far larger than its journal", { timeout }, async () => {
    await using subject = await openFileSubject();
    const { kv } = subject;
    const large = "large".repeat(2_000_000);
    const puts = [kv.put("before", VALUE), kv.put("large", large), kv.put("large", large + "r")];
    deepStrictEqual(await Promise.all([...puts, kv.remove("before")]), [true, true, true, true]);
    strictEqual(await kv.get("large"), large + "r");
    deepStrictEqual(await kv.check(), []);
  });

  it("reads two pages at most for a key of a store ten times its cache", { timeout }, async () => {
    const made = await openFileSubject({ cacheBytes: 2 ** 24 });
    await fill(made, 20_000);
    await made.kv.close();
    const storage = new CountingStorage(made.storage.image);
    const { kv } = await openFileSubject({ storage, cacheBytes: 2 ** 18 });
    const prng = new Prng(1);
    storage.readBytes = 0;
    for (let reads = 0; reads < 2_000; reads++) {
      strictEqual(await kv.get(keyOf(prng.below(20_000))), VALUE);
    }
    // A third page, where two hashes of one bucket are equal, is rarer than a page in the cache.
    ok(storage.readBytes <= 2_000 * 2 * 4096);
    await kv.close();
  });

  it("does not write the file anew when it is closed", { timeout }, async () => {
    const made = await openFileSubject({ cacheBytes: 2 ** 24 });
    await fill(made, 20_000);
    await made.kv.close();
    const storage = new CountingStorage(made.storage.image);
    const { kv } = await openFileSubject({ storage, cacheBytes: 2 ** 24 });
    await kv.put(keyOf(1), "changed");
    storage.readBytes = storage.writtenBytes = 0;
    await kv.close();
    ok(storage.writtenBytes < 10 * 4096 && storage.readBytes === 0);
  });
});
