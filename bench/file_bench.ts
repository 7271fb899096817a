/**
 * The file store beside the embedded stores a user would pick instead, in two classes of
 * durability, and beside a bare `Map` whose writes go to a bare log.
 *
 * `deno bench -A --unstable-kv bench/file_bench.ts`, or `bun bench/file_bench.ts`; with `--smoke`
 * (after `--` for `deno bench`) on inputs so small that only the answers count.
 */

import { figuresOf } from "./figures.ts";
import { POWER, PROCESS } from "./file_contenders.ts";
import { measureCache, measureOpening, measureSpace } from "./file_limits.ts";
import { cacheTable, openingTable, spaceTable } from "./limit_tables.ts";
import { isSmoke } from "./options.ts";
import { temporaryPlace } from "./place.ts";
import { printMachine, type Section as Result, settingsOf, writeResults } from "./results.ts";
import { playRounds } from "./rounds.ts";
import { warmStorePass } from "./store_pass.ts";
import type { Contender, Subject } from "./subject.ts";
import { speedTables } from "./tables.ts";
import { isContender, playTurns, sectionArgs, sectionPlayed, type WarmPass } from "./turns.ts";

const smoke = isSmoke();
const rounds = smoke ? 1 : 5;
const budgetMs = 300;
const scale = smoke ? 1000 : 1;

interface Section {
  readonly title: string;
  readonly contenders: readonly Contender[];
  readonly passes: readonly WarmPass<Subject>[];
  readonly rounds: number;
}

const passesOf = (count: number) =>
  [1, 64].map((inFlight) => warmStorePass({ count, inFlight, budgetMs }));

const sections: Record<string, Section> = {
  process: {
    title: "a write resolves once the kernel has it: a killed process loses nothing",
    contenders: PROCESS,
    passes: passesOf(smoke ? 200 : 100_000),
    rounds,
  },
  power: {
    title: "a write resolves once it is on the medium: a power loss loses nothing",
    contenders: POWER,
    passes: passesOf(smoke ? 200 : 20_000),
    rounds,
  },
};

if (isContender()) {
  const { contenders, passes } = sections[sectionPlayed()] as Section;
  await playTurns(contenders, passes);
} else await play();

async function play(): Promise<void> {
  const played: Record<string, Result> = {};
  const limits: Record<string, unknown> = {};
  // The whole takes a while, so what there is so far is written after each part.
  const keep = (text: string): void => {
    if (smoke) return;
    console.log(text);
    writeResults("file", { sections: played, ...limits });
  };
  for (const [name, section] of Object.entries(sections)) {
    const result = played[name] = await playSection(name, section);
    keep(speedTables(result.series));
  }
  const keys = 1_000_000 / scale;
  const opening = limits["opening"] = await measureOpening(keys);
  keep(openingTable(opening));
  const cache = limits["cache"] = await measureCache(keys);
  if (cache !== null) keep(cacheTable(cache));
  const space = limits["space"] = await measureSpace(keys);
  keep(spaceTable(space));
  if (smoke) console.log("All answers are right; inputs this small give no figures");
}

async function playSection(
  name: string,
  { title, contenders, passes, rounds }: Section,
): Promise<Result> {
  console.log(`File stores: 16-byte keys, 100-byte values; ${title}`);
  printMachine();
  const series = await playRounds({
    module: import.meta.url,
    args: sectionArgs(name),
    contenders,
    rounds,
    passCount: passes.length,
    place: temporaryPlace,
  });
  return {
    title: `${title}; ${rounds} rounds of ${budgetMs} ms at most`,
    settings: settingsOf(contenders),
    series: figuresOf(series),
  };
}
