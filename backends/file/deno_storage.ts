/**
 * A file on Deno.
 *
 * Deno's calls take no offset, so each reading or writing elsewhere costs a seek. Three handles
 * keep those few: the journal's own never seeks but where the journal wraps, and a third one waits
 * for the medium, because a handle that is busy off the event loop refuses everything else.
 */

import { diskError } from "./faults.ts";
import type { Storage } from "./storage.ts";

/** A file that was opened, and whether it may be read. */
export interface DenoFile {
  readonly file: Deno.FsFile;
  readonly canRead: boolean;
}

/**
 * Opens a file, and creates it where there is none. Where only writing is permitted, that does for
 * a file with nothing in it: a store holds what it has written in memory.
 *
 * @param isEmptied Whether what the file holds will be thrown away.
 * @throws {TypeError} If a permission is missing.
 * @throws {KvError} `io` if the file cannot be opened.
 */
export function openDenoFile(path: string, isEmptied: boolean): DenoFile {
  const { state } = Deno.permissions.querySync({ name: "read", path });
  if (state === "granted") return { file: open(path, true), canRead: true };
  const file = open(path, false);
  const isEmpty = isEmptied || file.seekSync(0, Deno.SeekMode.End) === 0;
  if (isEmpty) return { file, canRead: false };
  file.close();
  return { file: open(path, true), canRead: true };
}

function open(path: string, read: boolean): Deno.FsFile {
  try {
    return Deno.openSync(path, { read, write: true, create: true });
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotCapable)) throw diskError(path, "open", cause);
    const missing = (["read", "write"] as const).filter((name) => !isPermitted(name, path));
    const flags = missing.map((name) => `--allow-${name}`).join(" and ");
    throw new TypeError(`Cannot open "${path}": run Deno with ${flags}`, { cause });
  }
}

function isPermitted(name: "read" | "write", path: string): boolean {
  return Deno.permissions.querySync({ name, path }).state === "granted";
}

/** A {@linkcode Storage} over `Deno.FsFile`. */
export class DenoStorage implements Storage {
  readonly canRead: boolean;
  readonly #pages: Deno.FsFile;
  readonly #journal: Deno.FsFile;
  readonly #syncing: Deno.FsFile;
  #appendAt = 0;

  /**
   * @param file Open, and locked by who opened it.
   * @param path The same file.
   * @param canRead Whether `file` was opened for reading.
   */
  constructor(file: Deno.FsFile, path: string, canRead: boolean) {
    this.canRead = canRead;
    this.#pages = file;
    this.#journal = Deno.openSync(path, { write: true });
    this.#syncing = Deno.openSync(path, { write: true });
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
