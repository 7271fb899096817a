/**
 * Stores by URL, as commands want them.
 */

import { bytes } from "../kv/codec.ts";
import { checkKvOptions } from "../kv/checked_options.ts";
import { show } from "../kv/errors.ts";
import type { FileKv, Kv, Value } from "../kv/kv.ts";
import { openKv } from "../kv/open.ts";
import { CommandError, UsageError } from "./exit.ts";

/**
 * Memory for pages of a file, unless the URL says how much. A command goes over a store once, where
 * more would not make it faster.
 */
const CACHE_BYTES = 16 * 2 ** 20;

/**
 * Opens a store.
 *
 * @param options `create`: whether to make a file that is not there. A command that only reads must
 * not, or a slip of the finger would find an empty store.
 */
export async function openStore(url: string, options: { create: boolean }): Promise<Kv> {
  const checked = checkKvOptions(url);
  if (checked.backend !== "file") return await openKv(url);
  if (!options.create && !await exists(checked.path)) {
    throw new CommandError(`Cannot open ${show(checked.path)}: there is no such file`);
  }
  const saysCache = new URLSearchParams(url.split("?")[1]).has("cacheBytes");
  return await openKv(saysCache ? checked : { ...checked, cacheBytes: CACHE_BYTES });
}

/** Opens a store that is there, with values as bytes. */
export async function openBytes(
  url: string,
  options: { create: boolean } = { create: false },
): Promise<Kv<Uint8Array, Value>> {
  return (await openStore(url, options)).withCodec(bytes);
}

/** Opens the store of a file that is there, and tells where the file is. */
export async function openFile(url: string): Promise<{ kv: FileKv; path: string }> {
  const checked = checkKvOptions(url);
  if (checked.backend !== "file") {
    throw new UsageError(`Cannot do this with a ${checked.backend} store: it is for files`);
  }
  return { kv: await openStore(url, { create: false }) as FileKv, path: checked.path };
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
