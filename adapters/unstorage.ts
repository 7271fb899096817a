/**
 * A driver for unstorage 1: a program on unstorage moves to JetKV by one line, and keeps its calls.
 *
 * ```ts
 * import { createStorage } from "npm:unstorage@1";
 * import { openKv } from "@jetkv/jetkv";
 * import { unstorageDriver } from "@jetkv/jetkv/unstorage";
 *
 * await using kv = await openKv();
 * const storage = createStorage({ driver: unstorageDriver(kv.namespace("storage:")) });
 *
 * await storage.setItem("users:42", { name: "Ada" }, { ttl: 60 });
 * console.log(await storage.getItem("users:42")); // { name: "Ada" }
 * console.log(await kv.has("storage:users:42")); // true
 * ```
 *
 * @module
 */

import { checkOptions } from "../kv/checks.ts";
import { bytes, text } from "../kv/codec.ts";
import { show } from "../kv/errors.ts";
import type { Kv, Value } from "../kv/kv.ts";

const MS_A_SECOND = 1_000;

/** Options of {@linkcode unstorageDriver}. */
export interface UnstorageOptions {
  /** Seconds until an item expires that is set without a `ttl` of its own. Default: it stays. */
  ttl?: number | undefined;
}

/** Options of a single call. */
export interface UnstorageCallOptions {
  /** Seconds until the item expires, rounded up to a millisecond. 0: it stays. */
  ttl?: number | undefined;
}

/** What unstorage asks of a driver, by structure. Each call is unstorage's of the same name. */
export interface UnstorageDriver {
  /** The driver's name. */
  readonly name: string;
  /** What the driver can do beyond the least. */
  readonly flags: { readonly ttl: boolean };
  /** The options that the driver was made with. */
  readonly options: UnstorageOptions;
  /** Gives the store underneath. */
  getInstance(): Kv<unknown, never>;
  /** Tells whether there is such a key. */
  hasItem(key: string): Promise<boolean>;
  /** Reads an item as text, or `null` where there is none. */
  getItem(key: string): Promise<string | null>;
  /** Reads many items as text. */
  getItems(items: { key: string }[]): Promise<{ key: string; value: string | null }[]>;
  /** Reads an item as bytes, or `null` where there is none. */
  getItemRaw(key: string): Promise<Uint8Array | null>;
  /** Stores text. */
  setItem(key: string, value: string, options?: UnstorageCallOptions): Promise<void>;
  /** Stores bytes, as they are: a `Uint8Array`, another view, an `ArrayBuffer`, or text. */
  setItemRaw(key: string, value: unknown, options?: UnstorageCallOptions): Promise<void>;
  /** Removes an item. An array of the store stays. */
  removeItem(key: string): Promise<void>;
  /** Tells an item's size in bytes and its remaining seconds, or `null` where there is none. */
  getMeta(key: string): Promise<{ size: number; ttl?: number } | null>;
  /** Lists the keys that begin with `base`. */
  getKeys(base?: string): Promise<string[]>;
  /** Removes the keys that begin with `base`, whatever they hold. */
  clear(base?: string): Promise<void>;
  /** Does nothing: others may use the store, so it is closed by who opened it. */
  dispose(): Promise<void>;
  /** Throws: see {@linkcode unstorageDriver}. */
  watch(): never;
}

/**
 * Makes a driver of a store, for `createStorage({ driver })` or `storage.mount(base, driver)`.
 *
 * What `clear` removes and `getKeys` lists are all keys of `kv` under their base, so give the
 * driver a namespace where the store holds other things too. unstorage 1 hands `clear(base)` on to
 * drivers that are mounted at or below that base, so mount what is to be cleared apart.
 *
 * `watch` is refused, because a store does not tell of changes: what unstorage does for a driver
 * without `watch` is to tell of this process' changes only. It asks its drivers once, so a second
 * `storage.watch()` after a refused one resolves, and is told of nothing.
 *
 * @param kv The store, or a namespace of it. Its codec does not matter.
 * @param options A default expiry.
 * @throws {TypeError} If an option is unknown.
 * @throws {RangeError} If `ttl` is no number of seconds from 0.
 *
 * @example Bytes
 * ```ts
 * import { createStorage } from "npm:unstorage@1";
 * import { openKv } from "@jetkv/jetkv";
 * import { unstorageDriver } from "@jetkv/jetkv/unstorage";
 *
 * await using kv = await openKv();
 * const storage = createStorage({ driver: unstorageDriver(kv, { ttl: 3_600 }) });
 * await storage.setItemRaw("pixel", Uint8Array.of(255, 0, 128));
 * console.log((await storage.getItemRaw<Uint8Array>("pixel"))?.[2]); // 128
 * ```
 */
export function unstorageDriver(
  kv: Kv<unknown, never>,
  options: UnstorageOptions = {},
): UnstorageDriver {
  checkOptions(options, "make a driver", ["ttl"]);
  expireInOf(options.ttl);
  const texts = kv.withCodec(text);
  const binary = kv.withCodec(bytes);

  async function put(key: string, value: Value, call: UnstorageCallOptions = {}): Promise<void> {
    const { ttl = options.ttl } = call;
    await texts.put(key, value, { expireIn: expireInOf(ttl) });
  }

  // unstorage calls these without their object, so none of them uses `this`.
  return {
    name: "jetkv",
    flags: { ttl: true },
    options,
    getInstance: () => kv,
    hasItem: (key) => texts.has(key),
    getItem: (key) => texts.get(key),
    async getItems(items) {
      const values = await texts.getMany(items.map(({ key }) => key));
      return items.map(({ key }, i) => ({ key, value: values[i] ?? null }));
    },
    getItemRaw: (key) => binary.get(key),
    setItem: put,
    setItemRaw: async (key, value, call) => await put(key, rawValue(key, value), call),
    async removeItem(key) {
      await texts.remove(key);
    },
    async getMeta(key) {
      const found = await texts.inspect(key);
      if (found === null || found.type === "array") return null;
      const size = found.length;
      return found.expiresIn === null ? { size } : { size, ttl: found.expiresIn / MS_A_SECOND };
    },
    async getKeys(base = "") {
      const keys: string[] = [];
      for await (const key of texts.keys({ prefix: base })) keys.push(key);
      return keys;
    },
    async clear(base = "") {
      await texts.clear({ prefix: base });
    },
    dispose: () => Promise.resolve(),
    watch() {
      throw new TypeError("Cannot watch a JetKV store: it does not tell of changes");
    },
  };
}

/** A `ttl` in milliseconds; `undefined` where the item stays. */
function expireInOf(ttl: number | undefined): number | undefined {
  if (ttl === undefined || ttl === 0) return undefined;
  const ms = Math.ceil(ttl * MS_A_SECOND);
  if (Number.isSafeInteger(ms) && ms > 0) return ms;
  throw new RangeError(`Cannot take ${ttl} as ttl: it must be a number of seconds from 0`);
}

/** The bytes of a raw value, not copied. */
function rawValue(key: string, value: unknown): Value {
  if (typeof value === "string" || value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  throw new TypeError(`Cannot set ${show(key)} raw: the value must be bytes or text`);
}
