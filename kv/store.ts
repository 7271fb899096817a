/**
 * What a backend implements, and what `views.ts` asks of it.
 *
 * The contract has two halves. `views.ts` keeps the half that is the same everywhere: it checks
 * arguments, puts prefixes on keys and turns values into bytes by a codec. A `Store` keeps the
 * other: it holds the data. So a backend may rely on arguments that are right, and no check is
 * written three times.
 *
 * - A method may throw at once or reject: the view turns a throw into a rejection.
 * - A method takes effect in the order in which it was called, and decodes before it changes
 *   anything, so that a codec that throws leaves the data alone. (A Valkey store cannot: its server
 *   has removed a popped value before the codec sees it.)
 * - Keys are well-formed and have 0 to 1024 bytes. Byte arrays are the caller's: a store that keeps
 *   them copies them, and gives out copies.
 */

import type { Backend, Inspection, KvStats } from "./call_types.ts";
import type { Decoder } from "./codec.ts";
import type { Value } from "./kv.ts";

/** The two ends of an array. */
export type End = "first" | "last";

/** A checked `put`: all of its options are there. */
export interface StorePut {
  /** Milliseconds from now, 1 to 2^53 − 1, or 0 for none. */
  readonly expireIn: number;
  readonly ifAbsent: boolean;
  readonly keepTtl: boolean;
}

/** A `put` that replaces what is there; `expireIn` is 0 for none. */
export function replacing(expireIn: number): StorePut {
  return { expireIn, ifAbsent: false, keepTtl: false };
}

/** How long a pop may wait for an element. */
export interface StoreWait {
  /** Milliseconds, 1 to 2^53 − 1; 0 does not wait, `Infinity` waits for ever. */
  readonly waitMs: number;
  /** Ends the waiting early: the call rejects with its reason unless an element has come. */
  readonly signal: AbortSignal | undefined;
}

/** Which ends `move` takes from and puts to. */
export interface StoreMove extends StoreWait {
  readonly take: End;
  readonly put: End;
}

/** A backend's half of the contract; see {@linkcode Kv} for what each call does. */
export interface Store {
  readonly backend: Backend;

  get<T>(key: string, decoder: Decoder<T>): Promise<T | null>;
  put(key: string, value: Value, options: StorePut): Promise<boolean>;
  fetchRemove<T>(key: string, decoder: Decoder<T>): Promise<T | null>;
  remove(key: string): Promise<boolean>;
  delete(key: string): Promise<boolean>;
  increment(key: string, by: number): Promise<number>;
  putIfEqual(key: string, expected: Value, value: Value): Promise<boolean>;
  removeIfEqual(key: string, expected: Value): Promise<boolean>;

  /**
   * Adds one value or more at `end`, in order: with `"first"` the last of `values` ends up first.
   */
  push(key: string, values: readonly Value[], end: End): Promise<number>;
  pop<T>(key: string, end: End, wait: StoreWait, decoder: Decoder<T>): Promise<T | null>;
  move<T>(from: string, to: string, move: StoreMove, decoder: Decoder<T>): Promise<T | null>;
  length(key: string): Promise<number>;
  /** Elements by `Array#slice` rules; `start` and `end` are whole or infinite. */
  range<T>(key: string, start: number, end: number, decoder: Decoder<T>): Promise<T[]>;

  has(key: string): Promise<boolean>;
  inspect(key: string): Promise<Inspection | null>;
  touch(key: string, expireIn: number): Promise<boolean>;
  persist(key: string): Promise<boolean>;

  getMany<T>(keys: readonly string[], decoder: Decoder<T>): Promise<(T | null)[]>;
  /** `expireIn` as in {@linkcode StorePut}. */
  putMany(entries: readonly (readonly [string, Value])[], expireIn: number): Promise<void>;
  removeMany(keys: readonly string[]): Promise<boolean[]>;

  /** `limit` is whole, or `Infinity`. */
  keys(prefix: string, limit: number): AsyncIterableIterator<string>;
  entries<T>(
    prefix: string,
    limit: number,
    decoder: Decoder<T>,
  ): AsyncIterableIterator<[string, T]>;
  clear(prefix: string): Promise<number>;

  stats(): Promise<KvStats>;
  /** Idempotent: a second call waits for the first. */
  close(): Promise<void>;
}
