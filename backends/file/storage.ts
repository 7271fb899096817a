/**
 * The only door to a disk. Everything above it is plain computation, so a test that stands in for
 * this interface sees, fails or loses every byte that the store writes.
 *
 * Offsets and sizes are whole numbers of bytes from 0. What fails, throws or rejects with the error
 * of the runtime; those above turn it into a `KvError`.
 */

/** A file, open for writing. */
export interface Storage {
  /** Whether `read` may be called: not where only writing is permitted. */
  readonly canRead: boolean;

  /** How long the file is. */
  size(): number;

  /**
   * Reads from `at` on until `into` is full or the file ends.
   *
   * @returns How many bytes were read.
   */
  read(at: number, into: Uint8Array): number;

  /** Writes all of `bytes` at `at`. The kernel has them when it returns; the medium need not. */
  write(at: number, bytes: Uint8Array): void;

  /** Does what `write` does, and expects the next call of `append` to write right behind it. */
  append(at: number, bytes: Uint8Array): void;

  /** Waits until everything written before the call is on the medium, off the event loop. */
  sync(): Promise<void>;

  /** Does what `sync` does, on the spot. */
  syncNow(): void;

  /** Cuts the file to `size` bytes. */
  truncate(size: number): void;

  /** Lets go of the file, and with it of its lock. */
  close(): void;
}

/** A storage that is a file of this machine. */
export interface DiskFile extends Storage {
  /** Whether it is a file proper, as far as that may be told: a device or a pipe has no size. */
  readonly isRegular: boolean;

  /**
   * Tells, under the lock, whether what was opened still is what the path leads to: another file
   * may have taken its place, and another store may have filled it, while the lock was waited for.
   */
  isCurrent(path: string): boolean;

  /** Sees to it that the name of a new file outlives a loss of power, where that is permitted. */
  syncName(path: string): void;
}
