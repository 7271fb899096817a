/**
 * How long single calls take, the slow ones too, on each backend and on its fastest peers.
 *
 * `deno bench -A --unstable-kv bench/latency_bench.ts`, or `bun bench/latency_bench.ts`; with
 * `--smoke` (after `--` for `deno bench`) on inputs so small that only the answers count. Needs
 * `valkey-server` on the PATH for the Valkey clients; it starts one of its own.
 */

import { startValkey } from "../tests/support/valkey_server.ts";
import { figuresOf } from "./figures.ts";
import { type LatencyLoad, latencyPass, type LatencySubject } from "./latency_pass.ts";
import { isSmoke } from "./options.ts";
import { bareLogPower, bareLogProcess } from "./peers/bare_log.ts";
import { bareMap } from "./peers/bare_map.ts";
import { levelPower, levelProcess } from "./peers/classic_level.ts";
import { denoKvFile } from "./peers/deno_kv.ts";
import { iovalkey, iovalkeyAuto } from "./peers/ioredis.ts";
import { jetkvPower, jetkvProcess } from "./peers/jetkv_file.ts";
import { jetkvMemory } from "./peers/jetkv_memory.ts";
import { jetkvValkey } from "./peers/jetkv_valkey.ts";
import { keyvByReference } from "./peers/keyv_memory.ts";
import { lmdbNoSync, lmdbPower } from "./peers/lmdb.ts";
import { lruCache } from "./peers/lru_cache.ts";
import { nodeRedis3 } from "./peers/node_redis.ts";
import { sqlitePower, sqliteProcess, sqliteTuned } from "./peers/sqlite.ts";
import { unstorageMemory } from "./peers/unstorage_memory.ts";
import { type Place, temporaryPlace } from "./place.ts";
import { printMachine, type Section as Result, settingsOf, writeResults } from "./results.ts";
import { playRounds } from "./rounds.ts";
import type { Contender } from "./subject.ts";
import { timeTables } from "./tables.ts";
import { isContender, playTurns, sectionArgs, sectionPlayed, WARM_UP_SHARE } from "./turns.ts";
import type { ValkeySubject } from "./valkey_pass.ts";

const smoke = isSmoke();
const rounds = smoke ? 1 : 5;

interface Section {
  readonly contenders: readonly Contender<LatencySubject>[];
  readonly load: LatencyLoad;
}

const FAST: LatencyLoad = { keyCount: 100_000, count: 200_000, budgetMs: 2000 };
const SLOW: LatencyLoad = { keyCount: 20_000, count: 50_000, budgetMs: 2000 };

const sections: Readonly<Record<string, Section>> = {
  memory: {
    contenders: [jetkvMemory, lruCache, keyvByReference, unstorageMemory, bareMap],
    load: FAST,
  },
  process: {
    contenders: [
      jetkvProcess,
      lmdbNoSync,
      sqliteProcess,
      sqliteTuned,
      levelProcess,
      bareLogProcess,
    ],
    load: FAST,
  },
  power: {
    contenders: [jetkvPower, lmdbPower, sqlitePower, levelPower, denoKvFile, bareLogPower],
    load: SLOW,
  },
  valkey: {
    contenders: [jetkvValkey, iovalkey, iovalkeyAuto, nodeRedis3].map(asStore),
    load: SLOW,
  },
};

if (isContender()) {
  const { contenders, load } = sections[sectionPlayed()] as Section;
  const played = smoke ? scaled(load, 1 / 1000) : load;
  const budgetMs = played.budgetMs * WARM_UP_SHARE;
  const warmUp = latencyPass({ ...scaled(played, WARM_UP_SHARE), budgetMs });
  await playTurns(contenders, [{ warmUp, pass: latencyPass(played) }]);
} else await play();

function scaled({ keyCount, count, budgetMs }: LatencyLoad, share: number): LatencyLoad {
  return { keyCount: Math.ceil(keyCount * share), count: Math.ceil(count * share), budgetMs };
}

/** A client of Valkey as what the other contenders are. */
function asStore(contender: Contender<ValkeySubject>): Contender<LatencySubject> {
  return {
    ...contender,
    load: async () => {
      const open = await contender.load();
      return async (place) => {
        const client = await open(place);
        return {
          get: (key) => client.get(key),
          put: (key, value) => client.set(key, value),
          close: () => client.close(),
        };
      };
    },
  };
}

async function play(): Promise<void> {
  const results: Record<string, Result> = {};
  for (const name of ["memory", "process", "power"]) {
    results[name] = await playSection(name, temporaryPlace);
  }
  const server = await startValkey();
  try {
    results["valkey"] = await playSection(
      "valkey",
      () => ({ path: `${server.port}`, remove: () => {} }),
    );
  } finally {
    await server.stop();
  }
  if (!smoke) writeResults("latency", { sections: results });
}

async function playSection(name: string, place: () => Place): Promise<Result> {
  console.log(`The time of single calls, ${name}: 16-byte keys, 100-byte values`);
  printMachine();
  const { contenders, load } = sections[name] as Section;
  const series = await playRounds({
    module: import.meta.url,
    args: sectionArgs(name),
    contenders,
    rounds,
    passCount: 1,
    place,
  });
  const figures = figuresOf(series);
  if (smoke) console.log("All answers are right; inputs this small give no figures\n");
  else console.log(timeTables(figures, "the slowest of so many calls"));
  const title = `${load.keyCount} keys; medians of ${rounds} rounds`;
  return { title, settings: settingsOf(contenders), series: figures };
}
