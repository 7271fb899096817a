/**
 * Times calls that are awaited one by one, or kept in flight together, and takes the processor
 * time of this process beside the clock: it does not depend on what else the machine does.
 */

import process from "node:process";
import { digest } from "./workloads.ts";

/** How the calls of a row are made. */
export interface Load {
  /** Calls to make. */
  readonly count: number;
  /** Calls in flight together; 1 awaits them one by one. */
  readonly inFlight: number;
  /** Stop early after so long; a row counts the calls that it made. */
  readonly budgetMs: number;
}

/** What one run of a row took. */
export interface Sample {
  readonly operations: number;
  readonly seconds: number;
  /** Processor time of this process, in user and system mode, all threads; `null` if not known. */
  readonly cpuSeconds: number | null;
  /** The digests of all answers, added up. */
  readonly checksum: number;
}

/** Operations a second. */
export function perSecond({ operations, seconds }: Sample): number {
  return operations / seconds;
}

/** Processor seconds for 100,000 operations; `NaN` if not known. */
export function cpuPer100k({ operations, cpuSeconds }: Sample): number {
  return (cpuSeconds ?? NaN) / operations * 100_000;
}

/** Calls between looks at the clock. */
export const CALLS_PER_CLOCK_READ = 64;

/** Calls `run` with the numbers from 0 on, and times it. */
export async function measure(
  load: Load,
  run: (at: number) => Promise<unknown>,
): Promise<Sample> {
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const deadline = start + load.budgetMs;
  const { operations, checksum } = load.inFlight === 1
    ? await oneByOne(load.count, deadline, run)
    : await together(load, deadline, run);
  const seconds = (performance.now() - start) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  return {
    operations,
    seconds,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    checksum,
  };
}

interface Done {
  operations: number;
  checksum: number;
}

async function oneByOne(
  count: number,
  deadline: number,
  run: (at: number) => Promise<unknown>,
): Promise<Done> {
  let checksum = 0;
  for (let at = 0; at < count; at++) {
    checksum += digest(await run(at));
    if (at % CALLS_PER_CLOCK_READ === 0 && performance.now() > deadline) {
      return { operations: at + 1, checksum };
    }
  }
  return { operations: count, checksum };
}

/** As many callers as calls in flight, each of which makes its next call when one has settled. */
async function together(
  { count, inFlight }: Load,
  deadline: number,
  run: (at: number) => Promise<unknown>,
): Promise<Done> {
  let next = 0;
  let end = count;
  let checksum = 0;
  async function caller(): Promise<void> {
    while (next < end) {
      const at = next++;
      const answer = await run(at);
      checksum += digest(answer);
      if (at % CALLS_PER_CLOCK_READ === 0 && performance.now() > deadline) {
        end = next;
      }
    }
  }
  await Promise.all(Array.from({ length: inFlight }, caller));
  return { operations: next, checksum };
}

/** The middle of several figures, and how far apart they lie. */
export interface Summary {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Median, lowest and highest of `figures`, of which there is at least one. */
export function summarize(figures: readonly number[]): Summary {
  const sorted = figures.toSorted((left, right) => left - right);
  const half = sorted.length >> 1;
  const upper = sorted[half] as number;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2;
  return { median, low: sorted[0] as number, high: sorted.at(-1) as number };
}
