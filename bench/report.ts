/**
 * Prints what was measured as tables, lost rows included, and keeps it as data in
 * `bench/results/`.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import process from "node:process";
import { type Sample, summarize, type Summary } from "./measure.ts";
import type { Series } from "./rounds.ts";
import type { Contender } from "./subject.ts";

const RESULTS = new URL("./results/", import.meta.url);
const CALLS_PER_CPU_FIGURE = 100_000;

/** The runtime by name and version. */
export function runtime(): {
  readonly name: "deno" | "bun" | "node";
  readonly version: string;
} {
  const { deno, bun, node } = process.versions as Record<
    string,
    string | undefined
  >;
  if (deno !== undefined) return { name: "deno", version: deno };
  if (bun !== undefined) return { name: "bun", version: bun };
  return { name: "node", version: node ?? "unknown" };
}

/** What the figures were taken on. */
export function machine(): Record<string, string | number> {
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

/** An object or an array that holds no other one, and so fits a line. */
const FLAT = /[{[][^{}[\]]*[}\]]/g;

/** Writes `data` to `bench/results/<name>.<runtime>.json`, with machine and versions. */
export function writeResults(
  name: string,
  data: Record<string, unknown>,
): void {
  mkdirSync(RESULTS, { recursive: true });
  const file = new URL(`${name}.${runtime().name}.json`, RESULTS);
  const taken = new Date().toISOString().slice(0, 10);
  writeFileSync(
    file,
    `${JSON.stringify({ taken, machine: machine(), ...data }, null, 1)}\n`,
  );
}

/** Prints lines of cells: the first column to the left, the others to the right. */
export function printTable(lines: readonly (readonly string[])[]): void {
  const widths: number[] = [];
  for (const line of lines) {
    line.forEach((cell, at) => widths[at] = Math.max(widths[at] ?? 0, cell.length));
  }
  for (const line of lines) {
    const cells = line.map((cell, at) => {
      const width = widths[at] as number;
      return at === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    console.log(cells.join("  ").trimEnd());
  }
  console.log();
}

/** The contenders' settings by name. */
export function settingsOf(
  contenders: readonly Contender[],
): Record<string, string> {
  return Object.fromEntries(
    contenders.map(({ name, settings }) => [name, settings]),
  );
}

function perSecond(sample: Sample): number {
  return sample.operations / sample.seconds;
}

function cpuPer100k(sample: Sample): number {
  return sample.cpuSeconds / sample.operations * CALLS_PER_CPU_FIGURE;
}

/** A figure to three digits, in thousands where it is large: `812k`, `9.41k`, `731`. */
export function short(figure: number): string {
  if (figure >= 1e6) return `${(figure / 1e6).toPrecision(3)}M`;
  if (figure >= 1000) return `${Number((figure / 1000).toPrecision(3))}k`;
  return `${Number(figure.toPrecision(3))}`;
}

function speedCell(samples: readonly Sample[]): string {
  const { median, low, high } = summarize(samples.map(perSecond));
  return `${short(median)} ±${Math.round((high - low) / 2 / median * 100)}%`;
}

function titleOf(inFlight: number): string {
  return inFlight === 1 ? "awaited one by one" : `${inFlight} in flight`;
}

/** Prints, for each number of calls in flight, the speeds, the ratios and the processor time. */
export function printSeries(all: readonly Series[]): void {
  for (const inFlight of new Set(all.map((series) => series.inFlight))) {
    const part = all.filter((series) => series.inFlight === inFlight);
    const rows = [...new Set(part.map(({ row }) => row))];
    const names = [...new Set(part.map(({ contender }) => contender.name))];
    const cells = (
      name: string,
      cell: (samples: readonly Sample[]) => string,
    ): string[] => rows.map((row) => cell(samplesOf(part, name, row)));

    console.log(
      `${titleOf(inFlight)}: operations a second, median and half the spread`,
    );
    printTable([
      ["", ...rows],
      ...names.map((name) => [name, ...cells(name, speedCell)]),
      ...ratioLines(part, rows),
    ]);
    console.log(`${titleOf(inFlight)}: processor seconds for 100,000 calls`);
    const seconds = (samples: readonly Sample[]): string =>
      summarize(samples.map(cpuPer100k)).median.toFixed(3);
    printTable([
      ["", ...rows],
      ...names.map((name) => [name, ...cells(name, seconds)]),
    ]);
  }
}

function samplesOf(
  part: readonly Series[],
  name: string,
  row: string,
): readonly Sample[] {
  return part.find((series) => series.contender.name === name && series.row === row)?.samples ?? [];
}

interface Ratio {
  readonly ratio: number;
  readonly to: string;
}

/** JetKV's speed in `row` divided by that of the fastest of one kind, which it names. */
function ratioTo(
  part: readonly Series[],
  row: string,
  kind: Contender["kind"],
): Ratio | null {
  const median = (series: Series): number => summarize(series.samples.map(perSecond)).median;
  const ofRow = part.filter((series) => series.row === row);
  const ours = ofRow.find(({ contender }) => contender.kind === "jetkv");
  const others = ofRow.filter(({ contender }) => contender.kind === kind);
  if (ours === undefined || others.length === 0) return null;
  const best = others.reduce((left, right) => median(left) >= median(right) ? left : right);
  return { ratio: median(ours) / median(best), to: best.contender.name };
}

function ratioLines(
  part: readonly Series[],
  rows: readonly string[],
): string[][] {
  const toPeer = rows.map((row) => ratioTo(part, row, "peer"));
  const toFloor = rows.map((row) => ratioTo(part, row, "floor"));
  const cell = (ratio: Ratio | null): string => ratio === null ? "" : `${ratio.ratio.toFixed(2)}x`;
  const peerCell = (ratio: Ratio | null): string => {
    if (ratio === null) return "";
    return `${ratio.ratio < 1 ? "LOST " : ""}${cell(ratio)} ${ratio.to}`;
  };
  const lines = [];
  if (toPeer.some((ratio) => ratio !== null)) {
    lines.push(["JetKV to the best peer", ...toPeer.map(peerCell)]);
  }
  if (toFloor.some((ratio) => ratio !== null)) {
    lines.push(["JetKV to the floor", ...toFloor.map(cell)]);
  }
  return lines;
}

/** The series as data: settings and every round's figures, rounded to what they are worth. */
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

function rounded(
  name: string,
  { median, low, high }: Summary,
  digits: number,
): Record<string, number> {
  const round = (figure: number): number => Number(figure.toFixed(digits));
  return { [name]: round(median), [`${name}Low`]: round(low), [`${name}High`]: round(high) };
}
