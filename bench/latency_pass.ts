/**
 * How long single calls take, the slow ones too: a store that is fast on the whole may still stop
 * now and then, to write what it has gathered or to make room.
 *
 * One caller makes one call after the other. Each is timed by itself, which costs every contender
 * the same few hundredths of a microsecond.
 */

import { CALLS_PER_CLOCK_READ, type Sample } from "./measure.ts";
import { fill } from "./store_pass.ts";
import type { Pass, Row } from "./turns.ts";
import { digest, keyOf, shuffled, valueOf } from "./workloads.ts";

/** What is timed. */
export interface LatencySubject {
  get(key: string): Promise<unknown>;
  put(key: string, value: string): Promise<unknown>;
  close(): Promise<unknown>;
}

/** A row is the slowest of so many calls: 2 gives the median, 100 the 99th percentile. */
const CALLS: readonly number[] = [2, 10, 100, 1000, 10_000];
/** There are at least so many of them, or the row would be an accident. */
const SLOWER_MIN = 5;

const FILLING_MS_MAX = 20_000;

/** How much is timed. */
export interface LatencyLoad {
  /** Keys in the store. */
  readonly keyCount: number;
  /** Calls of each kind. */
  readonly count: number;
  /** Stop early after so long. */
  readonly budgetMs: number;
}

/** Makes the pass that times overwriting and reading random keys of a filled store. */
export function latencyPass({ keyCount, count, budgetMs }: LatencyLoad): Pass<LatencySubject> {
  return async function* (subject, name): AsyncGenerator<Row & { sample: Sample }> {
    const written = shuffled(keyCount, 61);
    const ids = written.subarray(0, await fill(subject, written, FILLING_MS_MAX));
    const at = (call: number): number => ids[(call * 7919) % ids.length] as number;
    const load = { count, budgetMs };
    // Never the value that is there: some stores see that, and write nothing.
    const round = (call: number): number => 1 + Math.floor(call / ids.length);
    const puts = await timeEach(load, (call) => {
      return subject.put(keyOf(at(call)), valueOf(at(call), round(call)));
    });
    yield* rowsOf("put", puts);
    const putCount = puts.microseconds.length;
    const gets = await timeEach(load, (call) => subject.get(keyOf(at(call))));
    let checksum = 0;
    for (let call = 0; call < gets.microseconds.length; call++) {
      const nth = call % ids.length;
      const last = putCount - 1 - (putCount - 1 - nth) % ids.length; // the put that met it last
      checksum += digest(valueOf(at(call), nth < putCount ? round(last) : 0));
    }
    if (checksum !== gets.checksum) throw new Error(`Cannot trust ${name}: checksum differs`);
    yield* rowsOf("get", gets);
  };
}

interface Times {
  /** Of each call, the shortest first. */
  readonly microseconds: Float64Array;
  readonly checksum: number;
}

async function timeEach(
  { count, budgetMs }: Omit<LatencyLoad, "keyCount">,
  run: (call: number) => Promise<unknown>,
): Promise<Times> {
  const times = new Float64Array(count);
  const deadline = performance.now() + budgetMs;
  let checksum = 0;
  let call = 0;
  while (call < count) {
    const start = performance.now();
    const answer = await run(call);
    const end = performance.now();
    checksum += digest(answer);
    times[call++] = (end - start) * 1000;
    if (call % CALLS_PER_CLOCK_READ === 0 && end > deadline) break;
  }
  return { microseconds: times.subarray(0, call).sort(), checksum };
}

/** Each row is a sample of one call, so that tables, data and charts take it as any other. */
function* rowsOf(
  call: string,
  { microseconds, checksum }: Times,
): Generator<Row & { sample: Sample }> {
  for (const calls of CALLS) {
    if (microseconds.length < calls * SLOWER_MIN) return;
    const slower = Math.floor(microseconds.length / calls);
    const seconds = (microseconds.at(-slower) as number) / 1e6;
    const sample = { operations: 1, seconds, cpuSeconds: null, checksum };
    yield { row: `${call}, slowest of ${calls}`, inFlight: 1, sample };
  }
}
