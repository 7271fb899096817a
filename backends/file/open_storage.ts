/**
 * From a path to an open and locked file, on whichever runtime this is.
 */

import type { CheckedFileOptions } from "../../kv/checked_options.ts";
import { diskError } from "./faults.ts";
import { bunLock, nodeLock, takeLock } from "./lock.ts";
import type { Storage } from "./storage.ts";

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
    if (options.truncate && storage.size() > 0) {
      storage.truncate(0);
      // What is written next must not meet what was there, whatever order the disk chooses.
      storage.syncNow();
    }
  } catch (cause) {
    storage.close();
    throw diskError(options.path, "truncate", cause);
  }
  return storage;
}

async function openOnDeno(options: CheckedFileOptions): Promise<Storage> {
  const { DenoStorage, openDenoFile } = await import("./deno_storage.ts");
  const { file, canRead } = openDenoFile(options.path, options.truncate);
  try {
    await takeLock(() => file.tryLock(true), options);
    return new DenoStorage(file, options.path, canRead);
  } catch (error) {
    file.close();
    throw error;
  }
}

async function openOnNode(options: CheckedFileOptions): Promise<Storage> {
  const { NodeStorage, openNodeFile } = await import("./node_storage.ts");
  const descriptor = openNodeFile(options.path);
  const storage = new NodeStorage(descriptor);
  try {
    const lockOf = "Bun" in globalThis ? bunLock : nodeLock;
    await takeLock(await lockOf(descriptor, options.path), options);
    return storage;
  } catch (error) {
    storage.close();
    throw error;
  }
}
