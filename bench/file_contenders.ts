/** The stores of the file bench in their two classes of durability. */

import { bareLogPower, bareLogProcess } from "./peers/bare_log.ts";
import { levelPower, levelProcess } from "./peers/classic_level.ts";
import { denoKvFile } from "./peers/deno_kv.ts";
import { jetkvPower, jetkvProcess } from "./peers/jetkv_file.ts";
import { keyvSqlite } from "./peers/keyv_sqlite.ts";
import { lmdbNoSync, lmdbPower, lmdbProcess } from "./peers/lmdb.ts";
import { sqlitePower, sqliteProcess, sqliteTuned } from "./peers/sqlite.ts";
import { unstorageFs } from "./peers/unstorage_fs.ts";
import type { Contender } from "./subject.ts";

/** A write resolves once the kernel has it: a killed process loses nothing. */
export const PROCESS: readonly Contender[] = [
  jetkvProcess,
  lmdbNoSync,
  lmdbProcess,
  sqliteProcess,
  sqliteTuned,
  levelProcess,
  keyvSqlite,
  unstorageFs,
  bareLogProcess,
];

/** A write resolves once it is on the medium: a power loss loses nothing. */
export const POWER: readonly Contender[] = [
  jetkvPower,
  lmdbPower,
  sqlitePower,
  levelPower,
  denoKvFile,
  bareLogPower,
];
