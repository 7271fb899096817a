/**
 * What the file store does when the disk fails: nothing is acknowledged that is not there, and what
 * is there stays right.
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { openStorageKv } from "../backends/file/file_kv.ts";
import type { Storage } from "../backends/file/storage.ts";
import type { FileKv } from "../kv/backends.ts";
import { CrashStorage, noSpace } from "./support/crash_storage.ts";
import { ManualClock } from "./support/manual_clock.ts";

const CACHE_BYTES = 16 * 4096;

/** A disk that fails when it is told to. */
class FaultyStorage extends CrashStorage implements Storage {
  /** Calls that still succeed. */
  readsLeft = Infinity;
  writesLeft = Infinity;
  syncsLeft = Infinity;
  /** The longest that the file can be. */
  bytesMax = Infinity;
  /** How often it was full. */
  fullCount = 0;
  writeError: Error = new Error("the disk cannot be written");
  syncError: Error = new Error("the disk cannot be synced");

  override read(at: number, into: Uint8Array): number {
    if (--this.readsLeft < 0) throw new Error("the disk cannot be read");
    return super.read(at, into);
  }

  override write(at: number, bytes: Uint8Array): void {
    if (--this.writesLeft < 0) throw this.writeError;
    if (at + bytes.length > this.bytesMax) {
      this.fullCount++;
      super.write(at, bytes.subarray(0, Math.max(0, this.bytesMax - at)));
      throw noSpace();
    }
    super.write(at, bytes);
  }

  override sync(): Promise<void> {
    if (--this.syncsLeft < 0) return Promise.reject(this.syncError);
    return super.sync();
  }

  override syncNow(): void {
    if (--this.syncsLeft < 0) throw this.syncError;
    super.syncNow();
  }
}

interface Opened {
  readonly kv: FileKv;
  readonly storage: FaultyStorage;
  readonly clock: ManualClock;
}

async function open(
  storage: FaultyStorage = new FaultyStorage(),
  durability: "process" | "power" = "power",
): Promise<Opened> {
  const options = { path: "a.db", addressSpaceSize: 4096, cacheBytes: CACHE_BYTES, durability };
  const clock = new ManualClock();
  return { kv: await openStorageKv(storage, options, clock), storage, clock };
}

const io = { name: "KvError", code: "io" };
const full = { name: "KvError", code: "full" };

