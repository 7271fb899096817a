/**
 * From a path to an open and locked file, on whichever runtime this is.
 */

import { resolve } from "node:path";
import type { CheckedFileOptions } from "../../kv/checked_options.ts";
import { KvError } from "../../kv/errors.ts";
import { diskError } from "./faults.ts";
import { bunLock, nodeLock, takeLock, type TryLock } from "./lock.ts";
import type { DiskFile, Storage } from "./storage.ts";

/**
 * Opens and locks a file, creates it where there is none, and empties it where that is asked for.
 *
 * @throws {KvLockedError} If another store has the file.
 * @throws {KvError} `io` if it cannot be opened.
 * @throws {TypeError} If a permission is missing.
 */
export async function openStorage(options: CheckedFileOptions): Promise<Storage> {
  const place = fullPath(options.path);
  const storage = "Deno" in globalThis
    ? await openOnDeno(options, place)
    : await openOnNode(options, place);
  try {
    if (storage.size() === 0) storage.syncName(place);
    if (options.truncate && storage.size() > 0) {
      storage.truncate(0);
      // What is written next must not meet what was there, whatever order the disk chooses.
      storage.syncNow();
    }
  } catch (cause) {
    storage.close();
    throw diskError(options.path, options.truncate ? "truncate" : "open", cause);
  }
  return storage;
}

async function openOnDeno(options: CheckedFileOptions, place: string): Promise<DiskFile> {
  const { openDenoStorage } = await import("./deno_storage.ts");
  return await openLocked(options, place, {
    open: (path) => openDenoStorage(path, options.truncate),
    lockOf: (storage) => () => storage.tryLock(options.path),
  });
}

async function openOnNode(options: CheckedFileOptions, place: string): Promise<DiskFile> {
  const { openNodeStorage } = await import("./node_storage.ts");
  const lockOf = "Bun" in globalThis ? bunLock : nodeLock;
  return await openLocked(options, place, {
    open: openNodeStorage,
    lockOf: (storage) => lockOf(storage.descriptor, options.path),
  });
}

/** How a runtime opens a file, and how it locks one that is open. */
interface Runtime<S extends DiskFile> {
  readonly open: (path: string) => S;
  readonly lockOf: (storage: S) => TryLock | Promise<TryLock>;
}

/** Opens a file and locks it; anew, by its full path, if another one stands there by then. */
async function openLocked<S extends DiskFile>(
  options: CheckedFileOptions,
  place: string,
  { open, lockOf }: Runtime<S>,
): Promise<S> {
  for (let path = options.path;; path = place) {
    options.signal?.throwIfAborted();
    const storage = open(path);
    try {
      if (!storage.isRegular) {
        throw new KvError("io", `Cannot open "${path}": it is no regular file`);
      }
      await takeLock(await lockOf(storage), options);
      if (storage.isCurrent(place)) return storage;
    } catch (error) {
      storage.close();
      throw error;
    }
    storage.close();
  }
}

/** The path from the root on: while a lock is waited for, the program may change its directory. */
function fullPath(path: string): string {
  try {
    return resolve(path);
  } catch {
    return path; // Deno may not tell which directory it is
  }
}
