/**
 * The file store on a disk whose power fails, before every step of seeded runs.
 *
 * Durability "power": what was acknowledged is there. Durability "process": after a killed process
 * likewise, after a power loss what was there at the last sync. In both, what comes after that is
 * there from the first call to some later one, each whole; and `check()` finds nothing wrong.
 *
 * `JETKV_CRASH_POINTS=1000000` asks for more than the suite does (with `--allow-env`).
 */

import { ok, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import { type CrashRun, examine, run } from "./support/crash_run.ts";
import type { Crash } from "./support/crash_storage.ts";
import { numberFromEnvironment } from "./support/environment.ts";
import { Prng } from "./support/prng.ts";

const CRASH_POINTS = await numberFromEnvironment("JETKV_CRASH_POINTS", 12_000);
const STEPS = 120;
/** Of so many recoveries a crash in their midst is tried at each of their own steps. */
const NESTED_SHARE = 0.01;

const DURABILITIES = ["process", "power"] as const;

/** Tries every crash of a run; returns how many there were. */
async function tryCrashes(
  story: CrashRun,
  durability: "process" | "power",
  prng: Prng,
): Promise<number> {
  const promisedAt = ({ isPower }: Crash): readonly number[] =>
    isPower && durability === "process" ? story.syncedAt : story.acknowledgedAt;
  let count = 0;
  for (const crash of story.storage.crashes(prng)) {
    const recovery = await examine(story, crash, promisedAt(crash));
    count++;
    if (!prng.chance(NESTED_SHARE)) continue;
    for (const nested of recovery.crashes(prng)) {
      await examine(story, { ...nested, step: crash.step }, promisedAt(crash));
      count++;
    }
  }
  return count;
}

describe("file on a disk whose power fails", () => {
  it(`keeps its promises at ${CRASH_POINTS} crash points`, async () => {
    let count = 0;
    for (let seed = 1; count < CRASH_POINTS; seed++) {
      for (const durability of DURABILITIES) {
        const story = await run({ seed, steps: STEPS, durability });
        count += await tryCrashes(story, durability, new Prng(seed));
      }
    }
    ok(count >= CRASH_POINTS);
  });

  for (const durability of DURABILITIES) {
    it(`is caught with durability "${durability}" on a disk that forgets its syncs`, async () => {
      const story = await run({ seed: 1, steps: STEPS, durability, forgetsSyncs: true });
      await rejects(tryCrashes(story, durability, new Prng(1)));
    });
  }
});
