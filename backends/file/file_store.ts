/**
 * The store in a file: what each call asks of the {@linkcode Engine}, and when it may.
 */

import { own } from "../../internal/bytes.ts";
import type { Clock } from "../../internal/clock.ts";
import { Waiters } from "../../internal/waiters.ts";
import type { Inspection, KvStats } from "../../kv/call_types.ts";
import type { Decoder } from "../../kv/codec.ts";
import { closedError } from "../../kv/errors.ts";
import type { Value } from "../../kv/kv.ts";
import type { Durability } from "../../kv/options.ts";
import {
  type End,
  replacing,
  type Store,
  type StoreMove,
  type StorePut,
  type StoreWait,
} from "../../kv/store.ts";
import { Calls } from "./calls.ts";
import { checkFile } from "./check.ts";
import { compact } from "./compact.ts";
import { Engine, NOTHING } from "./engine.ts";
import { withKvErrors } from "./faults.ts";
import { type FileParts, type FileSettings, type OpenedFile, openFile } from "./file_parts.ts";
import { HASH_END } from "./layout.ts";
import { CALL_BYTES, needOf, needOfAll, TAKE_BYTES } from "./needs.ts";
import type { Storage } from "./storage.ts";

/** How a store is opened. */
export interface StoreSettings extends FileSettings {
  readonly durability: Durability;
}

/** A {@linkcode Store} in a file. */
export class FileStore implements Store {
  readonly backend = "file";
  readonly #parts: FileParts;
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #waiters: Waiters;
  readonly #calls: Calls;
  #hits = 0;
  #misses = 0;

  /** Opens the store in a file, which it closes in the end. */
  static async open(storage: Storage, settings: StoreSettings, clock: Clock): Promise<FileStore> {
    const guarded = withKvErrors(storage, settings.path);
    let store: FileStore | null = null;
    try {
      store = new FileStore(openFile(guarded, settings), settings.durability, clock);
      await store.#calls.open();
      return store;
    } catch (error) {
      if (store === null) guarded.close();
      else await store.#calls.end();
      throw error;
    }
  }

  private constructor(opened: OpenedFile, durability: Durability, clock: Clock) {
    this.#parts = opened.parts;
    this.#clock = clock;
    this.#engine = new Engine(opened.parts, clock);
    this.#waiters = new Waiters(clock);
    const onFailure = (makeError: () => Error): void => this.#waiters.close(makeError);
    this.#calls = new Calls(opened, this.#engine, { durability, clock, onFailure });
  }

  get<T>(key: string, decoder: Decoder<T>): Promise<T | null> {
    return this.#calls.call(0, () => this.#get(key, decoder));
  }

