/**
 * The lock of a file: `flock`, which the kernel lets go of when the process ends, however it ends.
 *
 * All runtimes take the same lock, so a Deno, a Bun and a Node process exclude one another. It
 * belongs to the open file, not to the process: two stores of one process exclude each other too.
 *
 * - Deno has it: `FsFile.tryLock`.
 * - Bun calls it in the C library.
 * - Node has no way to it, but hands its descriptor to the program `flock`, and what that locks
 *   stays locked.
 */

import { KvError, KvLockedError } from "../../kv/errors.ts";

/** Takes the lock of an open file without waiting; tells whether it could. */
export type TryLock = () => boolean | Promise<boolean>;

/** Between two attempts of one who waits. */
const RETRY_MS = 25;

/** What to do where another store has the file. */
export interface LockOptions {
  readonly path: string;
  readonly lock: "fail" | "wait";
  readonly signal: AbortSignal | undefined;
}

/**
 * Takes the lock of an open file.
 *
 * @throws {KvLockedError} If another store has it, and `lock` is `"fail"`.
 */
export async function takeLock(tryLock: TryLock, options: LockOptions): Promise<void> {
  const { path, lock, signal } = options;
  signal?.throwIfAborted();
  while (!await tryLock()) {
    if (lock === "fail") throw new KvLockedError(path);
    await pause(signal);
  }
}

function pause(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, RETRY_MS);
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted) stop();
  });
}

/** `LOCK_EX | LOCK_NB`. */
const EXCLUSIVE_AT_ONCE = 6;

/** The names that the C library goes by, and that of its function for the number of an error. */
const C_LIBRARIES = [
  ["libc.so.6", "__errno_location"],
  ["libSystem.B.dylib", "__error"],
  ["libc.so", "__errno_location"],
] as const;

/**
 * Errors of a file system that has no locks, on Linux and on macOS: ENOLCK, EOPNOTSUPP, ENOSYS. The
 * number may be that of a later call of the runtime's own; none of these could be.
 */
const NO_LOCKS = new Set([37, 95, 38, 77, 102, 78]);

interface BunFfi {
  dlopen(
    name: string,
    symbols: Record<string, { args: string[]; returns: string }>,
  ): { symbols: Record<string, (...args: number[]) => number> };
  readonly read: { i32(pointer: number): number };
}

/** Gives the way to `flock` on Bun, for a descriptor of `node:fs`. */
export async function bunLock(descriptor: number, path: string): Promise<TryLock> {
  // Not a literal: other runtimes would look for it when they resolve imports.
  const name = "bun:ffi";
  const { dlopen, read } = await import(name) as BunFfi;
  for (const [library, errnoAt] of C_LIBRARIES) {
    try {
      const { symbols } = dlopen(library, {
        flock: { args: ["i32", "i32"], returns: "i32" },
        [errnoAt]: { args: [], returns: "ptr" },
      });
      return () => {
        if (symbols["flock"]!(descriptor, EXCLUSIVE_AT_ONCE) === 0) return true;
        if (!NO_LOCKS.has(read.i32(symbols[errnoAt]!()))) return false;
        throw new KvError("io", `Cannot lock "${path}": its file system has no locks`);
      };
    } catch {
      // Another system has it under another name.
    }
  }
  throw new KvError("io", `Cannot lock "${path}": this system has no flock`);
}

/** Exit code of `flock` when another one has the lock. */
const TAKEN = 1;

/** Gives the way to `flock` on Node, for a descriptor of `node:fs`. */
export async function nodeLock(descriptor: number, path: string): Promise<TryLock> {
  const { spawnSync } = await import("node:child_process");
  return () => {
    const stdio: ("ignore" | number)[] = ["ignore", "ignore", "ignore", descriptor];
    const { status, error } = spawnSync("flock", ["--nonblock", "3"], { stdio });
    if (status === 0) return true;
    if (status === TAKEN) return false;
    const found = "Node has no file locks, and the program flock is not there or fails";
    throw new KvError("io", `Cannot lock "${path}": ${found}`, { cause: error });
  };
}
