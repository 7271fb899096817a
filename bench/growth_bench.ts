/**
 * How the cost of a call grows with the store, in memory and in a file, beside the fastest peers of
 * each kind: from a thousand to ten million keys.
 *
 * `deno bench -A --unstable-kv bench/growth_bench.ts`, or `bun bench/growth_bench.ts`; with
 * `--smoke` (after `--` for `deno bench`) on inputs so small that only the answers count.
 */

import { figuresOf } from "./figures.ts";
import { growthPass } from "./growth_pass.ts";
import { isSmoke } from "./options.ts";
import { bareLogProcess } from "./peers/bare_log.ts";
import { bareMap } from "./peers/bare_map.ts";
import { levelProcess } from "./peers/classic_level.ts";
import { jetkvLargeCache, jetkvProcess } from "./peers/jetkv_file.ts";
import { jetkvMemory } from "./peers/jetkv_memory.ts";
import { keyvByReference } from "./peers/keyv_memory.ts";
import { lmdbNoSync } from "./peers/lmdb.ts";
import { sqliteTuned } from "./peers/sqlite.ts";
import { unstorageMemory } from "./peers/unstorage_memory.ts";
import { temporaryPlace } from "./place.ts";
import { printMachine, type Section, settingsOf, writeResults } from "./results.ts";
import { playRounds } from "./rounds.ts";
import type { Contender } from "./subject.ts";
import { timeTables } from "./tables.ts";
import { isContender, playTurns, sectionArgs, sectionPlayed } from "./turns.ts";

const smoke = isSmoke();

const sections: Readonly<Record<string, readonly Contender[]>> = {
  memory: [jetkvMemory, keyvByReference, unstorageMemory, bareMap],
  file: [jetkvProcess, jetkvLargeCache, lmdbNoSync, sqliteTuned, levelProcess, bareLogProcess],
};

if (isContender()) {
  const pass = growthPass(smoke ? 1000 : 1);
  await playTurns(sections[sectionPlayed()] ?? [], [{ warmUp: null, pass }]);
} else await play();

async function play(): Promise<void> {
  const results: Record<string, Section> = {};
  for (const [name, contenders] of Object.entries(sections)) {
    console.log(`Growing stores, ${name}: 16-byte keys, 100-byte values`);
    printMachine();
    const series = await playRounds({
      module: import.meta.url,
      args: sectionArgs(name),
      contenders,
      rounds: 1,
      passCount: 1,
      place: temporaryPlace,
    });
    if (smoke) {
      console.log("All answers are right; inputs this small give no figures\n");
      continue;
    }
    const figures = figuresOf(series);
    console.log(timeTables(figures, "keys in the store"));
    const title = "keys drawn at random; medians of five samples";
    results[name] = { title, settings: settingsOf(contenders), series: figures };
    // The whole takes a while, so what there is so far is written after each part.
    writeResults("growth", { sections: results });
  }
}
