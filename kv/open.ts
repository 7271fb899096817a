/**
 * `openKv`: from options to a store.
 */

import type { FileKv, MemoryKv, ValkeyKv } from "./backends.ts";
import { type CheckedOptions, checkKvOptions } from "./checked_options.ts";
import type { FileOptions, KvOptions, MemoryOptions, ValkeyOptions } from "./options.ts";

/**
 * Opens a store.
 *
 * Without arguments it is a store in memory; a URL or options choose another backend. The code of a
 * backend is loaded when it is asked for. A typo in an option is a `TypeError`, never ignored.
 *
 * | form | store |
 * |---|---|
 * | none, `"memory:"` | memory |
 * | `"file:./app.db"`, `"file:///var/lib/app.db"` | one file |
 * | `"valkey://host:6379/0"`, `valkeys:` (TLS), `redis:`, `rediss:` (TLS) | a Valkey server |
 *
 * Parameters of a URL are the option names: `"file:./app.db?durability=power"`.
 *
 * @returns The store, open. Close it, or bind it by `await using`.
 * @throws {TypeError} If an option is unknown or of the wrong type, or a permission is missing.
 * @throws {RangeError} If a number is out of its range.
 * @throws {KvLockedError} If another store has the file, unless `lock` is `"wait"`; then it rejects
 * with the reason of `signal` once that aborts.
 * @throws {KvError} `corrupt`, `io` or `full` (file), `connection`, `timeout` or `server` (Valkey).
 *
 * @example A store in memory
 * ```ts
 * import { openKv } from "@jetkv/jetkv";
 *
 * await using kv = await openKv();
 * await kv.put("greeting", "hello");
 * console.log(await kv.get("greeting")); // hello
 * ```
 *
 * @example A bounded cache
 * ```ts
 * import { openKv } from "@jetkv/jetkv";
 *
 * await using cache = await openKv({ backend: "memory", maxBytes: 64 * 2 ** 20 });
 * await cache.put("page:/", "<h1>Home</h1>", { expireIn: 60_000 });
 * ```
 */
export function openKv(): Promise<MemoryKv>;
/** Opens a store in memory. */
export function openKv(options: MemoryOptions | `memory:${string}`): Promise<MemoryKv>;
/** Opens a store in one file. */
export function openKv(options: FileOptions | `file:${string}`): Promise<FileKv>;
/** Opens a store on a Valkey server. */
export function openKv(options: ValkeyOptions | ValkeyUrl): Promise<ValkeyKv>;
/** Opens a store on the backend that the URL or the options name; its `backend` tells which. */
export function openKv(
  options?: string | URL | KvOptions,
): Promise<MemoryKv | FileKv | ValkeyKv>;
export async function openKv(
  options?: string | URL | KvOptions,
): Promise<MemoryKv | FileKv | ValkeyKv> {
  return await openBackend(checkKvOptions(options));
}

/** URLs of Valkey servers, known as such to the compiler. */
export type ValkeyUrl =
  | `valkey://${string}`
  | `valkeys://${string}`
  | `redis://${string}`
  | `rediss://${string}`;

async function openBackend(options: CheckedOptions): Promise<MemoryKv | FileKv | ValkeyKv> {
  switch (options.backend) {
    case "memory": {
      const { openMemoryKv } = await import("../backends/memory/memory_kv.ts");
      return openMemoryKv(options);
    }
    case "file": {
      const { openFileKv } = await import("../backends/file/file_kv.ts");
      return await openFileKv(options);
    }
    case "valkey": {
      const { openValkeyKv } = await import("../backends/valkey/valkey_kv.ts");
      return await openValkeyKv(options);
    }
  }
}
