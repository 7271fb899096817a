/**
 * The store in a file: gives each call its turn, and settles its promise when the change is as safe
 * as the durability asks.
 *
 * A change happens in memory in the turn in which it is asked for, so the turn of the event loop is
 * the lock. Reading sees it at once. If the disk fails, what was not settled is rejected, and the
 * store refuses work until it is opened anew.
 */

import { byteLength } from "../../internal/bytes.ts";
import type { Clock } from "../../internal/clock.ts";
import { Turns } from "../../internal/turns.ts";
import { Waiters } from "../../internal/waiters.ts";
import { closedError, KvCorruptError, KvError, show } from "../../kv/errors.ts";
import type { Inspection, KvStats, Value } from "../../kv/kv.ts";
import type {
  Decoder,
  End,
  Store,
  StoreMove,
  StorePut,
  StoreWait,
} from "../../kv/store.ts";
import { checkFile } from "./check.ts";
import { Commits, type Durability } from "./commits.ts";
import { compactFile } from "./compact.ts";
import { Engine, NOTHING } from "./engine.ts";
import { withKvErrors } from "./faults.ts";
import { type FileParts, type FileSettings, openFile } from "./file_parts.ts";
import { HASH_BITS, PAGE_BYTES, VALUE_BYTES_MAX } from "./layout.ts";
import type { Storage } from "./storage.ts";
import { Upkeep } from "./upkeep.ts";

/** What a call logs at most besides keys and values, for each of them. */
const CALL_BYTES = 4096;
const ELEMENT_BYTES = 512;
/** So much is handed to the kernel before the turn ends. */
const BATCH_BYTES = 256 * 1024;

const PLAIN: Omit<StorePut, "expireIn"> = { ifAbsent: false, keepTtl: false };

/** How a store is opened. */
export interface StoreSettings extends FileSettings {
  readonly durability: Durability;
}

/** A {@linkcode Store} in a file. */
export class FileStore implements Store {
  readonly backend = "file";
  readonly #parts: FileParts;
  readonly #engine: Engine;
  readonly #turns = new Turns();
  readonly #waiters: Waiters;
  readonly #commits: Commits;
  readonly #upkeep: Upkeep;
  #failure: KvError | null = null;
  #closing: Promise<void> | null = null;
  #hits = 0;
  #misses = 0;

