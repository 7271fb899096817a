/**
 * What a table of speeds does not show of the memory store: whether arrays cost the same at every
 * length, whether a million keys expire without a pause, and what an entry weighs.
 */

import process from "node:process";
import { type MemoryKv, openKv } from "../mod.ts";
import { type DelayHistogram, Delays } from "./delays.ts";
import { collectGarbage } from "./garbage.ts";
import { measure, summarize } from "./measure.ts";
import type { Contender } from "./subject.ts";
import { arrayOf, keyOf, shuffled, valueOf } from "./workloads.ts";

const ARRAY_LENGTHS: readonly number[] = [1e3, 1e4, 1e5, 1e6];

/** What an `append` and a `popFirst` cost together, on arrays of growing lengths. */
export interface ArrayGrowth {
  readonly lengths: readonly number[];
  /** By contender, one number for each length. */
  readonly nanoseconds: Readonly<Record<string, readonly number[]>>;
}

/**
 * Times `append` and `popFirst` in turn on one array, at growing lengths.
 *
 * @param contenders Whose arrays.
 * @param scale Divides lengths and calls: 1, or more for a quick look.
 */
export async function measureArrayGrowth(
  contenders: readonly Contender[],
  scale: number,
): Promise<ArrayGrowth> {
  const lengths = ARRAY_LENGTHS.map((length) => length / scale);
  const found: Record<string, number[]> = {};
  for (const { name, load } of contenders) {
    const open = await load();
    const costs = [];
    for (const length of lengths) {
      await using subject = new Closing(await open(""));
      const { kv } = subject;
      for (let id = 0; id < length; id++) {
        await kv.append(arrayOf(0), valueOf(id, 0));
      }
      const pairs = { count: 20_000 / scale, inFlight: 1, budgetMs: 1000 };
      const nanoseconds = [];
      for (let round = 0; round < 7; round++) {
        const { operations, seconds } = await measure(pairs, kv, async (kv, at) => {
          await kv.append(arrayOf(0), valueOf(at, 1));
          return await kv.popFirst(arrayOf(0));
        });
        nanoseconds.push(seconds / operations * 1e9);
      }
      costs.push(Math.round(summarize(nanoseconds).median));
    }
    found[name] = costs;
  }
  return { lengths, nanoseconds: found };
}

class Closing<T extends { close(): Promise<unknown> }> implements AsyncDisposable {
  readonly kv: T;

  constructor(kv: T) {
    this.kv = kv;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kv.close();
  }
}

/** What became of the event loop while keys expired. */
export interface ExpiryResult {
  readonly keys: number;
  readonly writing: DelayHistogram;
  readonly expiring: DelayHistogram;
  /** The same writes without expiry: what the garbage collector alone does to the loop. */
  readonly writingWithoutExpiry: DelayHistogram;
}

const WAIT_LIMIT_MS = 60_000;

/**
 * Puts `keys` keys that expire together, waits until they are gone, and takes the longest time
 * that the event loop stood still while they were written and while they expired.
 */
export async function measureExpiry(keys: number): Promise<ExpiryResult> {
  const expireIn = 10_000;
  await using plain = await openKv();
  const writingWithoutExpiry = await whileDelaysRun(() => putAll(plain, keys, undefined));
  await plain.close();
  collectGarbage();

  await using kv = await openKv();
  const writing = await whileDelaysRun(() => putAll(kv, keys, expireIn));
  const expiring = await whileDelaysRun((delays) => expireAll(kv, expireIn, delays));
  return { keys, writing, expiring, writingWithoutExpiry };
}

async function whileDelaysRun(
  work: (delays: Delays) => Promise<void>,
): Promise<DelayHistogram> {
  const delays = new Delays();
  await work(delays);
  await pause(5);
  return delays.stop();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Keeps reading one key, as a program at work, until the store is empty. */
async function expireAll(
  kv: MemoryKv,
  expireIn: number,
  delays: Delays,
): Promise<void> {
  const deadline = performance.now() + expireIn + WAIT_LIMIT_MS;
  // Counting the entries may walk over all of them, which is not what is measured here.
  while ((await delays.without(() => kv.stats())).entries > 0) {
    if (performance.now() > deadline) {
      throw new Error("Cannot measure expiry: keys remain");
    }
    for (let reads = 0; reads < 200; reads++) {
      await kv.get(keyOf(0));
      await pause(1);
    }
  }
}

async function putAll(
  kv: MemoryKv,
  keys: number,
  expireIn: number | undefined,
): Promise<void> {
  for (const id of shuffled(keys, 21)) {
    await kv.put(keyOf(id), valueOf(id, 0), { expireIn });
  }
}

/**
 * Measures the memory that an entry takes beside a bare `Map`'s: heap and buffers after garbage
 * collection, with a key and a value of its own for each entry.
 *
 * @param entries How many to measure with.
 * @returns Bytes an entry, by store.
 */
export async function measureBytes(
  entries: number,
): Promise<Record<string, number>> {
  const kv = await openKv();
  const map = new Map<string, string>();
  const perEntry = {
    Map: await bytesTaken(
      entries,
      (key, value) => Promise.resolve(map.set(key, value)),
    ),
    JetKV: await bytesTaken(entries, (key, value) => kv.put(key, value)),
    "JetKV, with an expiry": await bytesTaken(
      entries,
      (key, value) => kv.put(`x${key.slice(1)}`, value, { expireIn: 3_600_000 }),
    ),
  };
  if (map.size !== entries || (await kv.stats()).entries !== entries * 2) {
    throw new Error("Cannot measure bytes: entries are missing");
  }
  await kv.close();
  return perEntry;
}

const utf8 = new TextDecoder();

async function bytesTaken(
  entries: number,
  put: (key: string, value: string) => Promise<unknown>,
): Promise<number> {
  const before = heapBytes();
  const codes = new Uint8Array(100).fill(97);
  for (let id = 0; id < entries; id++) {
    new DataView(codes.buffer).setUint32(0, 0x30303030 + (id & 0x07070707));
    await put(keyOf(id), utf8.decode(codes));
  }
  return Math.round((heapBytes() - before) / entries);
}

function heapBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
