/**
 * The half of the contract that is the same on every backend: arguments are checked, keys get their
 * prefix, values pass through a codec, and what is thrown becomes a rejection.
 *
 * A store as it is opened is a view with the text codec and no prefix. `withCodec` and `namespace`
 * make others over the same {@linkcode Store}; none of them holds anything but these three things,
 * and what they share: a guard against codecs that call their store.
 *
 * No method is `async`: the promise of the backend goes to the caller as it is, because each
 * `async` function on the way would cost a promise and a turn of the microtask queue. The calls
 * that programs make by the million catch what is thrown themselves; the others leave it to
 * `attempt`, which is shorter and costs a closure.
 */

import { own } from "../internal/bytes.ts";
import { Turns } from "../internal/turns.ts";
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
import {
  checkClear,
  checkCodec,
  checkDuration,
  checkIndex,
  checkIterable,
  checkKey,
  checkMove,
  checkPop,
  checkPut,
  checkPutMany,
  checkScan,
  checkStep,
  checkValue,
  kindOf,
} from "./checks.ts";
import type { Codec } from "./codec.ts";
import { CodecGuard } from "./codec_guard.ts";
import type { Kv, Value } from "./kv.ts";
import { type End, replacing, type Store } from "./store.ts";

/** A typed view of a store; see {@linkcode Kv} for what its methods do. */
export class KvView<T, Input> implements Kv<T, Input> {
  readonly backend: Backend;
  readonly #store: Store;
  readonly #codec: Codec<T, Input>;
  readonly #prefix: string;
  readonly #guard: CodecGuard;

  constructor(
    store: Store,
    codec: Codec<T, Input>,
    prefix: string = "",
    guard: CodecGuard = new CodecGuard(),
  ) {
    this.backend = store.backend;
    this.#store = store;
    this.#codec = codec;
    this.#prefix = prefix;
    this.#guard = guard;
  }

  /** Tells whether two stores are views of one that was opened. */
  static areOfOne(a: Kv<unknown, never>, b: Kv<unknown, never>): boolean {
    return #store in a && #store in b && a.#store === b.#store;
  }

  get(key: string): Promise<T | null> {
    try {
      return this.#store.get(this.#key(key), this.#codec);
    } catch (error) {
      return turns.reject(error);
    }
  }

  put(key: string, value: Input, options?: PutOptions): Promise<boolean> {
    try {
      return this.#store.put(this.#key(key), this.#encode(value), checkPut(options));
    } catch (error) {
      return turns.reject(error);
    }
  }

  putExpire(key: string, value: Input, expireIn: number): Promise<boolean> {
    return attempt(() => {
      const options = replacing(checkDuration(expireIn, "expireIn"));
      return this.#store.put(this.#key(key), this.#encode(value), options);
    });
  }

