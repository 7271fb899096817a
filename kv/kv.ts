/**
 * The contract: what a store can do, whichever backend keeps it. `tests/conformance/` holds every
 * backend to it.
 */

import type {
  Backend,
  ClearOptions,
  Inspection,
  KvStats,
  MoveOptions,
  PopOptions,
  PutManyOptions,
  PutOptions,
  ScanOptions,
} from "./call_types.ts";
import type { Codec } from "./codec.ts";

/** What a store takes as a value: bytes, or a string that stands for its UTF-8. */
export type Value = string | Uint8Array;

/** The longest key, in bytes as UTF-8. */
export const KEY_BYTES_MAX = 1024;

/**
 * What a store that reads `T` may be given: text and bytes where it reads all text or all
 * bytes, else `T` itself.
 */
export type InputOf<T> = [T] extends [Value]
  ? string extends T ? Value : Uint8Array extends T ? Value : T
  : T;

/**
 * A key-value store: strings and arrays under string keys, with expiry.
 *
 * - **Keys** are well-formed strings of 0 to 1024 bytes as UTF-8, otherwise opaque. A key with a
 *   lone surrogate or of another type rejects with a `TypeError`, a longer one with a `RangeError`.
 * - **Values** are bytes, up to 512 MiB on Valkey and 64 MiB in a file (`RangeError` past that); a
 *   string stands for its UTF-8, and one with a lone surrogate rejects with a `TypeError`. Long
 *   bytes, over 64 KiB unless `bufferSize` is set, are not copied on Valkey: they must not change
 *   until their call has settled.
 * - **One keyspace**: a key holds a string or an array. A call for the other type rejects with code
 *   `wrong_type` and changes nothing ({@linkcode Kv.put} replaces either). An array that loses its
 *   last element is gone: a missing key and an empty array are one.
 * - **Durations** are whole milliseconds from 1 to 2^53 − 1: any other number is a `RangeError`,
 *   anything else a `TypeError`. Expiry is strict: no value is returned after its deadline.
 * - **Order**: calls take effect in the order in which they were made on a store, except for a
 *   waiting pop.
 * - **Errors**: only {@linkcode Kv.namespace} and {@linkcode Kv.withCodec} throw; all other methods
 *   reject. Misuse is a `TypeError` or `RangeError` before any effect, all else a
 *   {@linkcode KvError}. Every call rejects with code `closed` once the store is closed, and may
 *   reject with `io` and `corrupt` (file) or `timeout`, `connection` and `server` (Valkey). A call
 *   that stores, moves or sets an expiry may reject with `full`, and has changed nothing then,
 *   except for {@linkcode Kv.putMany}.
 *
 * `T` is what values are read as, `Input` what they may be written as; see {@linkcode
 * Kv.withCodec}. A function that writes a type of its own takes `Kv<T, T>`; one that only reads, or
 * uses no values at all, takes any store as `Kv<unknown, never>`.
 *
 * @example
 * ```ts
 * import { openKv } from "@jetkv/jetkv";
 *
 * await using kv = await openKv();
 * await kv.put("greeting", "hello", { expireIn: 60_000 });
 * console.log(await kv.get("greeting")); // hello
 * ```
 */
// Methods are compared loosely, and a store of JSON would pass for one that takes any bytes.
export interface Kv<out T = string, in Input = InputOf<T>> extends AsyncDisposable {
  /** Which backend the store is on. */
  readonly backend: Backend;

  /**
   * Reads the string at `key`.
   *
   * Cost: O(value bytes). File: no disk read where the pages are in its cache.
   *
   * @param key 0 to 1024 bytes as UTF-8.
   * @returns The value, or `null` where there is no such key.
   * @throws {KvError} `wrong_type` if the key holds an array.
   *
   * @example
   * ```ts
   * import { openKv } from "@jetkv/jetkv";
   * await using kv = await openKv();
   * console.log(await kv.get("nobody")); // null
   * ```
   */
  get(key: string): Promise<T | null>;

  /**
   * Stores `value` at `key`, replacing the string or array that is there, and its expiry unless
   * `keepTtl` is set.
   *
   * When the promise resolves, a memory store shows the value to every later call, a file store has
   * it as safe as its `durability` says, and a Valkey store has the server's word. A crash before
   * that leaves the old value or the new one, never a mix.
   *
   * Cost: O(key + value bytes). File: one journal record, shared by the calls of one turn.
   *
   * @param key 0 to 1024 bytes as UTF-8.
   * @param value 0 to 512 MiB on Valkey, 0 to 64 MiB in a file.
   * @param options An expiry, and what to do where the key is there.
   * @returns Whether the value was stored: `false` only with `ifAbsent`.
   * @throws {RangeError} If an argument is out of its range: nothing was stored.
   * @throws {KvError} `full` if no room is left: nothing was stored.
   *
   * @example Keep a session for an hour
   * ```ts
   * import { openKv } from "@jetkv/jetkv";
   * await using kv = await openKv();
   * await kv.put("session:42", "ada", { expireIn: 3_600_000 });
   * ```
   */
  put(key: string, value: Input, options?: PutOptions): Promise<boolean>;