  /** Opens the store in a file, which it closes in the end. */
  static async open(storage: Storage, settings: StoreSettings, clock: Clock): Promise<FileStore> {
    const guarded = withKvErrors(storage, settings.path);
    try {
      const { parts, position } = openFile(guarded, settings);
      const store = new FileStore(parts, settings.durability, clock);
      await store.#upkeep.open(position);
      if (store.#failure !== null) throw store.#failure;
      return store;
    } catch (error) {
      guarded.close();
      throw error;
    }
  }

  private constructor(parts: FileParts, durability: Durability, clock: Clock) {
    this.#parts = parts;
    this.#engine = new Engine(parts, clock);
    this.#waiters = new Waiters(clock);
    const fail = (error: unknown): void => this.#fail(error);
    this.#commits = new Commits(parts, durability, clock, this.#turns, fail);
    this.#upkeep = new Upkeep(parts, this.#engine, this.#commits, clock, fail);
  }

  get<T>(key: string, decoder: Decoder<T>): Promise<T | null> {
    return this.#call(0, () => this.#get(key, decoder));
  }

  put(key: string, value: Value, options: StorePut): Promise<boolean> {
    return this.#call(this.#valueNeed(value), () => this.#engine.put(key, value, options));
  }

  fetchRemove<T>(key: string, decoder: Decoder<T>): Promise<T | null> {
    return this.#call(CALL_BYTES, () => this.#count(this.#engine.fetchRemove(key, decoder)));
  }

  remove(key: string): Promise<boolean> {
    return this.#call(CALL_BYTES, () => this.#engine.remove(key));
  }

  delete(key: string): Promise<boolean> {
    return this.#call(CALL_BYTES, () => {
      const wasThere = this.#engine.delete(key);
      this.#upkeep.planSweep();
      return wasThere;
    });
  }

  increment(key: string, by: number): Promise<number> {
    return this.#call(CALL_BYTES, () => this.#engine.increment(key, by));
  }

  putIfEqual(key: string, expected: Value, value: Value): Promise<boolean> {
    const need = this.#valueNeed(value);
    return this.#call(need, () => this.#engine.putIfEqual(key, expected, value));
  }

  removeIfEqual(key: string, expected: Value): Promise<boolean> {
    return this.#call(CALL_BYTES, () => this.#engine.removeIfEqual(key, expected));
  }

  push(key: string, values: readonly Value[], end: End): Promise<number> {
    return this.#start(this.#valuesNeed(values), () => {
      const pushed = this.#settle(() => this.#engine.push(key, values, end));
      this.#waiters.wake(key);
      return pushed;
    });
  }

  pop<T>(key: string, end: End, wait: StoreWait, decoder: Decoder<T>): Promise<T | null> {
    return this.#take(key, wait, () => this.#engine.pop(key, end, decoder));
  }

  move<T>(from: string, to: string, move: StoreMove, decoder: Decoder<T>): Promise<T | null> {
    const run = (): T | typeof NOTHING => this.#engine.move(from, to, move, decoder);
    return this.#take(from, move, run, to);
  }

  length(key: string): Promise<number> {
    return this.#call(0, () => this.#engine.length(key));
  }

  range<T>(key: string, start: number, end: number, decoder: Decoder<T>): Promise<T[]> {
    return this.#call(0, () => this.#engine.range(key, start, end, decoder));
  }

  has(key: string): Promise<boolean> {
    return this.#call(0, () => this.#engine.has(key));
  }

  inspect(key: string): Promise<Inspection | null> {
    return this.#call(0, () => this.#engine.inspect(key));
  }

  touch(key: string, expireIn: number): Promise<boolean> {
    return this.#call(CALL_BYTES * 2, () => {
      const wasThere = this.#engine.touch(key, expireIn);
      this.#upkeep.planSweep();
      return wasThere;
    });
  }

  persist(key: string): Promise<boolean> {
    return this.#call(CALL_BYTES * 2, () => this.#engine.persist(key));
  }

  getMany<T>(keys: readonly string[], decoder: Decoder<T>): Promise<(T | null)[]> {
    return this.#each(keys, () => 0, (key) => this.#get(key, decoder));
  }

  async putMany(entries: readonly (readonly [string, Value])[], expireIn: number): Promise<void> {
    for (const [, value] of entries) this.#valueNeed(value);
    const options = { ...PLAIN, expireIn };
    await this.#each(
      entries,
      ([, value]) => this.#valueNeed(value),
      ([key, value]) => this.#engine.put(key, value, options),
    );
  }

  removeMany(keys: readonly string[]): Promise<boolean[]> {
    return this.#each(keys, () => CALL_BYTES, (key) => this.#engine.remove(key));
  }

  async *keys(prefix: string, limit: number): AsyncGenerator<string, undefined> {
    for await (const key of this.#scan(prefix, limit)) {
      if (await this.has(key)) {
        yield key;
        if (--limit <= 0) return;
      }
    }
  }

  async *entries<T>(
    prefix: string,
    limit: number,
    decoder: Decoder<T>,
  ): AsyncGenerator<[string, T], undefined> {
    for await (const key of this.#scan(prefix, limit)) {
      const value = await this.#call(0, () =>
        this.#engine.holdsString(key) ? this.#engine.get(key, decoder) : NOTHING);
      if (value !== NOTHING) {
        yield [key, value];
        if (--limit <= 0) return;
      }
    }
  }

  async clear(prefix: string): Promise<number> {
    return await this.#hold(async () => {
      let count = 0;
      for (let hash = 0; hash < 2 ** HASH_BITS;) {
        const keys: string[] = [];
        hash = await this.#call(0, () => this.#engine.scan(hash, prefix, keys), true);
        for (const key of keys) {
          await this.#upkeep.gate.room(CALL_BYTES);
          if (await this.#removeNow(key)) count++;
        }
      }
      await this.#commits.add(undefined);
      this.#upkeep.planSweep();
      return count;
    });
  }

  stats(): Promise<KvStats> {
    return this.#call(0, () => ({
      backend: this.backend,
      entries: this.#parts.root.entries,
      bytes: this.#parts.root.bytes,
      hits: this.#hits,
      misses: this.#misses,
      evictions: 0,
      inFlight: this.#waiters.count,
      reconnects: 0,
    }));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }
}
