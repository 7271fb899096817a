import { show } from "../kv/errors.ts";

/**
 * An entry is too long for the store that it goes to, a backend with less room than the one it came
 * from. To that store it is misuse, but nobody who copies has chosen it.
 */
export class EntryError extends Error {
  /** The class by name, which survives a minifier. */
  override readonly name = "EntryError";
}

/** What a store rejects an entry with, as an error that names its key. */
export function asEntryError(key: string, cause: unknown): unknown {
  const isMisuse = cause instanceof RangeError || cause instanceof TypeError;
  return isMisuse
    ? new EntryError(`Cannot write ${show(key)}: ${cause.message}`, { cause })
    : cause;
}
