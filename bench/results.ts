/** What the figures were taken on, and the figures as data in `bench/results/`. */

import { mkdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import process from "node:process";
import { cpuPer100k, perSecond, summarize, type Summary } from "./measure.ts";
import type { Series } from "./rounds.ts";
import type { Contender } from "./subject.ts";

const RESULTS = new URL("./results/", import.meta.url);

/** An object or an array in JSON that holds no other one, and so fits a line. */
const FLAT = /[{[][^{}[\]]*[}\]]/g;

/** The runtime by name and version. */
export function runtime(): { readonly name: "deno" | "bun" | "node"; readonly version: string } {
  const { deno, bun, node } = process.versions as Record<string, string | undefined>;
  if (deno !== undefined) return { name: "deno", version: deno };
  if (bun !== undefined) return { name: "bun", version: bun };
  return { name: "node", version: node ?? "unknown" };
}

function machine(): Record<string, string | number> {
  const cpus = os.cpus();
  return {
    runtime: `${runtime().name} ${runtime().version}`,
    platform: `${os.platform()} ${os.arch()}`,
    cores: cpus.length,
    processor: cpus[0]?.model ?? "unknown",
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
  };
}

/** Prints one line on the machine and the runtime. */
export function printMachine(): void {
  const { runtime, platform, cores, processor } = machine();
  console.log(`${runtime}, ${platform}, ${cores} cores, ${processor}\n`);
}

/** Writes `data` to `bench/results/<name>.<runtime>.json`, with machine and versions. */
export function writeResults(name: string, data: Record<string, unknown>): void {
  mkdirSync(RESULTS, { recursive: true });
  const file = new URL(`${name}.${runtime().name}.json`, RESULTS);
  const taken = new Date().toISOString().slice(0, 10);
  const json = JSON.stringify({ taken, machine: machine(), ...data }, null, 1);
  writeFileSync(file, `${json.replaceAll(FLAT, (flat) => flat.replaceAll(/\s+/g, " "))}\n`);
}

type Named = Pick<Contender, "name" | "settings">;

/** The contenders' settings by name. */
export function settingsOf(contenders: readonly Named[]): Record<string, string> {
  return Object.fromEntries(contenders.map(({ name, settings }) => [name, settings]));
}

/** The series as data: median, lowest and highest figure, rounded to what they are worth. */
export function seriesData(all: readonly Series[]): Record<string, unknown>[] {
  return all.map(({ contender, row, inFlight, samples }) => ({
    contender: contender.name,
    kind: contender.kind,
    row,
    inFlight,
    operations: samples[0]?.operations,
    ...rounded("perSecond", summarize(samples.map(perSecond)), 0),
    ...rounded("cpuSecondsPer100k", summarize(samples.map(cpuPer100k)), 4),
    checksum: samples[0]?.checksum,
  }));
}

function rounded(name: string, summary: Summary, digits: number): Record<string, number> {
  const round = (figure: number): number => Number(figure.toFixed(digits));
  return {
    [name]: round(summary.median),
    [`${name}Low`]: round(summary.low),
    [`${name}High`]: round(summary.high),
  };
}
