/**
 * A file on Deno.
 *
 * Deno's calls take no offset, so each reading or writing elsewhere costs a seek. Three handles
 * keep those few: the journal's own never seeks but where the journal wraps, and a third one waits
 * for the medium, because a handle that is busy off the event loop refuses everything else.
 */

import { dirname } from "node:path";
import { diskError } from "./faults.ts";
import type { DiskFile } from "./storage.ts";

/**
 * Opens a file, and creates it where there is none. Where only writing is permitted, that does for
 * a file with nothing in it: a store holds what it has written in memory.
 *
 * @param isEmptied Whether what the file holds will be thrown away.
 * @throws {TypeError} If a permission is missing.
 * @throws {KvError} `io` if the file cannot be opened.
 */
export function openDenoStorage(path: string, isEmptied: boolean): DenoStorage {
  if (isPermitted("read", path)) return new DenoStorage(path, true);
  const storage = new DenoStorage(path, false, isEmptied);
  if (isEmptied || storage.size() === 0) return storage;
  storage.close();
  return new DenoStorage(path, true);
}

function open(path: string, read: boolean): Deno.FsFile {
  try {
    return Deno.openSync(path, { read, write: true, create: true });
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotCapable)) throw diskError(path, "open", cause);
    const missing = (["read", "write"] as const).filter((name) => !isPermitted(name, path));
    // Devices, and files of /proc, take all permissions and not only these two.
    const flags = missing.map((name) => `--allow-${name}`).join(" and ") || "--allow-all";
    throw new TypeError(`Cannot open "${path}": run Deno with ${flags}`, { cause });
  }
}

function isPermitted(name: "read" | "write", path: string): boolean {
  return Deno.permissions.querySync({ name, path }).state === "granted";
}

/** A {@linkcode Storage} over `Deno.FsFile`. */
export class DenoStorage implements DiskFile {
  readonly canRead: boolean;
  readonly #isEmptied: boolean;
  readonly #pages: Deno.FsFile;
  readonly #journal: Deno.FsFile;
  readonly #syncing: Deno.FsFile;
  #appendAt = 0;

  /**
   * Opens a file, for reading as well where `canRead` says so.
   *
   * @param isEmptied Whether what it holds will be thrown away.
   */
  constructor(path: string, canRead: boolean, isEmptied = false) {
    this.canRead = canRead;
    this.#isEmptied = isEmptied;
    const opened: Deno.FsFile[] = [];
    try {
      for (let count = 0; count < 3; count++) opened.push(open(path, canRead));
    } catch (error) {
      for (const file of opened) file.close();
      throw error;
    }
    [this.#pages, this.#journal, this.#syncing] = opened as [
      Deno.FsFile,
      Deno.FsFile,
      Deno.FsFile,
    ];
  }

  /** Takes the lock of the file without waiting; tells whether it could. */
  async tryLock(path: string): Promise<boolean> {
    try {
      return await this.#pages.tryLock(true);
    } catch (error) {
      throw diskError(path, "lock", error);
    }
  }

  get isRegular(): boolean {
    return !this.canRead || this.#pages.statSync().isFile;
  }

  isCurrent(path: string): boolean {
    // Without the permission to read, no more than this is told of a file.
    if (!this.canRead) return this.#isEmptied || this.size() === 0;
    try {
      const place = Deno.statSync(path);
      return [this.#pages, this.#journal, this.#syncing].every((file) => {
        const { dev, ino } = file.statSync();
        return dev === place.dev && ino === place.ino;
      });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw diskError(path, "open", error);
    }
  }

  syncName(path: string): void {
    try {
      using directory = Deno.openSync(dirname(Deno.realPathSync(path)), { read: true });
      directory.syncSync();
    } catch {
      // Not permitted, or not a thing that this system does.
    }
  }

  size(): number {
    return this.#pages.seekSync(0, Deno.SeekMode.End);
  }

  read(at: number, into: Uint8Array): number {
    this.#pages.seekSync(at, Deno.SeekMode.Start);
    let count = 0;
    while (count < into.length) {
      const read = this.#pages.readSync(count === 0 ? into : into.subarray(count));
      if (read === null) break;
      count += read;
    }
    return count;
  }

  write(at: number, bytes: Uint8Array): void {
    this.#pages.seekSync(at, Deno.SeekMode.Start);
    writeAll(this.#pages, bytes);
  }

  append(at: number, bytes: Uint8Array): void {
    if (at !== this.#appendAt) this.#journal.seekSync(at, Deno.SeekMode.Start);
    // A write that fails half-way leaves the handle anywhere.
    this.#appendAt = -1;
    writeAll(this.#journal, bytes);
    this.#appendAt = at + bytes.length;
  }

  sync(): Promise<void> {
    return this.#syncing.syncData();
  }

  syncNow(): void {
    this.#pages.syncDataSync();
  }

  truncate(size: number): void {
    this.#pages.truncateSync(size);
  }

  close(): void {
    this.#syncing.close();
    this.#journal.close();
    this.#pages.close();
  }
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  let count = file.writeSync(bytes);
  while (count < bytes.length) count += file.writeSync(bytes.subarray(count));
}