describe("file on a disk that fails", () => {
  it("rejects what could not be written, and refuses work until opened anew", async () => {
    const { kv, storage } = await open();
    await kv.put("a", "1");
    storage.writesLeft = 0;
    await rejects(kv.put("a", "2"), io);
    await rejects(kv.put("b", "3"), io);
    await rejects(kv.get("a"), io);
    await kv.close();
    const { kv: again } = await open(new FaultyStorage(storage.image));
    strictEqual(await again.get("a"), "1");
    strictEqual(await again.get("b"), null);
    deepStrictEqual(await again.check(), []);
    await again.close();
  });

  it("rejects what could not be synced with durability power", async () => {
    const { kv, storage } = await open();
    storage.syncsLeft = 0;
    const calls = await Promise.allSettled([kv.put("a", "1"), kv.append("b", "2")]);
    deepStrictEqual(calls.map(({ status }) => status), ["rejected", "rejected"]);
    await rejects(kv.has("a"), io);
    await kv.close();
  });

  it("rejects sync() that could not be made, and refuses work then", async () => {
    const { kv, storage } = await open(new FaultyStorage(), "process");
    await kv.put("a", "1");
    storage.syncsLeft = 0;
    await rejects(kv.sync(), io);
    await rejects(kv.get("a"), io);
    await rejects(kv.close(), io); // what was acknowledged may not be in the file
  });

  // What had failed was synced once more, and that was taken for an answer.
  for (const durability of ["process", "power"] as const) {
    it(`rejects sync() where what it asks for fails, with durability ${durability}`, async () => {
      const { kv, storage } = await open(new FaultyStorage(), durability);
      await kv.put("a", "0");
      if (durability === "process") storage.writesLeft = 0;
      else storage.syncsLeft = 0;
      const put = kv.put("a", "1");
      const sync = kv.sync();
      await rejects(put, io);
      storage.syncsLeft = Infinity;
      await rejects(sync, io);
      await kv.close().catch(() => {});
    });
  }

  // An element of a list was there, though its append had been told that nothing changed.
  it("rejects with io, not full, where what was reserved meets a full disk", async () => {
    const waits: Record<string, (kv: FileKv) => Promise<unknown>> = {
      sync: (kv) => kv.sync(),
      close: (kv) => kv.close(),
      compact: (kv) => kv.compact(),
      put: (kv) => kv.put("a", "2"),
    };
    for (const [name, wait] of Object.entries(waits)) {
      const { kv, storage } = await open(new FaultyStorage(), name === "put" ? "power" : "process");
      await kv.put("a", "1");
      storage.syncError = noSpace();
      storage.syncsLeft = 0;
      await rejects(wait(kv), io, name);
      await kv.close().catch(() => {});
    }
    for (const [name, writes] of [["close", 1], ["compact", 2]] as const) {
      const { kv, storage } = await open(new FaultyStorage(), "process");
      await kv.put("a", "1");
      storage.writeError = noSpace();
      storage.writesLeft = writes; // past the journal
      await rejects(kv[name](), io, name);
      await kv.close().catch(() => {});
    }
  });

  it("says in close() that a sync in the background failed", async () => {
    const { kv, storage, clock } = await open(new FaultyStorage(), "process");
    await kv.put("a", "1");
    storage.syncsLeft = 0;
    await clock.advance(1_000);
    storage.syncsLeft = Infinity;
    await rejects(kv.close(), io);
  });

  // The timer threw, which ended the process; a call was rejected that was done.
  it("fails no timer and no call for a root page that is not in memory", async () => {
    const { kv: first, storage: made } = await open();
    for (let i = 0; i < 200; i++) await first.put(`key ${i}`, "x".repeat(1_000));
    await first.put("hot", "y");
    await first.put("dead", "z", { expireIn: 1 });
    await first.close();
    const { kv, storage, clock } = await open(new FaultyStorage(made.image));
    for (let i = 0; i < 600; i++) {
      await kv.get(`key ${i % 200}`);
      await kv.get("hot");
    }
    storage.readsLeft = 0;
    strictEqual(await kv.put("hot", "w"), true);
    clock.step(100);
    await rejects(kv.put("hot", "longer"), io); // the counters are there
    await rejects(kv.get("hot"), io);
    await kv.close();
  });

  it("rejects pops that wait when the disk fails", async () => {
    const { kv, storage } = await open();
    const waiting = kv.pop("list", { wait: true });
    storage.writesLeft = 0;
    await rejects(kv.put("a", "1"), io);
    await rejects(waiting, io);
    await kv.close();
  });

  it("keeps every acknowledged call, whichever write is the last", async () => {
    for (let writes = 0; writes < 60; writes++) {
      const { kv, storage } = await open();
      storage.writesLeft = writes;
      const kept = await putUntilFailure(kv);
      await kv.close().catch(() => {});
      const { kv: again } = await open(new FaultyStorage(storage.image));
      for (const key of kept) strictEqual(await again.get(key), key.repeat(300), `${writes}`);
      deepStrictEqual(await again.check(), []);
      await again.close();
    }
  });

  it("rejects a read that fails, and refuses work then", async () => {
    const { kv, storage } = await open();
    const keys = Array.from({ length: 200 }, (_, i) => `key ${i}`);
    await kv.putMany(keys.map((key) => [key, "x".repeat(1_000)]));
    await kv.close();
    const { kv: again, storage: disk } = await open(new FaultyStorage(storage.image));
    disk.readsLeft = 0;
    await rejects(again.getMany(keys), io);
    await rejects(again.put("a", "1"), io);
    await again.close();
  });
});

describe("file whose change fails half-way", () => {
  it("rejects the calls of that turn, and has none of them when it is opened anew", async () => {
    const made = await open();
    const values = Array.from({ length: 400 }, () => "x".repeat(500));
    await made.kv.append("list", ...values);
    await made.kv.put("a", "before");
    await made.kv.close();
    const { kv, storage } = await open(new FaultyStorage(made.storage.image));
    strictEqual(await kv.get("a"), "before");
    strictEqual(await kv.length("list"), 400);
    const written = storage.image;
    // The element taken is on a page that can be read, its neighbour on one that cannot.
    const calls = [kv.put("a", "after")];
    let popped = 0;
    for (storage.readsLeft = 1; popped < 20; popped++) calls.push(kv.pop("list").then(() => true));
    const settled = await Promise.allSettled(calls);
    ok(settled.every(({ status }) => status === "rejected"));
    await rejects(kv.get("a"), io);
    await kv.close();
    deepStrictEqual(storage.image, written);
    const { kv: again } = await open(new FaultyStorage(storage.image));
    strictEqual(await again.get("a"), "before");
    strictEqual(await again.length("list"), 400);
    deepStrictEqual(await again.check(), []);
    await again.close();
  });
});

