/**
 * The file store on a disk whose power fails, before every step of seeded runs.
 *
 * Durability "power": what was acknowledged is there. Durability "process": after a killed process
 * likewise, after a power loss what was there at the last sync. In both, what comes after that is
 * there from the first call to some later one, each whole; and `check()` finds nothing wrong.
 *
 * `JETKV_CRASH_POINTS=1000000` asks for more than the suite does (with `--allow-env`).
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { openStorageKv } from "../backends/file/file_kv.ts";
import type { FileKv } from "../kv/backends.ts";
import { type CrashRun, examine, run } from "./support/crash_run.ts";
import { CrashStorage } from "./support/crash_storage.ts";
import { numberFromEnvironment } from "./support/environment.ts";
import { Prng } from "./support/prng.ts";

const CRASH_POINTS = numberFromEnvironment("JETKV_CRASH_POINTS", 12_000);
const STEPS = 120;
/** Of so many recoveries a crash in their midst is tried at each of their own steps. */
const NESTED_SHARE = 0.01;

/** Of so many crashes what was left is used again, and crashes again. */
const NEXT_LIFE_SHARE = 0.02;
const NEXT_LIFE_STEPS = 20;
const LIVES = 3;

/** A limit on a hang, far above what the longest run takes. */
const timeout = 86_400_000;

const DURABILITIES = ["process", "power"] as const;

/** A seed that is tried, and how many crashes were. */
interface Trial {
  readonly seed: number;
  readonly durability: "process" | "power";
  readonly prng: Prng;
  count: number;
}

/**
 * Tries every crash of a run, of some recoveries from it, and of some runs that follow on those.
 */
async function tryCrashes(story: CrashRun, trial: Trial, lives: number): Promise<void> {
  const { prng, durability, seed } = trial;
  const promisedAt = (isPower: boolean): readonly number[] =>
    isPower && durability === "process" ? story.syncedAt : story.acknowledgedAt;
  for (const crash of story.storage.crashes(prng)) {
    const { step, isPower } = crash;
    const storage = story.storage.after(crash);
    const from = storage.log.length;
    const steps = await examine(story, storage, crash, promisedAt(isPower));
    trial.count++;
    if (prng.chance(NESTED_SHARE)) {
      for (const nested of storage.crashes(prng, 1, from)) {
        const both = { step, isPower: isPower || nested.isPower };
        await examine(story, storage.after(nested), both, promisedAt(both.isPower));
        trial.count++;
      }
    }
    if (lives > 1 && prng.chance(NEXT_LIFE_SHARE)) {
      const start = { image: crash.image, steps };
      const next = await run({ seed: seed + 3, steps: NEXT_LIFE_STEPS, durability, start });
      await tryCrashes(next, trial, lives - 1);
    }
  }
}

describe("file on a disk whose power fails", () => {
  it(`keeps its promises at ${CRASH_POINTS} crash points`, { timeout }, async () => {
    let count = 0;
    for (let seed = 1; count < CRASH_POINTS; seed++) {
      for (const durability of DURABILITIES) {
        const trial = { seed, durability, prng: new Prng(seed), count: 0 };
        await tryCrashes(await run({ seed, steps: STEPS, durability }), trial, LIVES);
        count += trial.count;
      }
    }
    ok(count >= CRASH_POINTS);
  });

  for (const durability of DURABILITIES) {
    it(
      `is caught with durability "${durability}" on a disk that forgets its syncs`,
      { timeout },
      async () => {
        const trial = { seed: 1, durability, prng: new Prng(1), count: 0 };
        const story = await run({ seed: 1, steps: STEPS, durability, forgetsSyncs: true });
        await rejects(tryCrashes(story, trial, 1), /AssertionError|KvCorruptError/);
      },
    );
  }

  it("clears all or nothing, wherever a compaction put the journal", { timeout }, async () => {
    const options = {
      path: "a",
      addressSpaceSize: 2 ** 18,
      cacheBytes: 2 ** 23,
      durability: "power",
    } as const;
    const open = (disk: CrashStorage): Promise<FileKv> => openStorageKv(disk, options);
    const value = "v".repeat(3_500);
    const fillers = Array.from({ length: 1_500 }, (_, index) => `filler${index}`);
    const keys = Array.from({ length: 300 }, (_, index) => `k${index}`);

    const first = new CrashStorage();
    await using before = await open(first);
    for (const key of fillers) void before.put(key, value);
    await before.removeMany(fillers);
    await before.put("kept", value);
    await before.compact();
    for (const key of keys) await before.put(key, value);
    await before.close();

    // The records of the journal that a recovery needs stand in another part of it each time.
    for (let turns = 0; turns < 160; turns += 20) {
      const disk = new CrashStorage(first.image);
      await using kv = await open(disk);
      for (let turn = 0; turn < turns; turn++) await kv.put("kept", `${value}${turn}`);
      const from = disk.log.length;
      strictEqual(await kv.clear({ prefix: "" }), keys.length + 1);
      const outcomes = new Set<number>();
      for (const crash of disk.crashes(new Prng(1), 1, from)) {
        await using left = await open(new CrashStorage(crash.image));
        deepStrictEqual(await left.check(), [], `turns=${turns} step=${crash.step}`);
        outcomes.add((await left.stats()).entries);
      }
      deepStrictEqual([...outcomes].sort((a, b) => a - b), [0, keys.length + 1]);
    }
  });
});