  /**
   * Stores `value` at `key` until `expireIn` milliseconds from now: `put` with `expireIn`, in one
   * step.
   *
   * @param key 0 to 1024 bytes as UTF-8.
   * @param value 0 to 512 MiB on Valkey, 0 to 64 MiB in a file.
   * @param expireIn Milliseconds, whole, 1 to 2^53 − 1, by the store's clock (Valkey: the
   * server's).
   * @returns `true`.
   * @throws {RangeError} If an argument is out of its range: nothing was stored.
   * @throws {KvError} `full` if no room is left: nothing was stored.
   */
  putExpire(key: string, value: Input, expireIn: number): Promise<boolean>;

  /**
   * Removes the string at `key` and returns it, in one step.
   *
   * @param key 0 to 1024 bytes as UTF-8.
   * @returns The removed value, or `null` where there was none.
   * @throws {KvError} `wrong_type` if the key holds an array, which stays.
   */
  fetchRemove(key: string): Promise<T | null>;

  /**
   * Removes the string at `key`. An array stays, so that a slip does not cost a queue; see
   * {@linkcode Kv.delete}.
   *
   * @param key 0 to 1024 bytes as UTF-8.
   * @returns Whether a string was removed.
   */
  remove(key: string): Promise<boolean>;

  /**
   * Removes whatever is at `key`, a string or an array.
   *
   * Cost: O(1) on memory and file, O(elements) on Valkey.
   *
   * @param key 0 to 1024 bytes as UTF-8.
   * @returns Whether there was such a key.
   */
  delete(key: string): Promise<boolean>;

  /**
   * Adds values at the end of the array at `key`, in their order, all or none. Creates the array
   * where there is no such key.
   *
   * Cost: O(1) a value.
   *
   * @param key 0 to 1024 bytes as UTF-8.
   * @param values One or more.
   * @returns The new length, before any waiting pop takes its element.
   * @throws {TypeError} If no value is given.
   * @throws {RangeError} If a value is too long, or in a file all of them together need over 72 MiB
   * of its journal: nothing was added.
   * @throws {KvError} `wrong_type` if the key holds a string, `full` if no room is left: nothing
   * was added.
   *
   * @example A job queue
   * ```ts
   * import { openKv } from "@jetkv/jetkv";
   * await using kv = await openKv();
   * await kv.append("jobs", "a", "b");
   * console.log(await kv.popFirst("jobs")); // a
   * ```
   */
  append(key: string, ...values: Input[]): Promise<number>;

  /**
   * Adds values at the front of the array at `key`, one after the other: `prepend(key, a, b)`
   * leaves `b` first. Otherwise as {@linkcode Kv.append}.
   *
   * @param key 0 to 1024 bytes as UTF-8.
   * @param values One or more.
   * @returns The new length, before any waiting pop takes its element.
   * @throws {TypeError} If no value is given.
   * @throws {RangeError} If a value is too long, or in a file all of them together need over 72 MiB
   * of its journal: nothing was added.
   * @throws {KvError} `wrong_type` if the key holds a string, `full` if no room is left: nothing
   * was added.
   */
  prepend(key: string, ...values: Input[]): Promise<number>;

  /**
   * Removes the last element of the array at `key` and returns it. Popping the only one removes the
   * key.
   *
   * With `wait` the call waits for an element where there is none. On memory and file those who
   * wait are served first come, first served. When `signal` aborts, no element is lost: one that
   * came meanwhile is what the call resolves with.
   *
   * Cost: O(element bytes).
   *
   * @param key 0 to 1024 bytes as UTF-8.
   * @param options How long to wait.
   * @returns The element, or `null` if there is none and none came in time.
   * @throws {KvError} `wrong_type` if the key holds a string.
   *
   * @example A worker
   * ```ts
   * import { openKv } from "@jetkv/jetkv";
   * await using kv = await openKv();
   * const next = kv.popFirst("jobs", { wait: 1_000 });
   * await kv.append("jobs", "resize 42.png");
   * console.log(await next); // resize 42.png
   * ```
   */
  pop(key: string, options?: PopOptions): Promise<T | null>;

