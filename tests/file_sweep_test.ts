/**
 * Freeing what has expired and what was deleted, in the background of a file: within the room that
 * the journal has, however long the lists, and whatever is damaged.
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Engine } from "../backends/file/engine.ts";
import { Sweeper } from "../backends/file/sweeper.ts";
import { CrashStorage } from "./support/crash_storage.ts";
import { type FileSubject, openFileSubject } from "./support/file_subject.ts";
import { HeldStorage } from "./support/held_storage.ts";
import { ManualClock } from "./support/manual_clock.ts";

const CACHE_BYTES = 2 ** 24;
/** Lists of so many elements are freed at once when their key goes. */
const ELEMENTS = 32;
const LISTS = 200;
const EXPIRE_IN = 1_000;
const PAGE_BYTES = 4096;
/** One of those that records were put into. */
const DAMAGED_PAGE = 145;

/** A store with many lists that expire, whose checkpoints are held from now on. */
async function openExpiring(): Promise<FileSubject & { readonly held: HeldStorage }> {
  const held = new HeldStorage();
  const subject = await openFileSubject({ storage: held, cacheBytes: CACHE_BYTES });
  const elements = Array.from({ length: ELEMENTS }, (_, index) => `element ${index}`);
  for (let list = 0; list < LISTS; list++) {
    await subject.kv.append(`list ${list}`, ...elements);
    await subject.kv.touch(`list ${list}`, EXPIRE_IN);
  }
  await subject.kv.sync();
  held.isHeld = true;
  return { ...subject, held };
}

/** Puts until the journal has no room for another one; gives how many it had room for. */
async function countRoom({ kv }: FileSubject): Promise<number> {
  for (let count = 0;; count++) {
    let isDone = false;
    void kv.put("k", `${count}`.padStart(100)).then(() => isDone = true);
    await nextTurn();
    await nextTurn();
    if (!isDone) return count;
  }
}

