/**
 * Calls of the file store that wait: for room in the journal or in the cache, for the medium, or
 * for one another. Each of them comes to an end, whatever ends beside it.
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Storage } from "../backends/file/storage.ts";
import type { FileKv } from "../kv/backends.ts";
import { listed } from "./conformance/expect.ts";
import { CrashStorage, noSpace } from "./support/crash_storage.ts";
import { openFileSubject } from "./support/file_subject.ts";
import { Prng } from "./support/prng.ts";

const SEEDS = 8;
const ENTRIES = 3_000;
/** So few pages that a long call waits for a checkpoint time and again. */
const CACHE_BYTES = 8 * 4096;
const BATCHES = 100;
/** Far more than `check()` or `compact()` takes. */
const CALLS_MAX = 2_000;
/** A limit on a hang that keeps the event loop busy. */
const timeout = 300_000;

const STORIES = 40;
const CALLS = 40;
/** Longer than any story takes, by far. */
const TURNS_MAX = 50_000;
const STORY_KEYS = 600;
/** Where close() comes: so often, and at most so many moments after compact(). */
const MOMENTS = 200;
const MOMENTS_MAX = 100;
/** Every one of so many steps of the disk is the one that fails. */
const FAILING_STEPS = 200;

/** A disk that takes its time to sync, and fails for good when it is told to. */
class SlowStorage extends CrashStorage implements Storage {
  stepsLeft = Infinity;
  /** The longest that the file can be. */
  bytesMax = Infinity;
  isClosed = false;
  readonly #prng: Prng;

  constructor(prng: Prng, image?: Uint8Array) {
    super(image);
    this.#prng = prng;
  }

  override write(at: number, bytes: Uint8Array): void {
    strictEqual(this.isClosed, false, "something is written after close()");
    if (--this.stepsLeft < 0) throw new Error("the disk cannot be written");
    if (at + bytes.length > this.bytesMax) {
      throw noSpace();
    }
    super.write(at, bytes);
  }

