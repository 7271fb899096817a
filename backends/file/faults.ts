/**
 * What a runtime throws when a disk or a permission fails, told apart and put into words.
 */

import { KvError } from "../../kv/errors.ts";
import type { Storage } from "./storage.ts";

const FULL = new Set<unknown>(["EDQUOT", "EFBIG", "ENOSPC"]);

/** Tells whether the disk, the user's share of it, or the file itself is as large as it may be. */
export function isFull(error: unknown): boolean {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return FULL.has(code) || name === "QuotaExceeded" ||
    /os error (?:27|28|122)\b/.test(String(error));
}

/** An error of a disk: a `KvError` of the same code may be a codec's. */
class DiskError extends KvError {}

/** Tells whether an error says that the disk cannot be relied on any more. */
export function isDiskFailure(error: unknown): boolean {
  return error instanceof DiskError && error.code === "io";
}

/** The error of what the disk failed to do. */
export function diskError(path: string, action: string, cause: unknown): KvError {
  const message = cause instanceof Error ? cause.message : String(cause);
  // Behind that Deno says the path once more; so do Bun and Node, behind a comma.
  const reason = /^(?:.*?\(os error \d+\)|E[A-Z]+: [^,]*)/s.exec(message)?.[0] ?? message;
  const code = isFull(cause) ? "full" : "io";
  // A file that is missing is made, so it is the directory.
  const isMissing = action === "open" && (cause as { code?: unknown })?.code === "ENOENT";
  const hint = isMissing ? "; its directory must be there" : "";
  return new DiskError(code, `Cannot ${action} "${path}": ${reason}${hint}`, { cause });
}

/** A storage whose failures are `KvError`s: `full` or `io`. */
export function withKvErrors(storage: Storage, path: string): Storage {
  const attempt = <T>(action: string, run: () => T): T => {
    try {
      return run();
    } catch (cause) {
      throw diskError(path, action, cause);
    }
  };
  return {
    canRead: storage.canRead,
    size: () => attempt("measure", () => storage.size()),
    read: (at, into) => attempt("read", () => storage.read(at, into)),
    write: (at, bytes) => attempt("write", () => storage.write(at, bytes)),
    append: (at, bytes) => attempt("write", () => storage.append(at, bytes)),
    sync: () =>
      storage.sync().catch((cause) => {
        throw diskError(path, "sync", cause);
      }),
    syncNow: () => attempt("sync", () => storage.syncNow()),
    truncate: (size) => attempt("truncate", () => storage.truncate(size)),
    close: () => attempt("close", () => storage.close()),
  };
}
