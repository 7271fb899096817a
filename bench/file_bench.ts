/**
 * The file store beside the embedded stores a user would pick instead, in two classes of
 * durability, and beside a bare `Map` whose writes go to a bare log.
 *
 * `deno bench -A --unstable-kv bench/file_bench.ts`, or `bun bench/file_bench.ts`; with `--smoke`
 * (after `--` for `deno bench`) on inputs so small that only the answers count.
 */

import process from "node:process";
import { GROWING, POWER, PROCESS } from "./file_contenders.ts";
import { type GrowthFigure, measureGrowth, printGrowth } from "./file_growth.ts";
import { measureCache, measureOpening, measureSpace } from "./file_limits.ts";
import { temporaryPlace } from "./place.ts";
import { printMachine, seriesData, settingsOf, writeResults } from "./results.ts";
import { enter, playRounds } from "./rounds.ts";
import { storePass } from "./store_pass.ts";
import type { Contender } from "./subject.ts";
import { printSeries } from "./tables.ts";

const smoke = process.argv.includes("--smoke");

const classes = {
  process: {
    promise: "a write resolves once the kernel has it: a killed process loses nothing",
    keyCount: 100_000,
    contenders: PROCESS,
  },
  power: {
    promise: "a write resolves once it is on the medium: a power loss loses nothing",
    keyCount: 20_000,
    contenders: POWER,
  },
};

async function play(promise: string, keyCount: number, contenders: readonly Contender[]) {
  console.log(`File stores: 16-byte keys, 100-byte values; ${promise}`);
  printMachine();
  const rounds = smoke ? 1 : 5;
  const budgetMs = 200;
  const passesOf = (count: number) =>
    [1, 64].map((inFlight) => storePass({ count, inFlight, budgetMs }));
  const series = await playRounds(await enter(contenders), {
    rounds,
    passes: passesOf(smoke ? 200 : keyCount),
    warmUps: passesOf(smoke ? 50 : keyCount / 10),
    place: temporaryPlace,
  });
  if (smoke) console.log("All answers are right; inputs this small give no figures\n");
  else printSeries(series);
  return {
    promise,
    keyCount,
    rounds,
    budgetMs,
    settings: settingsOf(contenders),
    series: seriesData(series),
  };
}

const results: { growth?: GrowthFigure[]; [section: string]: unknown } = {};
for (const [name, { promise, keyCount, contenders }] of Object.entries(classes)) {
  results[name] = await play(promise, keyCount, contenders);
}
keep();
const scale = smoke ? 1000 : 1;
const keys = 1_000_000 / scale;
const growth = results.growth = await measureGrowth(await enter(GROWING), scale);
if (!smoke) printGrowth(growth);
keep();
results.opening = await measureOpening(keys);
results.cache = await measureCache(keys);
results.space = await measureSpace(keys);
keep();

/** Writes what there is so far: the whole takes a while. */
function keep(): void {
  if (!smoke) writeResults("file", results);
}