async function putUntilFailure(kv: FileKv): Promise<string[]> {
  const kept: string[] = [];
  for (let i = 0; i < 200; i++) {
    try {
      await kv.put(`${i}`, `${i}`.repeat(300));
      kept.push(`${i}`);
    } catch {
      return kept;
    }
  }
  return kept;
}

describe("file on a disk that is full", () => {
  it("rejects with full, loses nothing, and works again once there is room", async () => {
    const { kv, storage } = await open();
    storage.bytesMax = storage.size() + 40 * 4096;
    const value = "v".repeat(1_500);
    const keys: string[] = [];
    await rejects(async () => {
      for (let i = 0;; i++) {
        await kv.put(`${i}`, value);
        keys.push(`${i}`);
      }
    }, full);
    ok(keys.length > 20);
    await rejects(kv.append("list", value.repeat(100)), full);
    strictEqual(await kv.length("list"), 0);
    for (const key of keys) strictEqual(await kv.get(key), value);
    await kv.put("0", "w".repeat(1_500));
    strictEqual(await kv.remove("1"), true);
    await kv.put("again", value);
    storage.bytesMax = Infinity;
    await kv.put("more", value.repeat(100));
    deepStrictEqual(await kv.check(), []);
    await kv.close();
    const { kv: again } = await open(new FaultyStorage(storage.image));
    strictEqual(await again.get("more"), value.repeat(100));
    strictEqual(await again.get("again"), value);
    await again.close();
  });

  // Only an emptied or a compacted file gave back what had been taken for nothing.
  it("rejects with full, and leaves the file as long as it was", async () => {
    const { kv, storage } = await open();
    await kv.put("a", "1");
    const size = storage.size();
    storage.bytesMax = size + 40 * 4096;
    await rejects(kv.put("b", "v".repeat(100 * 4096)), full);
    strictEqual(storage.size(), size);
    await kv.put("b", "v".repeat(20 * 4096));
    deepStrictEqual(await kv.check(), []);
    await kv.close();
    const { kv: again } = await open(new FaultyStorage(storage.image));
    strictEqual(await again.get("b"), "v".repeat(20 * 4096));
    await again.close();
  });

  // Each checkpoint took all that the disk had left, for a journal that is only better larger.
  it("does not ask again and again for a larger journal that it can do without", async () => {
    const { kv, storage } = await open(new FaultyStorage(), "process");
    storage.bytesMax = storage.size() + 500 * 4096;
    const keys = Array.from({ length: 400 }, (_, i) => `${i}`);
    const fill = (value: string): Promise<unknown> =>
      Promise.all(keys.map((key) => kv.put(key, value.repeat(3_500))));
    await fill("v");
    await fill("w");
    const { fullCount } = storage;
    ok(fullCount > 0);
    for (let turn = 0; turn < 5; turn++) await fill("x");
    strictEqual(storage.fullCount, fullCount);
    ok(storage.size() < storage.bytesMax);
    await kv.close();
  });

  // A call was rejected because the journal could not be made larger than the call needed.
  it("takes a long value where the disk has room for it, and not for more", async () => {
    const { kv, storage } = await open(new FaultyStorage(), "process");
    for (let i = 0; i < 2_500; i++) {
      storage.bytesMax = storage.size() + 20 * 4096; // never enough for a larger journal
      await kv.put(`${i}`, "v".repeat(3_500));
    }
    storage.bytesMax = storage.size() + 900 * 4096;
    await kv.put("long", "w".repeat(600 * 1024));
    deepStrictEqual(await kv.check(), []);
    await kv.close();
  });

  it("rejects openKv() where there is no room for a new file", async () => {
    const storage = new FaultyStorage();
    storage.bytesMax = 20_000;
    await rejects(open(storage), full);
    storage.bytesMax = Infinity;
    const { kv } = await open(storage);
    await kv.put("a", "1");
    await kv.close();
  });
});