  /**
   * Removes the first element of the array at `key` and returns it. Otherwise as {@linkcode
   * Kv.pop}.
   *
   * @param key 0 to 1024 bytes as UTF-8.
   * @param options How long to wait.
   * @returns The element, or `null` if there is none and none came in time.
   * @throws {KvError} `wrong_type` if the key holds a string.
   */
  popFirst(key: string, options?: PopOptions): Promise<T | null>;

  /**
   * Moves an element from one array to another (or to the other end of the same one) in one step:
   * at no moment is it in both or in neither. The way to a queue that loses no job when a worker
   * dies.
   *
   * @param from The array to take from.
   * @param to The array to put to; created where there is no such key.
   * @param options Which ends, and how long to wait for an element.
   * @returns The moved element, or `null` if there is none and none came in time.
   * @throws {KvError} `wrong_type` if `from` holds a string, or `to` once there is an element:
   * nothing was moved.
   *
   * @example Keep a job until it is done
   * ```ts
   * import { openKv } from "@jetkv/jetkv";
   * await using kv = await openKv();
   * await kv.append("jobs", "a");
   * const job = await kv.move("jobs", "doing:ada", { take: "first", put: "last" });
   * console.log(job, await kv.length("doing:ada")); // a 1
   * ```
   */
  move(from: string, to: string, options: MoveOptions): Promise<T | null>;

  /**
   * Counts the elements of the array at `key`.
   *
   * @param key 0 to 1024 bytes as UTF-8.
   * @returns The length; 0 where there is no such key.
   * @throws {KvError} `wrong_type` if the key holds a string.
   */
  length(key: string): Promise<number>;

  /**
   * Reads elements of the array at `key` by the rules of `Array#slice`.
   *
   * Cost: O(elements read), and on file and Valkey O(distance to the nearer end).
   *
   * @param key 0 to 1024 bytes as UTF-8.
   * @param start The first index; negative counts back from the end. Default 0.
   * @param end The index after the last; negative counts back from the end. Default: the length.
   * @returns The elements; none where there is no such key.
   * @throws {KvError} `wrong_type` if the key holds a string.
   */
  range(key: string, start?: number, end?: number): Promise<T[]>;

  /**
   * Tells whether there is such a key, a string or an array.
   *
   * @param key 0 to 1024 bytes as UTF-8.
   * @returns Whether the key is there.
   */
  has(key: string): Promise<boolean>;

  /**
   * Tells what is at `key` without reading it.
   *
   * @param key 0 to 1024 bytes as UTF-8.
   * @returns Type, length and remaining time, or `null` where there is no such key.
   */
  inspect(key: string): Promise<Inspection | null>;

  /**
   * Sets the expiry of `key`, a string or an array, to `expireIn` milliseconds from now.
   *
   * @param key 0 to 1024 bytes as UTF-8.
   * @param expireIn Milliseconds, whole, 1 to 2^53 − 1.
   * @returns Whether there was such a key.
   */
  touch(key: string, expireIn: number): Promise<boolean>;

  /**
   * Takes the expiry off `key`: it stays until removed.
   *
   * @param key 0 to 1024 bytes as UTF-8.
   * @returns Whether there was such a key and it had an expiry.
   */
  persist(key: string): Promise<boolean>;

  /**
   * Adds `by` to the number that stands as text at `key`, in one step. A missing key counts as 0;
   * an expiry stays.
   *
   * A number is written as Valkey demands: digits, `-` before a negative one, no spaces, no leading
   * zeros, no fraction.
   *
   * @param key 0 to 1024 bytes as UTF-8.
   * @param by A whole number within ±(2^53 − 1). Default 1.
   * @returns The new number.
   * @throws {KvError} `not_a_number` if the value is no such number or the sum is outside ±(2^53 −
   * 1), `wrong_type` if the key holds an array: nothing changed.
   */
  increment(key: string, by?: number): Promise<number>;

  /**
   * Replaces the string at `key` if it is `expected`, compared by bytes, in one step. As with
   * `put`, its expiry goes.
   *
   * @param key 0 to 1024 bytes as UTF-8.
   * @param expected What must be there.
   * @param value What to store.
   * @returns Whether the value was replaced: `false` where there is another or none.
   * @throws {KvError} `wrong_type` if the key holds an array.
   */
  putIfEqual(key: string, expected: Input, value: Input): Promise<boolean>;

  /**
   * Removes the string at `key` if it is `expected`, compared by bytes, in one step.
   *
   * @param key 0 to 1024 bytes as UTF-8.
   * @param expected What must be there.
   * @returns Whether the string was removed.
   * @throws {KvError} `wrong_type` if the key holds an array.
   *
   * @example Let go of a lock only if it is still ours
   * ```ts
   * import { openKv } from "@jetkv/jetkv";
   * await using kv = await openKv();
   * const token = crypto.randomUUID();
   * if (await kv.put("lock:report", token, { ifAbsent: true, expireIn: 30_000 })) {
   *   console.log(await kv.removeIfEqual("lock:report", token)); // true
   * }
   * ```
   */
  removeIfEqual(key: string, expected: Input): Promise<boolean>;

