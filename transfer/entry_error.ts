import { checkKey } from "../kv/checks.ts";
import { show } from "../kv/errors.ts";

/**
 * An entry is too long for a store: a key that another program has made, or a value on the way to a
 * backend with less room. To the store that is misuse, but nobody who copies has chosen it.
 */
export class EntryError extends Error {
  /** The class by name, which survives a minifier. */
  override readonly name = "EntryError";
}

/** Checks a key that a store has listed. */
export function checkListed(key: string): string {
  try {
    return checkKey(key);
  } catch (cause) {
    throw new EntryError((cause as Error).message, { cause });
  }
}

/** What a store rejects an entry with, as an error that names its key. */
export function refused(key: string, cause: unknown): unknown {
  const isMisuse = cause instanceof RangeError || cause instanceof TypeError;
  return isMisuse
    ? new EntryError(`Cannot write ${show(key)}: ${cause.message}`, { cause })
    : cause;
}