  override async sync(): Promise<void> {
    for (let left = this.#prng.below(6); left > 0; left--) {
      if (this.#prng.chance(0.5)) await nextTurn();
      else await Promise.resolve();
    }
    if (--this.stepsLeft < 0) throw new Error("the disk cannot be synced");
    await super.sync();
  }

  override close(): void {
    this.isClosed = true;
  }
}

/** What the strings of a store must be. */
type Model = Map<string, string>;

/** Makes a call, of any kind and size, and tells the model. */
function makeCall(kv: FileKv, prng: Prng, model: Model): Promise<unknown> {
  const key = (): string => `key:${prng.below(STORY_KEYS)}`;
  const value = (max: number): string => String(prng.below(10)).repeat(prng.below(max));
  const entries = (count: number, max: number): (readonly [string, string])[] =>
    Array.from({ length: count }, () => [key(), value(max)] as const);
  const put = (entries: (readonly [string, string])[]): Promise<void> => {
    for (const [key, value] of entries) model.set(key, value);
    return kv.putMany(entries);
  };
  switch (prng.below(10)) {
    case 0:
      return put(entries(prng.below(STORY_KEYS), 300));
    case 1:
      return put(entries(3, 1_500_000));
    case 2: {
      const [[name, text]] = entries(1, 900_000) as [[string, string]];
      model.set(name, text);
      return kv.put(name, text);
    }
    case 3:
      return kv.getMany(Array.from({ length: prng.below(STORY_KEYS) }, key));
    case 4: {
      const keys = Array.from({ length: prng.below(STORY_KEYS) }, key);
      for (const key of keys) model.delete(key);
      return kv.removeMany(keys);
    }
    case 5: {
      const prefix = `key:${prng.below(10)}`;
      for (const key of [...model.keys()]) if (key.startsWith(prefix)) model.delete(key);
      return kv.clear({ prefix });
    }
    case 6:
      return kv.compact();
    case 7:
      return kv.check();
    case 8:
      return kv.sync();
    default:
      return listed(kv.keys({ limit: 100 }));
  }
}

/** Has time be as slow as a machine under load, now and then. */
async function withSkewedTime(prng: Prng, story: () => Promise<void>): Promise<void> {
  const { now } = performance;
  const share = prng.below(SEEDS);
  let skewMs = 0;
  performance.now = () => skewMs += prng.below(SEEDS) < share ? 10 : 0;
  try {
    await story();
  } finally {
    performance.now = now;
  }
}

/** A promise whose rejection is looked at later. */
function watched(call: Promise<unknown>): Promise<unknown> {
  call.catch(() => {});
  return call;
}

/** Waits until all have settled, for so many turns of the event loop as would do for many more. */
async function settleAll(
  calls: readonly Promise<unknown>[],
  what: string,
): Promise<PromiseSettledResult<unknown>[]> {
  let settled: PromiseSettledResult<unknown>[] | null = null;
  Promise.allSettled(calls).then((results) => settled = results);
  for (let turn = 0; settled === null; turn++) {
    ok(turn < TURNS_MAX, `${what}: a call never settles`);
    await nextTurn();
  }
  return settled;
}

describe("file: waiting for room", () => {
  // A call once came to wait just when a checkpoint had looked for the last time whether one did,
  // and waited for ever. Where turns of the event loop fall depends on how fast the machine is.
  it("a long call comes to its end, wherever turns of the event loop fall", async () => {
    const { now } = performance;
    try {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const prng = new Prng(seed);
        let skewMs = 0;
        performance.now = () => skewMs += prng.below(SEEDS) < seed ? 10 : 0;
        await using subject = await openFileSubject({ cacheBytes: CACHE_BYTES });
        const entries = Array.from({ length: ENTRIES }, (_, i) => [`key:${i}`, "v"] as const);
        await subject.kv.putMany(entries);
        strictEqual(await subject.kv.clear({ prefix: "key:" }), ENTRIES);
      }
    } finally {
      performance.now = now;
    }
  });

  it("timers have their turn between calls that are made together", async () => {
    const { now } = performance;
    let nowMs = 0;
    performance.now = () => nowMs += 10;
    try {
      await using subject = await openFileSubject({ cacheBytes: 2 ** 22 });
      let turns = 0;
      let isOver = false;
      const counting = (async () => {
        for (; !isOver; turns++) await nextTurn();
      })();
      for (let batch = 0; batch < BATCHES; batch++) {
        await Promise.all(Array.from({ length: 64 }, (_, i) => subject.kv.put(`key:${i}`, "v")));
      }
      isOver = true;
      await counting;
      ok(turns >= BATCHES / 2, `${turns} turns in ${BATCHES} batches`);
    } finally {
      performance.now = now;
    }
  });

  // Whoever writes waits for room again before a checkpoint has ended, which then went on and on.
  it(
    "check() and compact() end among calls that never pause",
    { timeout },
    async () => {
      const value = "v".repeat(20_000);
      for (const name of ["check", "compact"] as const) {
        await using subject = await openFileSubject({ storage: new SlowStorage(new Prng(1)) });
        const { kv } = subject;
        let isDone = false;
        let calls = 0;
        const work = async (worker: number): Promise<void> => {
          for (; calls < CALLS_MAX && !isDone; calls++) {
            await kv.put(`${worker}:${calls % 4}`, value);
          }
        };
        const workers = [0, 1, 2, 3, 4, 5, 6, 7].map(work);
        await kv.put("late", value);
        await Promise.all([kv[name]().then(() => isDone = true), ...workers]);
        ok(calls < CALLS_MAX, `${name}() was not done before the calls`);
      }
    },
  );

  it("a value longer than the journal is put as one of many, too", { timeout }, async () => {
    await using subject = await openFileSubject();
    const { kv } = subject;
    const large = "large".repeat(500_000);
    const [done] = await settleAll([kv.putMany([["a", large], ["b", "after"]])], "putMany()");
    strictEqual(done!.status, "fulfilled");
    strictEqual(await kv.get("a"), large);
    strictEqual(await kv.get("b"), "after");
  });

  it("a long call that finds no room on the disk rejects with full", { timeout }, async () => {
    const storage = new SlowStorage(new Prng(1));
    await using subject = await openFileSubject({ storage });
    const { kv } = subject;
    storage.bytesMax = storage.size() + 40 * 4096;
    const large = "large".repeat(500_000);
    const [done] = await settleAll([kv.putMany([["a", "before"], ["b", large]])], "putMany()");
    deepStrictEqual(done!.status === "rejected" && done!.reason.code, "full");
    strictEqual(await kv.get("a"), "before");
    storage.bytesMax = Infinity;
    await kv.put("b", large);
    strictEqual(await kv.get("b"), large);
  });
});