describe("file that frees what it no longer holds", () => {
  it("keeps within the room that the journal has left", async () => {
    const full = await openExpiring();
    const room = await countRoom(full);
    full.held.release();
    await full.kv.close();
    for (let less = 1; less < 500; less += 50) {
      const { kv, clock, held } = await openExpiring();
      for (let count = 0; count < room - less; count++) {
        await kv.put("k", `${count}`.padStart(100));
      }
      clock.step(EXPIRE_IN);
      for (let time = 0; time < 10; time++) clock.step(20);
      await nextTurn();
      strictEqual((await kv.get("k"))?.length, 100, `less=${less}`);
      held.release();
      await kv.close();
    }
  });

  it("costs nobody the store where a page is damaged", async () => {
    const made = await openFileSubject({ cacheBytes: CACHE_BYTES });
    const keys = Array.from({ length: 500 }, (_, index) => `k${index}`);
    await made.kv.putMany(keys.map((key) => [key, "v".repeat(1_000)] as const));
    await made.kv.put("expires", "1", { expireIn: EXPIRE_IN });
    await made.kv.close();
    const image = made.storage.image;
    image[DAMAGED_PAGE * PAGE_BYTES + 500]! ^= 1;

    const { kv, clock } = await openFileSubject({
      storage: new CrashStorage(image),
      cacheBytes: CACHE_BYTES,
    });
    await clock.advance(EXPIRE_IN + 1_000);
    const outcomes = await Promise.allSettled(keys.map((key) => kv.get(key)));
    const damaged = outcomes.filter(({ status }) => status === "rejected");
    ok(damaged.length > 0 && damaged.length < 10, `${damaged.length} damaged`);
    for (const outcome of damaged) {
      strictEqual((outcome as PromiseRejectedResult).reason.code, "corrupt");
    }
    strictEqual(await kv.put("new", "v"), true);
    strictEqual(await kv.get("expires"), null);
    await kv.close();
  });

  it("says corrupt, not io, where a change met damage half-way", async () => {
    const made = await openFileSubject({ cacheBytes: CACHE_BYTES });
    // Each element has a page of its own.
    await made.kv.append("list", ...Array.from({ length: 20 }, () => "e".repeat(3_900)));
    await made.kv.put("k", "v");
    await made.kv.close();
    const image = made.storage.image;
    image[DAMAGED_PAGE * PAGE_BYTES + 500]! ^= 1;

    const { kv } = await openFileSubject({
      storage: new CrashStorage(image),
      cacheBytes: CACHE_BYTES,
    });
    await rejects(kv.delete("list"), { code: "corrupt" });
    await rejects(kv.get("k"), { name: "KvCorruptError", code: "corrupt" });
    await kv.close().catch(() => {});
    await using again = (await openFileSubject({ storage: new CrashStorage(image) })).kv;
    strictEqual(await again.get("k"), "v");
  });

  it("frees the elements of a long list that put() replaces", async () => {
    const { kv, clock, storage } = await openFileSubject({ cacheBytes: CACHE_BYTES });
    const elements = Array.from({ length: 2_000 }, () => "e".repeat(100));
    const sizes: number[] = [];
    await kv.put("kept", "or the file would be emptied");
    for (let round = 0; round < 10; round++) {
      await kv.append("list", ...elements);
      await kv.put("list", "a string");
      await kv.remove("list");
      for (let time = 0; time < 50; time++) await clock.advance(20);
      await kv.sync();
      sizes.push(storage.size());
    }
    strictEqual(sizes[9], sizes[2]);
    deepStrictEqual(await kv.check(), []);
    await kv.close();
  });

  it("sweeps soon after a day on which nothing expired", async () => {
    const { kv, clock } = await openFileSubject({ cacheBytes: CACHE_BYTES });
    // So many keys that a pass visits several buckets, and is over before the last one.
    await kv.putMany(Array.from({ length: 2_000 }, (_, index) => [`${index}`, "v"] as const));
    await kv.putExpire("alone", "v", EXPIRE_IN);
    for (let time = 0; time < 200; time++) await clock.advance(20);
    await clock.advance(86_400_000);
    const together = Array.from({ length: 500 }, (_, index) => [`x${index}`, "v"] as const);
    await kv.putMany(together, { expireIn: EXPIRE_IN });
    for (let time = 0; time < 3_000; time++) await clock.advance(20);
    strictEqual((await kv.stats()).entries, 2_000);
    await kv.close();
  });

  // It rested a hundred times as long as it had worked on the dead: the more there were, the longer
  // they stayed, and the more came meanwhile.
  it("does not rest for what it has freed", async () => {
    const { kv, clock } = await openFileSubject({ cacheBytes: CACHE_BYTES });
    const dead = Array.from({ length: 20_000 }, (_, index) => [`${index}`, "v"] as const);
    await kv.putMany(dead, { expireIn: EXPIRE_IN });
    await clock.advance(EXPIRE_IN);
    while ((await kv.stats()).entries > 0) await clock.advance(20);
    await kv.putExpire("k", "v", EXPIRE_IN);
    for (let time = 0; time <= EXPIRE_IN + 500; time += 20) await clock.advance(20);
    strictEqual((await kv.stats()).entries, 0);
    await kv.close();
  });

  // A program that made one such call after the other kept every key that it had ever put.
  it("sweeps beside a call that holds up the others", async () => {
    const { kv, clock } = await openFileSubject({ cacheBytes: CACHE_BYTES });
    await kv.putExpire("k", "v", EXPIRE_IN);
    await clock.advance(EXPIRE_IN - 1);
    const many = Array.from({ length: 200 }, (_, index) => [`${index}`, "v"] as const);
    for (let time = 0; time < 10; time++) {
      const call = kv.putMany(many);
      clock.step(20);
      await call;
    }
    strictEqual((await kv.stats()).entries, 200);
    await kv.close();
  });

  it("frees what putMany() put while a sweep went on", async () => {
    const { kv, clock } = await openFileSubject({ cacheBytes: 2 ** 20 });
    const many = Array.from({ length: 60_000 }, (_, i) => [`${i}`, "v".repeat(100)] as const);
    let isDone = false;
    const call = kv.putMany(many, { expireIn: 1 }).then(() => isDone = true);
    while (!isDone) await clock.advance(5);
    await call;
    for (let time = 0; time < 3_000; time++) {
      if ((await kv.stats()).entries === 0) break;
      await clock.advance(20);
    }
    strictEqual((await kv.stats()).entries, 0);
    await kv.close();
  });

  it("sweeps on where the clock is set back", async () => {
    const { kv, clock } = await openFileSubject({ cacheBytes: CACHE_BYTES });
    await kv.putMany(Array.from({ length: 2_000 }, (_, index) => [`${index}`, "v"] as const));
    await kv.putExpire("a", "v", EXPIRE_IN);
    await kv.putExpire("late", "v", 1_000 * EXPIRE_IN); // so that a pass goes to its end
    for (let time = 0; time < 200; time++) await clock.advance(20);
    strictEqual((await kv.stats()).entries, 2_001);
    clock.step(-86_400_000);
    await kv.putExpire("b", "v", EXPIRE_IN);
    for (let time = 0; time < 3_000; time++) await clock.advance(20);
    strictEqual((await kv.stats()).entries, 2_001);
    await kv.close();
  });
});

describe("sweeper", () => {
  it("comes soon again after a turn without room, where the last one freed much", () => {
    const clock = new ManualClock();
    const delays: number[] = [];
    const after = clock.after.bind(clock);
    clock.after = (ms, call) => {
      delays.push(ms);
      return after(ms, call);
    };
    const dead = { nextHash: 1, dueMs: 0, livingShare: 0 };
    const engine = { hasGarbage: false, expiringCount: 1, pendingBytes: 0, sweep: () => dead };
    let isOpen = true;
    const sweeper = new Sweeper(engine as unknown as Engine, clock, {
      isOpen: () => isOpen,
      flush: () => {},
      fail: () => {},
    });
    const nextDelay = (): number | undefined => {
      clock.step(delays.at(-1)!);
      return delays.at(-1);
    };
    sweeper.plan();
    const soon = nextDelay();
    ok(soon! < delays[0]!);
    isOpen = false;
    for (let turn = 0; turn < 3; turn++) strictEqual(nextDelay(), soon);
    isOpen = true;
    dead.livingShare = 1;
    strictEqual(nextDelay(), delays[0]);
    sweeper.stop();
  });
});
