/**
 * What the calls of a store take and give besides keys and values.
 */

/** The backends by name. */
export type Backend = "memory" | "file" | "valkey";

/** Options of {@linkcode Kv.put}. */
export interface PutOptions {
  /** Milliseconds until the key expires: whole, 1 to 2^53 − 1. Without it the key stays. */
  expireIn?: number | undefined;
  /** Store only where there is no such key; the call then says `false` if there was. */
  ifAbsent?: boolean | undefined;
  /** Keep the expiry of the key that is replaced. Not together with `expireIn`. */
  keepTtl?: boolean | undefined;
}

/** Options of {@linkcode Kv.putMany}. */
export interface PutManyOptions {
  /** Milliseconds until each of the keys expires: whole, 1 to 2^53 − 1. Without it they stay. */
  expireIn?: number | undefined;
}

/** Options of {@linkcode Kv.pop} and {@linkcode Kv.popFirst}. */
export interface PopOptions {
  /**
   * How long to wait for an element: milliseconds, whole, 1 to 2^53 − 1, or `true` for as long as
   * it takes. Default `false`: not at all.
   */
  wait?: number | boolean | undefined;
  /**
   * Ends the waiting: the call rejects with the signal's reason, unless an element has come
   * meanwhile. Where it has aborted before, the call rejects and takes nothing.
   */
  signal?: AbortSignal | undefined;
}

/** Options of {@linkcode Kv.move}. */
export interface MoveOptions extends PopOptions {
  /** The end to take from. */
  take: "first" | "last";
  /** The end to put to. */
  put: "first" | "last";
}

/** Options of {@linkcode Kv.keys} and {@linkcode Kv.entries}. */
export interface ScanOptions {
  /** Only keys that begin with this text, taken literally. Default `""`: all. */
  prefix?: string | undefined;
  /** The most to list: whole, from 0. Default: all. */
  limit?: number | undefined;
}

/** Options of {@linkcode Kv.clear}. */
export interface ClearOptions {
  /** Remove the keys that begin with this text, taken literally; `""` removes all. */
  prefix: string;
}

/** What {@linkcode Kv.inspect} tells of a key. */
export interface Inspection {
  /** What the key holds. */
  type: "string" | "array";
  /** Bytes of a string, elements of an array. */
  length: number;
  /** Milliseconds until the key expires, from 1; `null` where it stays. */
  expiresIn: number | null;
}

/** Counters of a store since it was opened, and its size now. */
export interface KvStats {
  /** Which backend the store is on. */
  backend: Backend;
  /**
   * Keys in the store. May count keys past their deadline that no call has met yet, and in memory
   * keys that a `clear` has removed whose room is not given back yet.
   */
  entries: number;
  /**
   * Bytes of the keys and values that `entries` counts; in memory text counts a byte a UTF-16 code
   * unit. On Valkey the memory that the server's data set takes.
   */
  bytes: number;
  /** Keys that `get`, `getMany` and `fetchRemove` found. Other calls count for nothing. */
  hits: number;
  /** Keys that they did not find. */
  misses: number;
  /** Keys evicted to make room; on Valkey those of its server, since that was started. */
  evictions: number;
  /** Calls that have not settled: waiting pops, and on Valkey commands without an answer. */
  inFlight: number;
  /** Connections made anew after one was lost. */
  reconnects: number;
}
