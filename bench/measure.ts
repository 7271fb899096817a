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

/**
 * Makes call number `at` of a row. Not a closure made anew for each row: a runtime would compile it
 * anew each time, which costs a store that does its work in JavaScript, and the row would pay.
 */
export type Call<T> = (target: T, at: number) => Promise<unknown>;

/** Makes calls with the numbers from 0 on, and times them. */
export async function measure<T>(load: Load, target: T, call: Call<T>): Promise<Sample> {
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const progress: Progress = {
    next: 0,
    end: load.count,
    deadline: start + load.budgetMs,
    checksum: 0,
  };
  const callers = Array.from({ length: load.inFlight }, () => makeCalls(progress, target, call));
  await Promise.all(callers);
  const seconds = (performance.now() - start) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  return {
    operations: progress.next,
    seconds,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    checksum: progress.checksum,
  };
}

/** How far the callers of a row have come. */
interface Progress {
  next: number;
  end: number;
  readonly deadline: number;
  checksum: number;
}

/** A caller: makes the next call that nobody has made yet whenever one of its own has settled. */
async function makeCalls<T>(progress: Progress, target: T, call: Call<T>): Promise<void> {
  while (progress.next < progress.end) {
    const at = progress.next++;
    const answer = await call(target, at);
    progress.checksum += digest(answer);
    if (at % CALLS_PER_CLOCK_READ === 0 && performance.now() > progress.deadline) {
      progress.end = progress.next;
    }
  }
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
