/**
 * A file on Bun and Node: `node:fs`, whose calls take offsets.
 */

import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { diskError } from "./faults.ts";
import type { DiskFile } from "./storage.ts";

/** Opens a file for reading and writing, and creates it where there is none. */
export function openNodeStorage(path: string): NodeStorage {
  try {
    return new NodeStorage(openSync(path, constants.O_RDWR | constants.O_CREAT));
  } catch (cause) {
    throw diskError(path, "open", cause);
  }
}

/** A {@linkcode Storage} over a descriptor of `node:fs`. */
export class NodeStorage implements DiskFile {
  readonly canRead = true;
  readonly descriptor: number;

  /** @param descriptor Open for reading and writing. */
  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  get isRegular(): boolean {
    return fstatSync(this.descriptor).isFile();
  }

  isCurrent(path: string): boolean {
    try {
      const place = statSync(path, { throwIfNoEntry: false });
      const { dev, ino } = fstatSync(this.descriptor);
      return place !== undefined && place.dev === dev && place.ino === ino;
    } catch (error) {
      throw diskError(path, "open", error);
    }
  }

  syncName(path: string): void {
    try {
      const directory = openSync(dirname(realpathSync(path)), constants.O_RDONLY);
      try {
        fsyncSync(directory);
      } finally {
        closeSync(directory);
      }
    } catch {
      // Not permitted, or not a thing that this system does.
    }
  }

  size(): number {
    return fstatSync(this.descriptor).size;
  }

  read(at: number, into: Uint8Array): number {
    let count = 0;
    while (count < into.length) {
      const read = readSync(this.descriptor, into, count, into.length - count, at + count);
      if (read === 0) break;
      count += read;
    }
    return count;
  }

  write(at: number, bytes: Uint8Array): void {
    for (let count = 0; count < bytes.length;) {
      count += writeSync(this.descriptor, bytes, count, bytes.length - count, at + count);
    }
  }

  append(at: number, bytes: Uint8Array): void {
    this.write(at, bytes);
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.descriptor, (error) => error === null ? resolve() : reject(error));
    });
  }

  syncNow(): void {
    fdatasyncSync(this.descriptor);
  }

  truncate(size: number): void {
    ftruncateSync(this.descriptor, size);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