  fetchRemove(key: string): Promise<T | null> {
    return attempt(() => this.#store.fetchRemove(this.#key(key), this.#codec));
  }

  remove(key: string): Promise<boolean> {
    try {
      return this.#store.remove(this.#key(key));
    } catch (error) {
      return turns.reject(error);
    }
  }

  delete(key: string): Promise<boolean> {
    return attempt(() => this.#store.delete(this.#key(key)));
  }

  append(key: string, ...values: Input[]): Promise<number> {
    return this.#push(key, values, "last");
  }

  prepend(key: string, ...values: Input[]): Promise<number> {
    return this.#push(key, values, "first");
  }

  pop(key: string, options?: PopOptions): Promise<T | null> {
    return this.#pop(key, "last", options);
  }

  popFirst(key: string, options?: PopOptions): Promise<T | null> {
    return this.#pop(key, "first", options);
  }

  move(from: string, to: string, options: MoveOptions): Promise<T | null> {
    return attempt(() =>
      this.#store.move(this.#key(from), this.#key(to), checkMove(options), this.#codec)
    );
  }

  length(key: string): Promise<number> {
    return attempt(() => this.#store.length(this.#key(key)));
  }

  range(key: string, start: number = 0, end: number = Infinity): Promise<T[]> {
    return attempt(() => {
      const from = checkIndex(start, "start");
      return this.#store.range(this.#key(key), from, checkIndex(end, "end"), this.#codec);
    });
  }

  has(key: string): Promise<boolean> {
    return attempt(() => this.#store.has(this.#key(key)));
  }

  inspect(key: string): Promise<Inspection | null> {
    return attempt(() => this.#store.inspect(this.#key(key)));
  }

  touch(key: string, expireIn: number): Promise<boolean> {
    return attempt(() => this.#store.touch(this.#key(key), checkDuration(expireIn, "expireIn")));
  }

  persist(key: string): Promise<boolean> {
    return attempt(() => this.#store.persist(this.#key(key)));
  }

  increment(key: string, by = 1): Promise<number> {
    return attempt(() => this.#store.increment(this.#key(key), checkStep(by)));
  }

  putIfEqual(key: string, expected: Input, value: Input): Promise<boolean> {
    return attempt(() =>
      this.#store.putIfEqual(this.#key(key), this.#encodeApart(expected), this.#encode(value))
    );
  }

  removeIfEqual(key: string, expected: Input): Promise<boolean> {
    return attempt(() => this.#store.removeIfEqual(this.#key(key), this.#encode(expected)));
  }

  getMany(keys: Iterable<string>): Promise<(T | null)[]> {
    return attempt(() => this.#store.getMany(this.#keys(keys), this.#codec));
  }

  putMany(entries: Iterable<readonly [string, Input]>, options?: PutManyOptions): Promise<void> {
    return attempt(() => {
      const expireIn = checkPutMany(options);
      checkIterable(entries, "entries", "[key, value]");
      const checked: [string, Value][] = [];
      for (const entry of entries) {
        if (!Array.isArray(entry)) {
          throw new TypeError(`Cannot take ${kindOf(entry)} as an entry: it must be [key, value]`);
        }
        checked.push([this.#key(entry[0]), this.#encodeApart(entry[1])]);
      }
      return this.#store.putMany(checked, expireIn);
    });
  }

  removeMany(keys: Iterable<string>): Promise<boolean[]> {
    return attempt(() => this.#store.removeMany(this.#keys(keys)));
  }

  async *keys(options?: ScanOptions): AsyncGenerator<string, undefined> {
    try {
      const { prefix, limit } = checkScan(options, "list keys");
      for await (const key of this.#store.keys(this.#keyPrefix(prefix), limit)) {
        yield this.#withoutPrefix(key);
        this.#guard.check();
      }
    } catch (error) {
      await turns.reject(error);
    }
  }

  async *entries(options?: ScanOptions): AsyncGenerator<[string, T], undefined> {
    try {
      const { prefix, limit } = checkScan(options, "list entries");
      const entries = this.#store.entries(this.#keyPrefix(prefix), limit, this.#codec);
      for await (const [key, value] of entries) {
        yield [this.#withoutPrefix(key), value];
        this.#guard.check();
      }
    } catch (error) {
      await turns.reject(error);
    }
  }

  clear(options: ClearOptions): Promise<number> {
    return attempt(() => this.#store.clear(this.#keyPrefix(checkClear(options))));
  }

  stats(): Promise<KvStats> {
    return this.guarded(() => this.#store.stats());
  }

  withCodec<U, UInput = U>(codec: Codec<U, UInput>): Kv<U, UInput> {
    return new KvView(this.#store, this.#guard.guard(checkCodec(codec)), this.#prefix, this.#guard);
  }

  namespace(prefix: string): Kv<T, Input> {
    return new KvView(this.#store, this.#codec, this.#prefixed(prefix, "prefix"), this.#guard);
  }

  close(): Promise<void> {
    return this.guarded(() => this.#store.close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Makes a call of the store that has no key, unless a codec is decoding for it. */
  protected guarded<R>(call: () => Promise<R>): Promise<R> {
    return attempt(() => {
      this.#guard.check();
      return call();
    });
  }

  /** The key as the store has it, for a call of the store. */
  #key(key: string): string {
    this.#guard.check();
    return this.#prefixed(key);
  }

  /** The prefix as the store has it, for one that goes over many keys. */
  #keyPrefix(prefix: string): string {
    this.#guard.check();
    return this.#prefixed(prefix, "prefix");
  }

  #prefixed(key: string, kind?: "prefix"): string {
    // Checked without the prefix first: halves of a surrogate pair must not make a whole.
    const checked = checkKey(key, kind);
    return this.#prefix === "" ? checked : checkKey(this.#prefix + checked, kind);
  }

  #keys(keys: Iterable<string>): string[] {
    checkIterable(keys, "keys", "keys");
    const checked: string[] = [];
    for (const key of keys) checked.push(this.#key(key));
    return checked;
  }

  #withoutPrefix(key: string): string {
    return key.slice(this.#prefix.length);
  }

  #encode(value: Input): Value {
    return checkValue(this.#codec.encode(value));
  }

  /** Encodes one of several values: for the next one a codec may use its memory again. */
  #encodeApart(value: Input): Value {
    return own(this.#encode(value));
  }

  /** Encodes values in place: the array of a rest parameter is the callee's own. */
  #encodeAll(values: unknown[]): Value[] {
    if (values.length === 1) values[0] = this.#encode(values[0] as Input);
    else for (let i = 0; i < values.length; i++) values[i] = this.#encodeApart(values[i] as Input);
    return values as Value[];
  }

  #push(key: string, values: Input[], end: End): Promise<number> {
    try {
      if (values.length === 0) {
        throw new TypeError("Cannot add to an array without a value: pass one or more");
      }
      return this.#store.push(this.#key(key), this.#encodeAll(values), end);
    } catch (error) {
      return turns.reject(error);
    }
  }

  #pop(key: string, end: End, options: PopOptions | undefined): Promise<T | null> {
    try {
      return this.#store.pop(this.#key(key), end, checkPop(options), this.#codec);
    } catch (error) {
      return turns.reject(error);
    }
  }
}

/** Of all stores, for their rejections: a loop of calls that fail keeps no timer waiting either. */
const turns = new Turns();

/** Makes a rejection of what `call` throws. */
function attempt<R>(call: () => Promise<R>): Promise<R> {
  try {
    return call();
  } catch (error) {
    return turns.reject(error);
  }
}