  put(key: string, value: Value, options: StorePut): Promise<boolean> {
    const need = needOf(value);
    const kept = this.#keep(value, need);
    return this.#calls.call(need, () => {
      if (options.expireIn > 0) this.#expire(options.expireIn);
      return this.#engine.put(key, kept, options);
    });
  }

  fetchRemove<T>(key: string, decoder: Decoder<T>): Promise<T | null> {
    return this.#calls.call(CALL_BYTES, () => this.#count(this.#engine.fetchRemove(key, decoder)));
  }

  remove(key: string): Promise<boolean> {
    return this.#calls.call(CALL_BYTES, () => this.#engine.remove(key));
  }

  delete(key: string): Promise<boolean> {
    return this.#calls.call(CALL_BYTES, () => this.#engine.delete(key));
  }

  increment(key: string, by: number): Promise<number> {
    return this.#calls.call(CALL_BYTES, () => this.#engine.increment(key, by));
  }

  putIfEqual(key: string, expected: Value, value: Value): Promise<boolean> {
    const need = needOf(value);
    const kept = this.#keep(value, need);
    const keptExpected = this.#keep(expected, need);
    return this.#calls.call(need, () => this.#engine.putIfEqual(key, keptExpected, kept));
  }

  removeIfEqual(key: string, expected: Value): Promise<boolean> {
    const kept = this.#keep(expected, CALL_BYTES);
    return this.#calls.call(CALL_BYTES, () => this.#engine.removeIfEqual(key, kept));
  }

  push(key: string, values: readonly Value[], end: End): Promise<number> {
    const need = needOfAll(values);
    const kept = this.#calls.isOpen(need) ? values : values.map(own);
    return this.#calls.start(need, () => {
      const pushed = this.#calls.perform(() => this.#engine.push(key, kept, end));
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
    return this.#calls.call(0, () => this.#engine.length(key));
  }

  range<T>(key: string, start: number, end: number, decoder: Decoder<T>): Promise<T[]> {
    return this.#calls.call(0, () => this.#engine.range(key, start, end, decoder));
  }

  has(key: string): Promise<boolean> {
    return this.#calls.call(0, () => this.#engine.has(key));
  }

  inspect(key: string): Promise<Inspection | null> {
    return this.#calls.call(0, () => this.#engine.inspect(key));
  }

  touch(key: string, expireIn: number): Promise<boolean> {
    return this.#calls.call(CALL_BYTES * 2, () => {
      this.#expire(expireIn);
      return this.#engine.touch(key, expireIn);
    });
  }

  persist(key: string): Promise<boolean> {
    return this.#calls.call(CALL_BYTES * 2, () => this.#engine.persist(key));
  }

  getMany<T>(keys: readonly string[], decoder: Decoder<T>): Promise<(T | null)[]> {
    return this.#calls.each(keys, () => 0, (key) => this.#get(key, decoder));
  }

  putMany(entries: readonly (readonly [string, Value])[], expireIn: number): Promise<void> {
    const options = replacing(expireIn);
    // Many entries take more than a turn, and may have to wait for the first one.
    const kept = entries.map(([key, value]) => [key, own(value)] as const);
    return this.#calls.each(
      kept,
      ([, value]) => needOf(value),
      ([key, value]) => {
        // For each: a sweep that comes meanwhile forgets the deadlines that it has heard of.
        if (expireIn > 0) this.#expire(expireIn);
        return this.#engine.put(key, value, options);
      },
    ).then(() => {});
  }

  removeMany(keys: readonly string[]): Promise<boolean[]> {
    return this.#calls.each(keys, () => CALL_BYTES, (key) => this.#engine.remove(key));
  }

  async *keys(prefix: string, limit: number): AsyncGenerator<string, undefined> {
    let left = limit;
    for await (const key of this.#scan(prefix)) {
      if (left <= 0) return;
      // It may have gone, or expired, since its bucket was read.
      if (!await this.has(key)) continue;
      yield key;
      if (--left <= 0) return;
    }
  }

  async *entries<T>(
    prefix: string,
    limit: number,
    decoder: Decoder<T>,
  ): AsyncGenerator<[string, T], undefined> {
    let left = limit;
    for await (const key of this.#scan(prefix)) {
      if (left <= 0) return;
      const value = await this.#calls.call(0, () => this.#getString(key, decoder));
      if (value === NOTHING) continue;
      yield [key, value];
      if (--left <= 0) return;
    }
  }

  clear(prefix: string): Promise<number> {
    return this.#calls.hold(async () => {
      if (prefix === "" && this.#calls.canEmpty) return await this.#clearAll();
      let count = 0;
      for await (const keys of this.#buckets(prefix)) {
        for (const key of keys) {
          while (!this.#calls.canStep(CALL_BYTES)) await this.#calls.untilStep(CALL_BYTES);
          if (this.#calls.run(() => this.#engine.delete(key))) count++;
        }
      }
      return count;
    });
  }

  stats(): Promise<KvStats> {
    return this.#calls.call(0, () => ({
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

  /** Resolves once everything acknowledged so far is on the medium. */
  sync(): Promise<void> {
    return this.#calls.sync();
  }

  /** Reads the whole file; says what is wrong. */
  check(): Promise<string[]> {
    return this.#calls.alone((turns) => checkFile(this.#parts, turns));
  }

  /** Gives unused space back. Calls go on meanwhile. */
  compact(): Promise<void> {
    return this.#calls.compact(() => this.#moveAll());
  }

  close(): Promise<void> {
    const closed = this.#calls.close();
    this.#waiters.close(closedError);
    return closed;
  }

  /** Makes an empty store of a large one at once: key by key it would be read and written. */
  async #clearAll(): Promise<number> {
    const count = await this.#countAll();
    await this.#calls.empty();
    return count;
  }

  /** Counts the keys that are not past their deadline, in a long call. */
  async #countAll(): Promise<number> {
    if (this.#engine.expiringCount === 0) return this.#parts.root.entries;
    let count = 0;
    for await (const keys of this.#buckets("")) count += keys.length;
    return count;
  }

  /** Lists the keys of each bucket, in a long call. */
  async *#buckets(prefix: string): AsyncGenerator<readonly string[], undefined> {
    for (let hash = 0; hash < HASH_END;) {
      while (!this.#calls.canStep(0)) await this.#calls.untilStep(0);
      const { nextHash, keys } = this.#calls.run(() => this.#engine.scan(hash, prefix));
      hash = nextHash;
      yield keys;
    }
  }

  async #moveAll(): Promise<void> {
    const steps = compact(this.#parts, this.#engine);
    for (let step = steps.next(); !step.done;) {
      const { value } = step;
      step = await this.#calls.call(value, () => steps.next());
    }
  }

  /** Plans to free a key some time after its deadline. */
  #expire(expireIn: number): void {
    this.#calls.noteDeadline(this.#clock.now() + expireIn);
  }

  async *#scan(prefix: string): AsyncGenerator<string, undefined> {
    for (let hash = 0; hash < HASH_END;) {
      const { nextHash, keys } = await this.#calls.call(0, () => this.#engine.scan(hash, prefix));
      hash = nextHash;
      yield* keys;
      this.#calls.checkUse();
    }
  }

  #getString<T>(key: string, decoder: Decoder<T>): T | typeof NOTHING {
    return this.#engine.holdsString(key) ? this.#engine.get(key, decoder) : NOTHING;
  }

  #get<T>(key: string, decoder: Decoder<T>): T | null {
    return this.#count(this.#engine.get(key, decoder));
  }

  #count<T>(value: T | typeof NOTHING): T | null {
    if (value === NOTHING) {
      this.#misses++;
      return null;
    }
    this.#hits++;
    return value;
  }

  /** A value as it is now, for a call that may have to wait: its caller may change it meanwhile. */
  #keep(value: Value, needBytes: number): Value {
    return typeof value === "string" || this.#calls.isOpen(needBytes) ? value : own(value);
  }

  /** Takes an element now, or where there is none for as long as the caller may wait. */
  #take<T>(
    key: string,
    wait: StoreWait,
    work: () => T | typeof NOTHING,
    target?: string,
  ): Promise<T | null> {
    const attempt = (): Promise<T> | null => {
      let found: T | typeof NOTHING = NOTHING;
      const taken = this.#calls.perform(() => found = work());
      if (found === NOTHING) return null;
      if (target !== undefined) this.#waiters.wake(target);
      return taken as Promise<T>;
    };
    if (wait.waitMs === 0) {
      return this.#calls.start(TAKE_BYTES, () => attempt() ?? this.#calls.perform(() => null));
    }
    this.#calls.checkUse();
    let isItsTurn = this.#calls.isOpen(TAKE_BYTES);
    if (isItsTurn) {
      const taken = attempt();
      if (taken !== null) return taken;
    } else {
      // Behind a long call it waits as it does for an element, and for the calls before it too.
      const begin = (): void => {
        isItsTurn = true;
        this.#waiters.wake(key);
      };
      // Without room it begins as well: when it is first of those who wait it is told so.
      this.#calls.whenRoom(TAKE_BYTES, begin, begin);
    }
    const mayTake = (): boolean => isItsTurn && this.#hasRoomToTake(key);
    return this.#waiters.wait(key, () => mayTake() ? attempt() : null, wait);
  }

  /**
   * Tells whether one who waits at `key` may take an element now. One element may go through many
   * hands in a turn, more than the journal has room for: then the others are woken again when it
   * has.
   */
  #hasRoomToTake(key: string): boolean {
    if (this.#calls.hasRoom(TAKE_BYTES)) return true;
    const refuse = (error: unknown): void => this.#waiters.refuse(key, error);
    this.#calls.whenRoom(TAKE_BYTES, () => this.#waiters.wake(key), refuse);
    return false;
  }
}
