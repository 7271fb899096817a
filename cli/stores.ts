/**
 * Stores by URL, as commands want them.
 */

import type { FileKv } from "../kv/backends.ts";
import { type CheckedFileOptions, checkKvOptions } from "../kv/checked_options.ts";
import { bytes } from "../kv/codec.ts";
import { show } from "../kv/errors.ts";
import type { Kv, Value } from "../kv/kv.ts";
import { openKv } from "../kv/open.ts";
import { splitUrl, splitValkeyUrl } from "../kv/urls.ts";
import { CommandError, UsageError } from "./exit.ts";
import { attempt } from "./system.ts";
import { untilAborted } from "./waiting.ts";

/**
 * Memory for pages of a file, unless the URL says how much. A command goes over a store once, where
 * more would not make it faster.
 */
const CACHE_BYTES = 16 * 2 ** 20;

/** How long a server may stay silent, unless the URL says so: a command has nobody who waits. */
const READ_TIMEOUT_MS = 10_000;

/** How a command opens a store. */
export interface OpenOptions {
  /**
   * Whether to make a file that is not there. A command that only reads must not, or a slip of the
   * finger would find an empty store.
   */
  readonly create: boolean;
  /** Ends the waiting for the lock of a file. */
  readonly signal: AbortSignal;
}

/** Opens a store. */
export async function openStore(url: string, { create, signal }: OpenOptions): Promise<Kv> {
  const checked = checkKvOptions(url);
  if (checked.backend === "memory") return await openKv(url);
  if (checked.backend === "valkey") {
    const saysTimeout = Object.hasOwn(splitValkeyUrl(url), "readTimeout");
    return await openKv({ ...checked, ...(!saysTimeout && { readTimeout: READ_TIMEOUT_MS }) });
  }
  if (!create) await expectStore(checked);
  const saysCache = Object.hasOwn(splitUrl(url).parameters, "cacheBytes");
  return await openKv({ ...checked, ...(!saysCache && { cacheBytes: CACHE_BYTES }), signal });
}

/** Opens a store with values as bytes. */
export async function openBytes(
  url: string,
  options: OpenOptions,
): Promise<Kv<Uint8Array, Value>> {
  return (await openStore(url, options)).withCodec(bytes);
}

/** Opens the store of a file that is there, and tells where the file is. */
export async function openFile(
  url: string,
  signal: AbortSignal,
): Promise<{ kv: FileKv; path: string }> {
  const path = pathOf(url);
  if (path === null) {
    throw new UsageError("Cannot check or compact this store: it is not in a file");
  }
  return { kv: await openStore(url, { create: false, signal }) as FileKv, path };
}

/** The path of a store in a file; `null` for another store. */
export function pathOf(url: string): string | null {
  const checked = checkKvOptions(url);
  return checked.backend === "file" ? checked.path : null;
}

/** Tells whether two paths lead to one file, which is there. */
export async function isOneFile(a: string | null, b: string | null): Promise<boolean> {
  if (a === null || b === null) return false;
  const [left, right] = await Promise.all([stat(a), stat(b)]);
  if (left === null || right === null || left.ino === null) return false;
  return left.ino === right.ino && left.dev === right.dev;
}

/**
 * Waits for the last call to a store and closes it, or gives the waiting up at the signal: a store
 * survives it at any moment that the program ends, and the call itself cannot be ended.
 */
export async function lastCall<R>(kv: Kv, call: Promise<R>, signal: AbortSignal): Promise<R> {
  const done = call.finally(() => kv.close());
  return await untilAborted(done, signal);
}

/** Checks that there is a file to read, and that opening it will not make or empty a store. */
async function expectStore({ path, truncate }: CheckedFileOptions): Promise<void> {
  if (truncate) {
    throw new UsageError(`Cannot truncate ${show(path)}: this command is for what it holds`);
  }
  const found = await stat(path);
  const isEmpty = found !== null && found.isFile && found.size === 0;
  if (found !== null && !isEmpty) return;
  const why = isEmpty ? "it is empty, and no store" : "there is no such file";
  throw new CommandError(`Cannot open ${show(path)}: ${why}`);
}

/** What is at a path; `null` where nothing is. */
function stat(path: string): Promise<Deno.FileInfo | null> {
  return attempt(`open ${show(path)}`, async () => {
    try {
      return await Deno.stat(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
  });
}
