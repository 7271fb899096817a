/**
 * Pages that are taken, freed and grown over while a checkpoint or a compaction is under way: none
 * is lost to zeros, and a file that a crash leaves can be opened.
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Storage } from "../backends/file/storage.ts";
import type { FileKv } from "../kv/backends.ts";
import { bytes } from "../kv/codec.ts";
import { type Crash, CrashStorage } from "./support/crash_storage.ts";
import { openFileSubject } from "./support/file_subject.ts";
import { HeldStorage } from "./support/held_storage.ts";
import { Prng } from "./support/prng.ts";

/** Two records a page. */
const HALF_PAGE = "v".repeat(1_900);
/** So large that a checkpoint writes more than one group of pages. */
const CACHE_BYTES = 2 ** 26;

const HEADERS_BYTES = 2 * 4096;

const SEEDS = 2;
const SYNC_TURNS = 30;
/** So many that the journal has grown. */
const FIRST_KEYS = 4_000;
const BLOCKS = 3;
const BLOCK_KEYS = 500;
const CRASHES_SHARE = 0.1;
/** While long values move. */
const CRASHES = 60;
/** A limit on a hang. */
const timeout = 300_000;

/** A disk whose syncs take some turns of the event loop. */
class SlowStorage extends CrashStorage implements Storage {
  readonly #prng: Prng;

  constructor(prng: Prng) {
    super();
    this.#prng = prng;
  }

