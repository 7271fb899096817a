/**
 * The process that the file bench kills: fills a store where it is asked to, then overwrites keys
 * until its end, and says when it has begun.
 *
 *     crash_child.ts <path> <keys to fill>
 */

import process from "node:process";
import { type FileKv, openKv } from "../mod.ts";
import { measure } from "./measure.ts";
import { fill } from "./store_pass.ts";
import { keyOf, shuffled, valueOf } from "./workloads.ts";

const [, , path = "", keys = "0"] = process.argv;
const HOT_KEYS = 10_000;
const BUSY_MS = 500;

const kv = await openKv({ backend: "file", path });
await fill(kv, shuffled(Number(keys), 41));
const load = { count: Infinity, inFlight: 64, budgetMs: BUSY_MS };
const overwrite = (kv: FileKv, at: number): Promise<boolean> =>
  kv.put(keyOf(at % HOT_KEYS), valueOf(at % HOT_KEYS, 0));
await measure(load, kv, overwrite);
console.log("busy");
await measure({ ...load, budgetMs: Infinity }, kv, overwrite);
