/** What the figures were taken on, and the figures as data in `bench/results/`. */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import process from "node:process";
import type { Figure } from "./figures.ts";
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
export function writeResults(
  name: string,
  data: Pick<Results, "sections"> & Record<string, unknown>,
): void {
  mkdirSync(RESULTS, { recursive: true });
  const file = new URL(`${name}.${runtime().name}.json`, RESULTS);
  const taken = new Date().toISOString().slice(0, 10);
  const json = JSON.stringify({ taken, machine: machine(), ...data }, null, 1);
  writeFileSync(file, `${json.replaceAll(FLAT, (flat) => flat.replaceAll(/\s+/g, " "))}\n`);
}

/** Contenders that played the same, what they were set up as, and how they did. */
export interface Section {
  readonly title: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly series: readonly Figure[];
}

/** A file of results: its sections by name, and what else was measured. */
export interface Results extends Readonly<Record<string, unknown>> {
  readonly taken: string;
  readonly machine: Readonly<Record<string, string | number>>;
  /** One without a name is the only one. */
  readonly sections: Readonly<Record<string, Section>>;
}

/** All files of results by their names, such as `file.deno`. */
export function readResults(): Map<string, Results> {
  const files = readdirSync(RESULTS).filter((name) => name.endsWith(".json")).sort();
  return new Map(files.map((file) => {
    const results = JSON.parse(readFileSync(new URL(file, RESULTS), "utf8")) as Results;
    return [file.replace(/\.json$/, ""), results];
  }));
}

/** Where and when results were taken, in words. */
export function placeOf({ taken, machine }: Results): string {
  const { runtime, platform, cores, processor } = machine;
  return `${runtime}, ${platform}, ${cores} cores, ${processor}, ${taken}`;
}

type Named = Pick<Contender, "name" | "settings">;

/** The contenders' settings by name. */
export function settingsOf(contenders: readonly Named[]): Record<string, string> {
  return Object.fromEntries(contenders.map(({ name, settings }) => [name, settings]));
}
