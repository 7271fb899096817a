/**
 * The memory store beside what a user would pick instead, and beside a bare `Map`.
 *
 * `deno bench -A --unstable-kv bench/memory_bench.ts`, or `bun bench/memory_bench.ts`; with
 * `--smoke` (after `--` for `deno bench`) on inputs so small that only the answers count.
 */

import { figuresOf } from "./figures.ts";
import { arrayGrowthTable, bytesTable, expiryTable } from "./limit_tables.ts";
import { measureArrayGrowth, measureBytes, measureExpiry } from "./memory_limits.ts";
import { isSmoke } from "./options.ts";
import { bareMap } from "./peers/bare_map.ts";
import { denoKvMemory } from "./peers/deno_kv.ts";
import { jetkvMemory } from "./peers/jetkv_memory.ts";
import { keyvByReference, keyvMemory } from "./peers/keyv_memory.ts";
import { lruCache } from "./peers/lru_cache.ts";
import { unstorageMemory } from "./peers/unstorage_memory.ts";
import { printMachine, settingsOf, writeResults } from "./results.ts";
import { playRounds } from "./rounds.ts";
import { warmStorePass } from "./store_pass.ts";
import { speedTables } from "./tables.ts";
import { isContender, playTurns } from "./turns.ts";

const smoke = isSmoke();
const keyCount = smoke ? 200 : 100_000;
const rounds = smoke ? 1 : 15;
const budgetMs = 300;

const contenders = [
  jetkvMemory,
  lruCache,
  keyvMemory,
  keyvByReference,
  unstorageMemory,
  denoKvMemory,
  bareMap,
];
const passes = [1, 64].map((inFlight) => warmStorePass({ count: keyCount, inFlight, budgetMs }));

if (isContender()) await playTurns(contenders, passes);
else await play();

async function play(): Promise<void> {
  console.log("Memory stores: 16-byte keys, 100-byte values");
  printMachine();
  const played = await playRounds({
    module: import.meta.url,
    contenders,
    rounds,
    passCount: passes.length,
    place: () => ({ path: "", remove: () => {} }),
  });
  const series = figuresOf(played);
  const scale = smoke ? 1000 : 1;
  const arrayGrowth = await measureArrayGrowth([jetkvMemory, bareMap], scale);
  const expiry = await measureExpiry(1_000_000 / scale);
  const bytesPerEntry = await measureBytes(1_000_000 / scale);
  if (smoke) {
    console.log("All answers are right; inputs this small give no figures");
    return;
  }
  console.log(speedTables(series));
  console.log(arrayGrowthTable(arrayGrowth));
  console.log(expiryTable(expiry));
  console.log(bytesTable(bytesPerEntry));
  const title = `16-byte keys, 100-byte values, ${keyCount} keys, ${rounds} rounds`;
  const sections = { "": { title, settings: settingsOf(contenders), series } };
  writeResults("memory", { sections, arrayGrowth, expiry, bytesPerEntry });
}
