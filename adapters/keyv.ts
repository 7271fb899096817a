/**
 * A storage adapter for keyv 5: a program on keyv moves to JetKV by one line, and keeps its calls.
 *
 * ```ts
 * import Keyv from "npm:keyv@5";
 * import { openKv } from "@jetkv/jetkv";
 * import { KeyvStore } from "@jetkv/jetkv/keyv";
 *
 * await using kv = await openKv();
 * const users = new Keyv({ store: new KeyvStore(kv), namespace: "users" });
 *
 * await users.set("42", { name: "Ada" }, 60_000);
 * console.log(await users.get("42")); // { name: "Ada" }
 * console.log(await kv.has("users:42")); // true
 * ```
 *
 * @module
 */

import { text } from "../kv/codec.ts";
import { show } from "../kv/errors.ts";
import type { Kv } from "../kv/kv.ts";

/**
 * What keyv keeps its values in: text that keyv has serialized, under the keys that keyv makes.
 *
 * keyv writes the namespace into the store, so give each `Keyv` a `KeyvStore` of its own; they may
 * share a Kv. With `useKeyPrefix: false` set `namespace: ""` too, because `clear` and
 * `iterator` go by the namespace.
 *
 * keyv's `get` gives `undefined` where the store rejects, unless `throwOnErrors` is set.
 *
 * @example Iterate over a namespace
 * ```ts
 * import Keyv from "npm:keyv@5";
 * import { openKv } from "@jetkv/jetkv";
 * import { KeyvStore } from "@jetkv/jetkv/keyv";
 *
 * await using kv = await openKv();
 * const pages = new Keyv({ store: new KeyvStore(kv), namespace: "pages", throwOnErrors: true });
 * await pages.set("/", "<h1>Home</h1>");
 * for await (const [path, html] of pages.iterator!(undefined)) console.log(path, html);
 * ```
 */
export class KeyvStore {
  /**
   * keyv's own settings. keyv iterates only over stores of the dialects that it knows, so this one
   * says that it is of one of them.
   */
  readonly opts: Record<string, unknown> = { dialect: "valkey" };
  /** The namespace whose keys `clear` removes; keyv sets it. Without one those are all keys. */
  namespace: string | undefined = undefined;

  readonly #kv: Kv;

  /**
   * Makes the adapter.
   *
   * @param kv The store, or a namespace of it. Its codec does not matter.
   */
  constructor(kv: Kv<unknown, never>) {
    this.#kv = kv.withCodec(text);
  }

  /**
   * Does nothing: this store emits no event. What fails rejects its call.
   *
   * @returns This store.
   */
  on(_event: string, _listener: (...values: never[]) => void): this {
    return this;
  }

  /**
   * Reads a value.
   *
   * @returns The text that keyv makes a `Value` of, or `undefined` where there is no such key.
   */
  async get<Value>(key: string): Promise<Value | undefined> {
    return valueOf<Value>(await this.#kv.get(key));
  }

  /**
   * Reads many values.
   *
   * @returns A text or `undefined` for each key, in their order.
   */
  async getMany<Value>(keys: string[]): Promise<(Value | undefined)[]> {
    return (await this.#kv.getMany(keys)).map((value) => valueOf<Value>(value));
  }

  /**
   * Stores a value. There is no `setMany`, because its entries may have different expiries: keyv
   * then calls this for each of them in one turn, which is one write on file and Valkey.
   *
   * @param ttl Milliseconds, rounded up. None, 0 and `Infinity` mean that the key stays; of a
   * negative one the end has passed, and the key is removed.
   * @returns `true`.
   * @throws {TypeError} If the value is not text, as with keyv's `serialize` switched off.
   * @throws {RangeError} If `ttl` is no such number.
   */
  async set(key: string, value: string, ttl?: number): Promise<boolean> {
    if (typeof value !== "string") {
      throw new TypeError(`Cannot set ${show(key)}: keyv's serialize must make text of the value`);
    }
    if (ttl === undefined || ttl === 0 || ttl === Infinity) return await this.#kv.put(key, value);
    // Not the other way round: NaN is a mistake, and must not remove anything.
    if (!(ttl < 0)) return await this.#kv.putExpire(key, value, Math.ceil(ttl));
    await this.#kv.remove(key);
    return true;
  }

  /**
   * Removes a value. An array of the store stays.
   *
   * @returns Whether there was one.
   */
  delete(key: string): Promise<boolean> {
    return this.#kv.remove(key);
  }

  /**
   * Removes many values.
   *
   * @returns Whether there was one at each of the keys.
   */
  async deleteMany(keys: string[]): Promise<boolean> {
    return (await this.#kv.removeMany(keys)).every((isRemoved) => isRemoved);
  }

  /** Removes all keys of the namespace, whatever they hold. */
  async clear(): Promise<void> {
    await this.#kv.clear({ prefix: prefixOf(this.namespace) });
  }

  /**
   * Tells whether there is such a key.
   *
   * @returns Whether there is.
   */
  has(key: string): Promise<boolean> {
    return this.#kv.has(key);
  }

  /**
   * Tells of many keys whether they are there.
   *
   * @returns An answer for each, in their order.
   */
  hasMany(keys: string[]): Promise<boolean[]> {
    return Promise.all(keys.map((key) => this.#kv.has(key)));
  }

  /** Lists the keys of a namespace with their values, in no particular order. */
  async *iterator(namespace?: string): AsyncGenerator<[string, string], void> {
    yield* this.#kv.entries({ prefix: prefixOf(namespace) });
  }

  /** Does nothing: others may use the store, so it is closed by who opened it. */
  disconnect(): Promise<void> {
    return Promise.resolve();
  }
}

/** How keyv begins the keys of a namespace. */
function prefixOf(namespace: string | undefined): string {
  return namespace === undefined || namespace === "" ? "" : `${namespace}:`;
}

/** A stored text as keyv's interface has it, which calls serialized and plain values alike. */
function valueOf<Value>(text: string | null): Value | undefined {
  return text === null ? undefined : text as Value;
}
