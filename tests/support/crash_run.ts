/**
 * A seeded run of a file store on a disk that writes down what happens to it, and the question to
 * every crash of that disk: is there what was promised?
 */

import { deepStrictEqual } from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { openStorageKv } from "../../backends/file/file_kv.ts";
import type { FileKv } from "../../kv/kv.ts";
import { type Crash, type CrashOptions, CrashStorage } from "./crash_storage.ts";
import { ManualClock } from "./manual_clock.ts";
import { modelWhole, play, whole } from "./mirror.ts";
import { Model } from "./model.ts";
import { Prng } from "./prng.ts";
import { type Step, Steps } from "./steps.ts";

const START_MS = Date.UTC(2026, 0, 1);
/** So few pages that nearly every turn begins a checkpoint. */
const CACHE_BYTES = 16 * 4096;
/** Not one atomic step, so a crash may show a state between two of the model's. */
const NOT_ATOMIC = ["keys", "entries", "clear"];

/** What the run of a seed did. */
export interface CrashRun {
  readonly seed: number;
  readonly steps: readonly Step[];
  readonly storage: CrashStorage;
  /** For each step, how long the log was when its promise resolved, and when all was synced. */
  readonly acknowledgedAt: readonly number[];
  readonly syncedAt: readonly number[];
  readonly endMs: number;
}

/** Options of a run. */
export interface RunOptions extends CrashOptions {
  readonly seed: number;
  readonly steps: number;
  readonly durability: "process" | "power";
}

/** Opens a store on a disk in memory. */
export async function openOn(
  storage: CrashStorage,
  clock: ManualClock,
  durability: "process" | "power" = "process",
): Promise<FileKv> {
  const options = { path: "a.db", addressSpaceSize: 4096, cacheBytes: CACHE_BYTES, durability };
  return await openStorageKv(storage, options, clock);
}

/** Plays a seed, with a sync now and then. */
export async function run({ seed, steps, durability, ...options }: RunOptions): Promise<CrashRun> {
  const prng = new Prng(seed);
  const drawn = new Steps(prng);
  const storage = new CrashStorage(undefined, options);
  const clock = new ManualClock(START_MS);
  const kv = await openOn(storage, clock, durability);
  const subject = { kv, advance: (ms: number) => clock.advance(ms) };
  const played: Step[] = [];
  const acknowledgedAt: number[] = [];
  const syncedAt: number[] = [];
  while (played.length < steps) {
    const turn: Step[] = [];
    for (let count = 1 + prng.below(4); count > 0; count--) turn.push(drawStep(drawn));
    await Promise.all(turn.map(async (step) => {
      const at = played.push(step) - 1;
      await play(subject, step);
      acknowledgedAt[at] = storage.log.length;
    }));
    if (prng.chance(0.2)) await nextTurn();
    if (prng.chance(0.1)) {
      await kv.sync();
      for (let at = syncedAt.length; at < played.length; at++) syncedAt.push(storage.log.length);
    }
  }
  await kv.close();
  for (let at = syncedAt.length; at < played.length; at++) syncedAt.push(storage.log.length);
  return { seed, steps: played, storage, acknowledgedAt, syncedAt, endMs: clock.now() };
}

function drawStep(drawn: Steps): Step {
  for (;;) {
    const step = drawn.next();
    if (!NOT_ATOMIC.includes(step.method)) return step;
  }
}

/**
 * Opens what a crash left, and compares it with what was promised.
 *
 * @param promisedAt For each step, the length of the log from which on it was promised to be there.
 * @returns The disk of the recovery, for crashes within it.
 */
export async function examine(
  { seed, steps, endMs }: CrashRun,
  { step, isPower, image }: Crash,
  promisedAt: readonly number[],
): Promise<CrashStorage> {
  const where = `seed=${seed} step=${step} ${isPower ? "power" : "process"}`;
  const storage = new CrashStorage(image);
  const kv = await openOn(storage, new ManualClock(endMs));
  deepStrictEqual(await kv.check(), [], where);
  const found = await whole(kv);
  await kv.close();
  // A call that changes nothing may resolve before an earlier one that does.
  const open = promisedAt.findIndex((at) => at > step);
  const promised = open < 0 ? steps.length : open;
  if (!isOneOf(found, steps, promised, endMs)) {
    deepStrictEqual(found, stateAfter(steps, promised, endMs), `${where} promised=${promised}`);
  }
  return storage;
}

/** Tells whether a state is that after the promised steps or any number more of them. */
function isOneOf(
  found: unknown[],
  steps: readonly Step[],
  promised: number,
  endMs: number,
): boolean {
  const text = JSON.stringify(found);
  const model = new Model();
  let nowMs = START_MS;
  for (let count = 0; count <= steps.length; count++) {
    if (count > 0) {
      const step = steps[count - 1]!;
      model.play(step);
      if (step.method === "advance") nowMs += step.args[0] as number;
    }
    if (count < promised) continue;
    // The model cannot be wound back, so only where nothing expires meanwhile it is looked at as is.
    const state = nowMs === endMs ? modelWhole(model) : stateAfter(steps, count, endMs);
    if (JSON.stringify(state) === text) return true;
  }
  return false;
}

function stateAfter(steps: readonly Step[], count: number, endMs: number): unknown[] {
  const model = new Model();
  let nowMs = START_MS;
  for (const step of steps.slice(0, count)) {
    model.play(step);
    if (step.method === "advance") nowMs += step.args[0] as number;
  }
  if (endMs > nowMs) model.play({ method: "advance", args: [endMs - nowMs] });
  return modelWhole(model);
}
