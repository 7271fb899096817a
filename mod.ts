/**
 * JetKV: a key-value store that starts in one line: in memory while you develop, in a file when
 * data must survive, on Valkey when one machine is not enough. Your code stays the same.
 *
 * ```ts
 * import { openKv } from "@jetkv/jetkv";
 *
 * await using kv = await openKv(); // or openKv("file:./app.db"), or openKv("valkey://localhost")
 *
 * await kv.put("session:42", "ada", { expireIn: 3_600_000 });
 * console.log(await kv.get("session:42")); // ada
 *
 * await kv.append("jobs", "resize 42.png", "resize 43.png");
 * console.log(await kv.popFirst("jobs")); // resize 42.png
 * ```
 *
 * {@linkcode openKv} opens a store, {@linkcode Kv} is what every store can do.
 *
 * @module
 */

export { openKv, type ValkeyUrl } from "./kv/open.ts";
export { addressSpaceSize } from "./kv/checked_options.ts";
export { bytes, type Codec, json, text } from "./kv/codec.ts";
export {
  KvConnectionError,
  KvCorruptError,
  KvError,
  type KvErrorCode,
  KvLockedError,
  KvServerError,
} from "./kv/errors.ts";
export type {
  Backend,
  ClearOptions,
  Inspection,
  KvStats,
  MoveOptions,
  PopOptions,
  PutManyOptions,
  PutOptions,
  ScanOptions,
} from "./kv/call_types.ts";
export type { InputOf, Kv, Value } from "./kv/kv.ts";
export type { FileKv, MemoryKv, Reply, ValkeyKv } from "./kv/backends.ts";
export type {
  Durability,
  FileOptions,
  KvOptions,
  MemoryOptions,
  TlsOptions,
  ValkeyOptions,
} from "./kv/options.ts";
