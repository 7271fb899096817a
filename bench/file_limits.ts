/**
 * What a table of speeds does not show of the file store: how long opening takes after a clean end
 * and after a crash, what a key takes on the disk, how many reads a key outside the cache costs,
 * and whether any call holds up the event loop.
 */

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type FileKv, openKv } from "../mod.ts";
import { Prng } from "../tests/support/prng.ts";
import { type DelayHistogram, Delays, delaysOfMachine } from "./delays.ts";
import { measure, summarize } from "./measure.ts";
import { bytesIn, temporaryPlace } from "./place.ts";
import { runtime } from "./results.ts";
import { fill } from "./store_pass.ts";
import { keyOf, shuffled, valueOf } from "./workloads.ts";

const OPENINGS = 5;

/** Milliseconds that opening took. */
export interface OpeningResult {
  readonly keys: number;
  readonly afterCloseMs: number;
  readonly afterCrashMs: number;
  readonly closeMs: number;
}

/** Times opening and closing a store of `keys` keys, after a clean end and after a SIGKILL. */
export async function measureOpening(keys: number): Promise<OpeningResult> {
  const place = temporaryPlace();
  const path = `${place.path}/db`;
  const afterCrash: number[] = [];
  const afterClose: number[] = [];
  const closing: number[] = [];
  for (let opening = 0; opening < OPENINGS; opening++) {
    await crash(path, opening === 0 ? keys : 0);
    const crashed = await timed(() => openKv({ backend: "file", path }));
    afterCrash.push(crashed.ms);
    await expectKey(crashed.result, keys - 1);
    closing.push((await timed(() => crashed.result.close())).ms);
    const closed = await timed(() => openKv({ backend: "file", path }));
    afterClose.push(closed.ms);
    await expectKey(closed.result, 0);
    await closed.result.close();
  }
  place.remove();
  const median = (figures: number[]): number => Number(summarize(figures).median.toFixed(1));
  return {
    keys,
    afterCloseMs: median(afterClose),
    afterCrashMs: median(afterCrash),
    closeMs: median(closing),
  };
}

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; ms: number }> {
  const start = performance.now();
  const result = await work();
  return { result, ms: performance.now() - start };
}

async function expectKey(kv: FileKv, id: number): Promise<void> {
  if (await kv.get(keyOf(id)) !== valueOf(id, 0)) {
    throw new Error(`Cannot trust key ${id}: it differs`);
  }
}