describe("file: every call settles", () => {
  it("in the order of the calls, however slow the disk is", { timeout }, async () => {
    for (let seed = 1; seed <= STORIES; seed++) {
      const prng = new Prng(seed);
      const what = `seed ${seed}`;
      await withSkewedTime(prng, async () => {
        const storage = new SlowStorage(prng);
        const { kv } = await openFileSubject({ cacheBytes: CACHE_BYTES, storage });
        const model: Model = new Map();
        const calls: Promise<unknown>[] = [];
        for (let i = 0; i < CALLS; i++) {
          calls.push(watched(makeCall(kv, prng, model)));
          while (prng.chance(0.5)) await nextTurn();
        }
        calls.push(kv.close());
        for (const result of await settleAll(calls, what)) {
          // Who lists keys or compacts makes many calls, and close() may come between.
          if (result.status === "rejected") {
            strictEqual(result.reason.code, "closed", `${what}: ${result.reason.stack}`);
          }
        }
        const again = await openFileSubject({ storage: new CrashStorage(storage.image) });
        deepStrictEqual(await again.kv.check(), [], what);
        strictEqual((await again.kv.stats()).entries, model.size, what);
        for (const [key, value] of model) strictEqual(await again.kv.get(key), value, what);
        await again.kv.close();
      });
    }
  });

  it("whenever the disk fails", { timeout }, async () => {
    for (let seed = 1; seed <= STORIES; seed++) {
      const prng = new Prng(seed);
      const what = `seed ${seed}`;
      await withSkewedTime(prng, async () => {
        const storage = new SlowStorage(prng);
        const durability = prng.pick(["process", "power"] as const);
        const { kv } = await openFileSubject({ cacheBytes: CACHE_BYTES, storage, durability });
        storage.stepsLeft = prng.below(FAILING_STEPS);
        const calls: Promise<unknown>[] = [];
        for (let i = 0; i < CALLS; i++) {
          calls.push(watched(makeCall(kv, prng, new Map())));
          while (prng.chance(0.5)) await nextTurn();
        }
        calls.push(kv.close());
        for (const result of await settleAll(calls, what)) {
          if (result.status === "fulfilled") continue;
          ok(["io", "closed"].includes(result.reason.code), `${what}: ${result.reason}`);
        }
        const again = await openFileSubject({ storage: new CrashStorage(storage.image) });
        deepStrictEqual(await again.kv.check(), [], what);
        await again.kv.close();
      });
    }
  });

  it("close() comes at any moment of compact()", { timeout }, async () => {
    for (let seed = 1; seed <= MOMENTS; seed++) {
      const what = `seed ${seed}`;
      const prng = new Prng(seed);
      const storage = new SlowStorage(prng);
      const { kv } = await openFileSubject({ storage });
      const entries = Array.from({ length: 300 }, (_, i) => [`key:${i}`, "v".repeat(500)] as const);
      await kv.putMany(entries);
      await kv.removeMany(entries.slice(0, 200).map(([key]) => key));
      const compacting = watched(kv.compact());
      for (let left = prng.below(MOMENTS_MAX); left > 0; left--) {
        await (prng.chance(0.2) ? nextTurn() : Promise.resolve());
      }
      const [compacted, closed] = await settleAll([compacting, kv.close()], what);
      if (compacted!.status === "rejected") strictEqual(compacted!.reason.code, "closed", what);
      strictEqual(closed!.status, "fulfilled", what);
      const again = await openFileSubject({ storage: new CrashStorage(storage.image) });
      deepStrictEqual(await again.kv.check(), [], what);
      for (const [key, value] of entries.slice(200)) strictEqual(await again.kv.get(key), value);
      await again.kv.close();
    }
  });

  it(
    "compact() that the disk fails gives the file up, with nothing lost",
    { timeout },
    async () => {
      for (let steps = 0, failed = true; failed; steps++) {
        const storage = new SlowStorage(new Prng(1));
        const { kv } = await openFileSubject({ storage });
        const entries = Array.from(
          { length: 300 },
          (_, i) => [`key:${i}`, "v".repeat(500)] as const,
        );
        await kv.putMany(entries);
        await kv.removeMany(entries.slice(0, 200).map(([key]) => key));
        storage.stepsLeft = steps;
        failed = await kv.compact().then(() => false, () => true);
        storage.stepsLeft = Infinity;
        if (failed) await rejects(kv.put("a", "1"), { code: "io" }, `step ${steps}`);
        // It may say that not all of what was acknowledged is on the medium.
        await kv.close().catch((error) => strictEqual(failed && error.code, "io"));
        const again = await openFileSubject({ storage: new CrashStorage(storage.image) });
        deepStrictEqual(await again.kv.check(), [], `step ${steps}`);
        for (const [key, value] of entries.slice(200)) strictEqual(await again.kv.get(key), value);
        await again.kv.close();
      }
    },
  );

  it("gives one element to a chain of waiting moves longer than the journal", async () => {
    await using subject = await openFileSubject({ cacheBytes: 2 ** 24 });
    const { kv } = subject;
    const links = 3_000;
    const ends = { take: "first", put: "last", wait: true } as const;
    const moves = Array.from({ length: links }, (_, i) => kv.move(`q${i}`, `q${i + 1}`, ends));
    strictEqual(await kv.append("q0", "element"), 1);
    deepStrictEqual(new Set(await Promise.all(moves)), new Set(["element"]));
    deepStrictEqual(await kv.range(`q${links}`), ["element"]);
  });

  it("takes one long append() whoever waits for elements of other keys", async () => {
    await using subject = await openFileSubject({ cacheBytes: 2 ** 24 });
    const { kv } = subject;
    const stop = new AbortController();
    const waits = Array.from({ length: 9_400 }, (_, i) => {
      const options = { wait: true, signal: stop.signal };
      return kv.pop(`other ${i}`, options).catch(() => "stopped");
    });
    strictEqual(await kv.append("a", ...new Array(9_400).fill("v")), 9_400);
    stop.abort();
    deepStrictEqual(new Set(await Promise.all(waits)), new Set(["stopped"]));
  });

  it("rejects with full on a full disk, however near its need is to the room", async () => {
    // Where a call of exactly that size begins is not for a test to know: all around it are tried.
    for (let bytes = 440_000; bytes < 480_000; bytes += 23) {
      const storage = new SlowStorage(new Prng(1));
      const { kv } = await openFileSubject({ storage, cacheBytes: 2 ** 26 });
      storage.bytesMax = storage.size();
      const put = kv.put("k", new Uint8Array(bytes));
      const outcome = put.then(() => "stored", (error) => error.code);
      const late = (async () => {
        for (let turns = 0; turns < 300; turns++) await nextTurn();
        return "never settled";
      })();
      strictEqual(await Promise.race([outcome, late]), "full", `${bytes} bytes`);
      await kv.close();
    }
  });
});