  override async sync(): Promise<void> {
    for (let left = this.#prng.below(SYNC_TURNS); left > 0; left--) await nextTurn();
    await super.sync();
  }
}

/** What a call made of a key, and how long the log of the disk was when that was promised. */
interface Outcome {
  readonly value: string | null;
  promisedAt: number;
}

/** Opens what is left of a disk; whatever is wrong with it fails. */
async function reopen(image: Uint8Array, where: string): Promise<FileKv> {
  const { kv } = await openFileSubject({ storage: new CrashStorage(image) });
  deepStrictEqual(await kv.check(), [], where);
  return kv;
}

/** Holds that each key has its last promised value, or one of a later call. */
async function examine(
  { step, image, isPower }: Crash,
  outcomes: ReadonlyMap<string, readonly Outcome[]>,
  seed: number,
): Promise<void> {
  const where = `seed=${seed} step=${step} ${isPower ? "power" : "process"}`;
  await using kv = await reopen(image, where);
  for (const [key, all] of outcomes) {
    const promised = all.findLastIndex(({ promisedAt }) => promisedAt <= step);
    const possible = all.slice(Math.max(promised, 0)).map(({ value }) => value);
    if (promised < 0) possible.push(null);
    ok(possible.includes(await kv.get(key)), `${where} ${key}`);
  }
}

/** Fills and empties pages, in turns of a few calls, while checkpoints come and go. */
async function tellStory(seed: number): Promise<void> {
  const prng = new Prng(seed);
  const storage = new SlowStorage(prng);
  const durability = seed % 2 === 0 ? "power" : "process";
  const { kv } = await openFileSubject({ storage, durability, cacheBytes: CACHE_BYTES });
  const outcomes = new Map<string, Outcome[]>();
  const set = async (key: string, value: string | null): Promise<void> => {
    const outcome = { value, promisedAt: Infinity };
    outcomes.set(key, [...outcomes.get(key) ?? [], outcome]);
    await (value === null ? kv.delete(key) : kv.put(key, value));
    outcome.promisedAt = storage.log.length;
  };
  await kv.putMany(Array.from({ length: FIRST_KEYS }, (_, index) => [`${index}`, HALF_PAGE]));
  const from = storage.log.length;
  for (let block = 0; block < BLOCKS; block++) {
    const count = BLOCK_KEYS + prng.below(BLOCK_KEYS);
    const keys = Array.from({ length: count }, (_, index) => `${block}:${index}`);
    const calls = keys.map((key) => () => set(key, `${HALF_PAGE}${block}`));
    // The last pages first, for those have not been staged yet. Some blocks stay, so that the next
    // ones have pages on which nothing has ever been.
    if (block % 2 === 0) calls.push(...keys.toReversed().map((key) => () => set(key, null)));
    for (let made = 0; made < calls.length;) {
      const turn = calls.slice(made, made += 1 + prng.below(60));
      await Promise.all(turn.map((call) => call()));
      if (prng.chance(0.5)) await nextTurn();
    }
  }
  for (const crash of storage.crashes(prng, CRASHES_SHARE, from)) {
    if (crash.isPower && durability === "process") continue;
    await examine(crash, outcomes, seed);
  }
  await kv.close();
}

describe("file whose pages come and go", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`keeps its promises in story ${seed}`, { timeout }, () => tellStory(seed));
  }

  it("can be opened after a checkpoint that passed over pages which were freed", async () => {
    const filled = await openFileSubject({ cacheBytes: CACHE_BYTES });
    const entries = Array.from(
      { length: FIRST_KEYS },
      (_, index) => [`${index}`, HALF_PAGE] as const,
    );
    await filled.kv.putMany(entries);
    await filled.kv.close();
    const storage = new HeldStorage(filled.storage.image);
    const { kv } = await openFileSubject({ storage, cacheBytes: CACHE_BYTES });
    storage.isHeld = true;
    let count = 0;
    for (; storage.waiting.length === 0; count++) await kv.put(`new ${count}`, HALF_PAGE);
    // The checkpoint waits with its first group of pages; the newest ones are in the second.
    for (let freed = 1; freed <= 20; freed++) await kv.delete(`new ${count - freed}`);
    storage.release();
    for (let turns = 0; turns < 100; turns++) await nextTurn();
    await using left = await reopen(storage.image, "killed");
    strictEqual((await left.stats()).entries, FIRST_KEYS + count - 20);
    await kv.close();
  });

  it("has room in the journal for the recovery that a crash at any time needs", async () => {
    const sessions = Array.from({ length: 8_000 }, (_, index) => `session:${index}`);
    const filled = await openFileSubject({ cacheBytes: CACHE_BYTES });
    const entries = sessions.map((key) => [key, "v".repeat(3_900)] as const);
    await filled.kv.putMany(entries, { expireIn: 1_000_000 });
    await filled.kv.close();
    const storage = new HeldStorage(filled.storage.image);
    const { kv } = await openFileSubject({ storage, cacheBytes: CACHE_BYTES });
    // Little is changed on many pages.
    await Promise.all(sessions.map((key) => kv.touch(key, 2_000_000)));
    storage.isHeld = true;
    while (storage.waiting.length === 0) await kv.put("k", HALF_PAGE);
    // The checkpoint brings its pages to their places; near its end the journal is filled up.
    const from = storage.log.length;
    const isHeaderWritten = (): boolean =>
      storage.log.slice(from).some((entry) => entry.kind === "write" && entry.at < HEADERS_BYTES);
    let left = storage.image;
    for (let group = 0; !isHeaderWritten(); group++) {
      left = storage.image;
      if (group === 29) {
        for (let i = 0; i < 8_000; i++) void kv.put("k", `${HALF_PAGE}${i % 10}`);
      }
      storage.waiting.shift()?.();
      await nextTurn();
    }
    await using again = await reopen(left, "killed");
    strictEqual((await again.stats()).entries, sessions.length + 1);
    storage.release();
    await kv.close();
  });

  it("finds room for a new list and its element where their class has one cell left", async () => {
    const { kv } = await openFileSubject();
    for (let i = 0; i < 126; i++) await kv.put(`k${`${i}`.padStart(3, "0")}`, "v");
    await kv.compact();
    strictEqual(await kv.append("q", "e"), 1);
    deepStrictEqual(await kv.check(), []);
    await kv.close();
  });

  it("uses gaps again, of whatever length", async () => {
    const { kv, storage } = await openFileSubject({ cacheBytes: CACHE_BYTES });
    const valueOf = (i: number): Uint8Array => new Uint8Array(4_080 * (1 + i % 9) - 60);
    for (let i = 0; i < 600; i++) await kv.put(`${i}`, valueOf(i));
    const sizes: number[] = [];
    for (let round = 0; round < 4; round++) {
      for (let i = round % 2; i < 600; i += 2) await kv.delete(`${i}`);
      for (let i = round % 2; i < 600; i += 2) await kv.put(`${i}`, valueOf(i));
      sizes.push(storage.size());
    }
    strictEqual(sizes[3], sizes[0]);
    deepStrictEqual(await kv.check(), []);
    await kv.close();
  });

  it("frees pages of one cell for other sizes", async () => {
    const { kv, storage } = await openFileSubject({ cacheBytes: CACHE_BYTES });
    for (let i = 0; i < 1_000; i++) await kv.put(`${i}`, "v".repeat(3_000));
    const full = storage.size();
    for (let i = 1; i < 1_000; i++) await kv.delete(`${i}`);
    for (let i = 1; i < 2_000; i++) await kv.put(`${i}`, "v".repeat(1_200));
    strictEqual(storage.size(), full);
    await kv.close();
  });

  it("finds room for the elements of one append() in every class of cells", async () => {
    const sizes = Array.from({ length: 23 }, (_, index) => "e".repeat(14 + index * 25));
    for (let fillers = 0; fillers < 24; fillers++) {
      const { kv, storage } = await openFileSubject();
      for (let i = 0; i < fillers; i++) await kv.put(`filler${i}`, "f".repeat(3_900));
      await kv.append("list", ...sizes);
      for (let i = 0; i < 40; i++) await kv.put(`more${i}`, "m".repeat(12_000));
      await kv.close();
      await using again = await reopen(storage.image, `${fillers} fillers`);
      deepStrictEqual(await again.range("list"), sizes);
    }
  });

  it("finds room for a long value where its record takes the first page of a gap", async () => {
    const pages = (count: number): Uint8Array => new Uint8Array(4_080 * count).fill(count);
    for (let fillers = 0; fillers < 24; fillers++) {
      const { kv, storage } = await openFileSubject();
      for (const key of ["first", "gap of 10", "between"]) await kv.put(key, pages(10));
      await kv.put("gap of 4", pages(4));
      await kv.put("last", pages(10));
      for (let i = 0; i < fillers; i++) await kv.put(`filler${i}`, "f".repeat(3_900));
      await kv.delete("gap of 10");
      await kv.delete("gap of 4");
      // The record of so long a key is the first of its class.
      await kv.put("k".repeat(600), pages(10));
      for (let i = 0; i < 20; i++) await kv.put(`more${i}`, pages(3));
      await kv.close();
      await (await reopen(storage.image, `${fillers} fillers`)).close();
    }
  });

  it("finds room for a journal that does not fit before the next map", async () => {
    const { kv, storage } = await openFileSubject({ cacheBytes: CACHE_BYTES });
    await kv.put("large", new Uint8Array(40 * 2 ** 20));
    await kv.put("k", "v");
    await kv.close();
    await using again = await reopen(storage.image, "closed");
    strictEqual(await again.get("k"), "v");
  });

  it("grows behind its pages where the power took its length and left its journal", async () => {
    const { kv, storage } = await openFileSubject({ cacheBytes: CACHE_BYTES });
    for (let i = 0; i < 30; i++) await kv.put(`a${i}`, "a".repeat(3_900));
    await kv.sync();
    const length = storage.size();
    for (let i = 0; i < 25; i++) await kv.put(`b${i}`, "b".repeat(3_900));
    const left = new CrashStorage(storage.image.subarray(0, length));
    await kv.close();
    const recovered = await openFileSubject({ storage: left, cacheBytes: CACHE_BYTES });
    for (let i = 0; i < 6; i++) await recovered.kv.put(`c${i}`, "c".repeat(3_900));
    await recovered.kv.close();
    await using again = await reopen(left.image, "recovered and closed");
    strictEqual((await again.stats()).entries, 61);
    for (let i = 0; i < 25; i++) strictEqual(await again.get(`b${i}`), "b".repeat(3_900));
  });

  it("can be opened wherever the power took its length and left what was written", async () => {
    const { kv, storage } = await openFileSubject({ cacheBytes: CACHE_BYTES });
    for (let i = 0; i < 700; i++) await kv.put(`a${i}`, "a".repeat(3_900)); // the journal moves
    await kv.compact();
    const { log } = storage;
    await kv.close();
    let length = 0;
    let opened = 0;
    const written = new CrashStorage();
    for (const entry of log) {
      if (entry.kind === "write") written.write(entry.at, entry.bytes);
      else if (entry.kind === "truncate") written.truncate(entry.size);
      else {
        if (length > 0 && length < written.size()) {
          await (await reopen(written.image.subarray(0, length), `${length}`)).close();
          opened++;
        }
        length = written.size();
      }
    }
    ok(opened > 5, `${opened} images`);
  });

  it("can be opened after compact() has made a large journal small, again and again", async () => {
    const { kv, storage } = await openFileSubject({ cacheBytes: CACHE_BYTES });
    await kv.put("kept", "v");
    await kv.put("large", new Uint8Array(34 * 2 ** 20));
    await kv.delete("large");
    for (let i = 0; i < 4; i++) await kv.compact();
    await kv.close();
    await using again = await reopen(storage.image, "compacted");
    strictEqual(await again.get("kept"), "v");
  });

  // The journal that logged the move of a long value once took the place that it was to move to.
  it(
    "has long values side by side after one compact(), wherever it crashes",
    { timeout },
    async () => {
      const { kv, storage } = await openFileSubject();
      const value = new Uint8Array(2 ** 20).fill(7);
      for (const key of ["gone", "kept", "also gone", "also kept"]) await kv.put(key, value);
      for (const key of ["gone", "also gone"]) await kv.delete(key);
      await kv.sync();
      const from = storage.log.length;
      await kv.compact();
      ok(storage.size() < 1.2 * 2 * value.length + 2 ** 19, `${storage.size()}`);
      await kv.close();
      const share = CRASHES / (storage.log.length - from);
      for (const { step, image } of storage.crashes(new Prng(1), share, from)) {
        await using crashed = await reopen(image, `step ${step}`);
        deepStrictEqual(await crashed.withCodec(bytes).getMany(["kept", "also kept"]), [
          value,
          value,
        ]);
      }
    },
  );

  it("is compacted while it is cleared and filled again", { timeout }, async () => {
    for (let wait = 0; wait < 250; wait += 25) {
      const prng = new Prng(wait);
      const { kv, storage } = await openFileSubject({ cacheBytes: 2 ** 22 });
      const value = (): string => "v".repeat(prng.below(1_500));
      for (let i = 0; i < 2_500; i++) await kv.put(`k${i}`, value());
      for (let i = 0; i < 2_500; i++) if (prng.chance(0.6)) await kv.delete(`k${i}`);
      const compacted = kv.compact();
      for (let i = 0; i < wait; i++) await kv.put("k", `${i}`);
      await kv.clear({ prefix: "" });
      for (let i = 0; i < 50; i++) await kv.put(`after${i}`, value());
      await compacted;
      await kv.close();
      await using again = await reopen(storage.image, `wait=${wait}`);
      strictEqual((await again.stats()).entries, 50);
    }
  });
});
