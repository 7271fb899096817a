/**
 * A seeded run of a file store on a disk that writes down what happens to it, and the question to
 * every crash of that disk: is there what was promised?
 */

import { deepStrictEqual } from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { openStorageKv } from "../../backends/file/file_kv.ts";
import type { FileKv } from "../../kv/backends.ts";
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

/** What a run begins with: a disk, and the steps whose outcome is on it. */
export interface CrashStart {
  readonly image: Uint8Array;
  readonly steps: readonly Step[];
}

/** Options of a run. */
export interface RunOptions extends CrashOptions {
  readonly seed: number;
  readonly steps: number;
  readonly durability: "process" | "power";
  readonly start?: CrashStart;
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
export async function run(options: RunOptions): Promise<CrashRun> {
  const { seed, durability, start } = options;
  const prng = new Prng(seed);
  const drawn = new Steps(prng);
  const storage = new CrashStorage(start?.image, options);
  const played: Step[] = [...start?.steps ?? []];
  const clock = new ManualClock(START_MS + passedMs(played));
  const kv = await openOn(storage, clock, durability);
  const subject = { kv, advance: (ms: number) => clock.advance(ms) };
  const acknowledgedAt = played.map(() => 0);
  const syncedAt = played.map(() => 0);
  const count = played.length + options.steps;
  while (played.length < count) {
    const turn: Step[] = [];
    const most = seed % 3 === 0 ? 1 : 4;
    for (let left = 1 + prng.below(most); left > 0; left--) turn.push(drawStep(drawn, seed, prng));
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

/**
 * Draws a step. Every third seed has steps that all log the same number of bytes: so what an
 * earlier life left in the journal stands exactly where this one's next record would.
 */
function drawStep(drawn: Steps, seed: number, prng: Prng): Step {
  if (seed % 3 === 0) return { method: "put", args: [`k${prng.below(3)}`, `${prng.below(10)}`] };
  for (;;) {
    const step = drawn.next();
    if (!NOT_ATOMIC.includes(step.method)) return step;
  }
}

/** Time that passes in some steps. */
function passedMs(steps: readonly Step[]): number {
  const advances = steps.filter(({ method }) => method === "advance");
  return advances.reduce((sum, { args }) => sum + (args[0] as number), 0);
}

/**
 * Opens the disk that a crash left, and compares what is there with what was promised.
 *
 * @param promisedAt For each step, the length of the log from which on it was promised to be there.
 * @returns The steps whose outcome was found.
 */
export async function examine(
  { seed, steps, endMs }: CrashRun,
  storage: CrashStorage,
  { step, isPower }: Pick<Crash, "step" | "isPower">,
  promisedAt: readonly number[],
): Promise<readonly Step[]> {
  const where = `seed=${seed} step=${step} ${isPower ? "power" : "process"}`;
  const kv = await openOn(storage, new ManualClock(endMs));
  deepStrictEqual(await kv.check(), [], where);
  const found = await whole(kv);
  await kv.close();
  // A call that changes nothing may resolve before an earlier one that does.
  const open = promisedAt.findIndex((at) => at > step);
  const promised = open < 0 ? steps.length : open;
  const count = countSteps(found, steps, promised, endMs);
  if (count < 0) {
    deepStrictEqual(found, stateAfter(steps, promised, endMs), `${where} promised=${promised}`);
  }
  const left = steps.slice(0, count);
  const lateMs = endMs - START_MS - passedMs(left);
  return [...left, { method: "advance", args: [lateMs] }];
}

/**
 * Finds the state that is that after the promised steps or any number more of them.
 *
 * @returns The number of steps, or -1.
 */
function countSteps(
  found: unknown[],
  steps: readonly Step[],
  promised: number,
  endMs: number,
): number {
  const text = JSON.stringify(found);
  for (let count = promised; count <= steps.length; count++) {
    if (JSON.stringify(stateAfter(steps, count, endMs)) === text) return count;
  }
  return -1;
}

function stateAfter(steps: readonly Step[], count: number, endMs: number): unknown[] {
  const model = new Model();
  const played = steps.slice(0, count);
  for (const step of played) model.play(step);
  const leftMs = endMs - START_MS - passedMs(played);
  if (leftMs > 0) model.play({ method: "advance", args: [leftMs] });
  return modelWhole(model);
}