  /**
   * Reads many strings. Any number of keys; not one atomic step.
   *
   * @param keys Each 0 to 1024 bytes as UTF-8.
   * @returns A value or `null` for each key, in their order.
   * @throws {KvError} `wrong_type` if one of the keys holds an array.
   */
  getMany(keys: Iterable<string>): Promise<(T | null)[]>;

  /**
   * Stores many strings, each as by {@linkcode Kv.put}. Any number of entries, in their order; not
   * one atomic step, so a call that rejects with a `KvError` may have stored some.
   *
   * @param entries Keys and values, such as a `Map`.
   * @param options One expiry for all of them.
   * @throws {KvError} `full` if no room is left.
   */
  putMany(entries: Iterable<readonly [string, Input]>, options?: PutManyOptions): Promise<void>;

  /**
   * Removes many strings, each as by {@linkcode Kv.remove}: arrays stay. Any number of keys; not
   * one atomic step.
   *
   * @param keys Each 0 to 1024 bytes as UTF-8.
   * @returns For each key, in their order, whether a string was removed.
   */
  removeMany(keys: Iterable<string>): Promise<boolean[]>;

  /**
   * Lists keys, of strings and arrays, in no particular order.
   *
   * A key that is there from the start of the scan to its end comes exactly once; one that comes or
   * goes meanwhile comes once or not at all. None is invented. The store may be used and changed
   * between the steps.
   *
   * Cost: O(keys in the store) for a whole scan, whatever the prefix.
   *
   * @param options Which keys, and how many.
   * @returns An iterator for `for await`.
   *
   * @example
   * ```ts
   * import { openKv } from "@jetkv/jetkv";
   * await using kv = await openKv();
   * await kv.putMany([["user:1", "Ada"], ["user:2", "Grace"], ["page:1", "…"]]);
   * for await (const key of kv.keys({ prefix: "user:" })) console.log(key);
   * ```
   */
  keys(options?: ScanOptions): AsyncIterableIterator<string>;

  /**
   * Lists strings with their values, as {@linkcode Kv.keys} lists keys. Arrays are passed over.
   *
   * @param options Which keys, and how many entries.
   * @returns An iterator for `for await`.
   */
  entries(options?: ScanOptions): AsyncIterableIterator<[string, T]>;

  /**
   * Removes exactly the keys that {@linkcode Kv.keys} with this prefix lists. Not one atomic step.
   *
   * @param options The prefix, which must be given: `""` removes all.
   * @returns How many keys were removed.
   * @throws {TypeError} If no prefix is given.
   */
  clear(options: ClearOptions): Promise<number>;

  /**
   * Reads the store's counters, for a graph or an alert. A namespace has those of its whole store.
   *
   * @returns The counters.
   */
  stats(): Promise<KvStats>;

  /**
   * Makes a view of the same store whose values pass through `codec`. Costs no copy and no
   * connection; closing it closes the store.
   *
   * @param codec What turns values into bytes and back, such as `json<User>()` or `bytes`.
   * @returns The view.
   * @throws {TypeError} If `codec` is no codec: thrown, not rejected.
   */
  withCodec<U, UInput = U>(codec: Codec<U, UInput>): Kv<U, UInput>;

  /**
   * Makes a view of the keys that begin with `prefix`, which its keys come without. Views nest.
   * Closing it closes the store.
   *
   * @param prefix 0 to 1024 bytes as UTF-8; prefix and key share the 1024 bytes.
   * @returns The view.
   * @throws {TypeError} If `prefix` is no well-formed string: thrown, not rejected.
   * @throws {RangeError} If `prefix` is over 1024 bytes, likewise.
   *
   * @example
   * ```ts
   * import { openKv } from "@jetkv/jetkv";
   * await using kv = await openKv();
   * const users = kv.namespace("users:");
   * await users.put("42", "Ada");
   * console.log(await kv.get("users:42")); // Ada
   * ```
   */
  namespace(prefix: string): Kv<T, Input>;

  /**
   * Closes the store: what was acknowledged is kept, and calls made before are done (on Valkey
   * where there is a connection, or one is being made). Pops that wait reject with code `closed`,
   * scans and a {@linkcode Kv.clear} that are under way may, and every later call does. A second
   * call does nothing.
   *
   * @throws {KvError} `io` if the disk failed, and what a file store acknowledged may be lost.
   */
  close(): Promise<void>;
}
