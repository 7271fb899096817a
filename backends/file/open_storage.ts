/**
 * From a path to an open and locked file, on whichever runtime this is.
 */

import type { CheckedFileOptions } from "../../kv/checked_options.ts";
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
  const storage = "Deno" in globalThis ? await openOnDeno(options) : await openOnNode(options);
  try {
    if (storage.size() === 0) storage.syncName(options.path);
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

async function openOnDeno(options: CheckedFileOptions): Promise<DiskFile> {
  const { openDenoStorage } = await import("./deno_storage.ts");
  const open = () => openDenoStorage(options.path, options.truncate);
  return await openLocked(options, open, (storage) => () => storage.tryLock());
}

async function openOnNode(options: CheckedFileOptions): Promise<DiskFile> {
  const { openNodeStorage } = await import("./node_storage.ts");
  const lockOf = "Bun" in globalThis ? bunLock : nodeLock;
  const open = () => openNodeStorage(options.path);
  return await openLocked(options, open, (storage) => lockOf(storage.descriptor, options.path));
}

/** Opens a file and locks it; anew, if it has changed by then. */
async function openLocked<S extends DiskFile>(
  options: CheckedFileOptions,
  open: () => S,
  lockOf: (storage: S) => TryLock | Promise<TryLock>,
): Promise<S> {
  for (;;) {
    options.signal?.throwIfAborted();
    const storage = open();
    try {
      await takeLock(await lockOf(storage), options);
      if (storage.isCurrent(options.path)) return storage;
    } catch (error) {
      storage.close();
      throw error;
    }
    storage.close();
  }
}