/** Has another process write to the file, and kills it in the middle. */
async function crash(path: string, keys: number): Promise<void> {
  const script = fileURLToPath(new URL("./crash_child.ts", import.meta.url));
  const options = runtime().name === "deno" ? ["run", "-A"] : [];
  const child = spawn(process.execPath, [...options, script, path, String(keys)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const busy = new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
  await Promise.race([busy, ended]);
  if (child.exitCode !== null) throw new Error("Cannot crash a store: its process ended by itself");
  child.kill("SIGKILL");
  await ended;
}

/** Bytes on the disk for each key, and the delays of the event loop on the way. */
export interface SpaceResult {
  readonly keys: number;
  readonly overwritesAKey: number;
  readonly filled: number;
  readonly overwritten: number;
  readonly compacted: number;
  /** Of the whole file, while it is open, and once it is closed. */
  readonly clearedBytes: number;
  readonly emptiedBytes: number;
  /** By what the store was at meanwhile. */
  readonly delays: Readonly<Record<string, DelayHistogram>>;
}

const OVERWRITES_A_KEY = 10;
const MACHINE_MS = 5000;
/** A sweep is watched for so long, and keys live for so long before it. */
const SWEEPING_MS = 10_000;
const EXPIRE_IN_MS = 1000;

/**
 * Fills a store, overwrites ten times as much in random order with values of 50 to 150 bytes,
 * compacts it, removes a tenth and clears the rest, and looks at what the file takes and how long
 * the event loop is held up each time. Then the same keys expire.
 */
export async function measureSpace(keys: number): Promise<SpaceResult> {
  const place = temporaryPlace();
  const kv = await openKv({ backend: "file", path: `${place.path}/db` });
  const bytesAKey = (): number => Math.round(bytesIn(place.path) / keys);
  const ids = shuffled(keys, 61);
  const idAt = (at: number): number => ids[at] as number;
  const load = { count: keys, inFlight: 64, budgetMs: Infinity };
  const histograms: Record<string, DelayHistogram> = {};
  const watch = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    const delays = new Delays();
    await work();
    histograms[name] = delays.stop();
  };

  await watch("filling", () => fill(kv, ids));
  const filled = bytesAKey();
  const prng = new Prng(62);
  await watch(
    "overwriting",
    () =>
      measure({ ...load, count: keys * OVERWRITES_A_KEY }, kv, (kv, at) => {
        const value = valueOf(at, 1) + valueOf(at, 2);
        return kv.put(keyOf(prng.below(keys)), value.slice(0, 50 + prng.below(101)));
      }),
  );
  const overwritten = bytesAKey();
  await watch("compacting", () => kv.compact());
  const compacted = bytesAKey();
  const problems = await kv.check();
  if (problems.length > 0) throw new Error(`Cannot trust the file: ${problems[0]}`);
  const removed = { ...load, count: Math.floor(keys / 10) };
  await watch("removing", () => measure(removed, kv, (kv, at) => kv.remove(keyOf(idAt(at)))));
  await watch("clearing", () => kv.clear({ prefix: "" }));
  const clearedBytes = bytesIn(place.path);
  await watch("filling, with an expiry", () =>
    measure(load, kv, (kv, at) => {
      return kv.put(keyOf(idAt(at)), valueOf(at, 0), { expireIn: EXPIRE_IN_MS });
    }));
  await watch("sweeping", () => waitWhileSwept(kv));
  await kv.clear({ prefix: "" });
  await kv.close();
  const emptiedBytes = bytesIn(place.path);
  place.remove();

  histograms["a busy loop on this machine"] = await delaysOfMachine(MACHINE_MS);
  histograms["the same beside a disk that syncs"] = await besideSyncs(() =>
    delaysOfMachine(MACHINE_MS)
  );
  return {
    keys,
    overwritesAKey: OVERWRITES_A_KEY,
    filled,
    overwritten,
    compacted,
    clearedBytes,
    emptiedBytes,
    delays: histograms,
  };
}

const SYNCED_BYTES = 2 ** 20;

/**
 * Does something while a file is written and synced again and again, off the event loop: what that
 * holds up is the machine's doing. A virtual one may stand still for it.
 */
async function besideSyncs<T>(work: () => Promise<T>): Promise<T> {
  const place = temporaryPlace();
  const file = await open(`${place.path}/synced`, "w");
  let isOver = false;
  const syncing = (async () => {
    for (let round = 0; !isOver; round++) {
      await file.write(new Uint8Array(SYNCED_BYTES).fill(round), 0, SYNCED_BYTES, 0);
      await file.datasync();
    }
  })();
  try {
    return await work();
  } finally {
    isOver = true;
    await syncing;
    await file.close();
    place.remove();
  }
}

/** Looks on while keys past their deadline are freed: until they are, or for long enough. */
async function waitWhileSwept(kv: FileKv): Promise<void> {
  const end = performance.now() + SWEEPING_MS;
  while (performance.now() < end && (await kv.stats()).entries > 0) await setTimeout(50);
}

/** System calls that read, for each get of a random key. */
export interface CacheResult {
  readonly keys: number;
  readonly cacheBytes: number;
  readonly fileBytes: number;
  readonly readsAGet: number;
}

const GETS = 20_000;

/** Counts the reads of random keys in a store ten times larger than its cache, on Linux. */
export async function measureCache(keys: number): Promise<CacheResult | null> {
  if (process.platform !== "linux") {
    console.log("skipped: reads of a store larger than its cache: they are counted on Linux only");
    return null;
  }
  const place = temporaryPlace();
  const path = `${place.path}/db`;
  const cacheBytes = Math.max(2 ** 20, Math.round(keys * 116 / 10));
  const filler = await openKv({ backend: "file", path });
  await fill(filler, shuffled(keys, 71));
  await filler.close();

  const kv = await openKv({ backend: "file", path, cacheBytes });
  const prng = new Prng(72);
  const getRandom = (kv: FileKv): Promise<unknown> => kv.get(keyOf(prng.below(keys)));
  const load = { count: Math.min(GETS, keys), inFlight: 1, budgetMs: Infinity };
  await measure(load, kv, getRandom);
  const before = readCalls();
  await measure(load, kv, getRandom);
  const readsAGet = Number(((readCalls() - before) / load.count).toFixed(2));
  const fileBytes = bytesIn(place.path);
  await kv.close();
  place.remove();
  return { keys, cacheBytes, fileBytes, readsAGet };
}

function readCalls(): number {
  return Number(/syscr: (\d+)/.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
}
