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
import { closedError, KvError } from "../../kv/errors.ts";
import type { Inspection, KvStats, Value } from "../../kv/kv.ts";
import type { Decoder, End, Store, StoreMove, StorePut, StoreWait } from "../../kv/store.ts";
import { checkFile } from "./check.ts";
import { Commits, type Durability } from "./commits.ts";
import { compact } from "./compact.ts";
import { Engine, NOTHING } from "./engine.ts";
import { withKvErrors } from "./faults.ts";
import { type FileParts, type FileSettings, type OpenedFile, openFile } from "./file_parts.ts";
import { HASH_BITS, VALUE_BYTES_MAX } from "./layout.ts";
import type { Storage } from "./storage.ts";
import { Upkeep } from "./upkeep.ts";

/** What a call logs at most besides keys and values, for each of them. */
const CALL_BYTES = 4096;
/** So much is handed to the kernel before the turn ends. */
const BATCH_BYTES = 256 * 1024;

/** Up to here the length of text, three bytes a unit, says enough. */
const SHORT_VALUE = 1024;
/** No journal has room for a call that logs more. */
const CALL_NEED_MAX: number = VALUE_BYTES_MAX + 8 * 2 ** 20;
/** A call for so many keys is made in one turn. */
const AT_ONCE_MAX = 128;

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
  readonly #turns = new Turns();
  readonly #waiters: Waiters;
  readonly #commits: Commits;
  readonly #upkeep: Upkeep;
  /** Why the file was given up, or `null`. */
  #failure: unknown = null;
  #closing: Promise<void> | null = null;
  #hits = 0;
  #misses = 0;

  /** Opens the store in a file, which it closes in the end. */
  static async open(storage: Storage, settings: StoreSettings, clock: Clock): Promise<FileStore> {
    const guarded = withKvErrors(storage, settings.path);
    try {
      const opened = openFile(guarded, settings);
      const store = new FileStore(opened, settings.durability, clock);
      await store.#upkeep.open();
      if (store.#failure !== null) throw store.#failure;
      return store;
    } catch (error) {
      guarded.close();
      throw error;
    }
  }

  private constructor(opened: OpenedFile, durability: Durability, clock: Clock) {
    const { parts } = opened;
    this.#parts = parts;
    this.#clock = clock;
    this.#engine = new Engine(parts, clock);
    this.#waiters = new Waiters(clock);
    const fail = (error: unknown): void => this.#fail(error);
    this.#commits = new Commits(parts, durability, clock, this.#turns, fail);
    this.#upkeep = new Upkeep(opened, this.#engine, this.#commits, clock, fail);
  }

  get<T>(key: string, decoder: Decoder<T>): Promise<T | null> {
    return this.#call(0, () => this.#get(key, decoder));
  }

  put(key: string, value: Value, options: StorePut): Promise<boolean> {
    return this.#call(needOf(value), () => {
      if (options.expireIn > 0) this.#expire(options.expireIn);
      return this.#engine.put(key, value, options);
    });
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
    const need = needOf(value);
    return this.#call(need, () => this.#engine.putIfEqual(key, expected, value));
  }

  removeIfEqual(key: string, expected: Value): Promise<boolean> {
    return this.#call(CALL_BYTES, () => this.#engine.removeIfEqual(key, expected));
  }

  push(key: string, values: readonly Value[], end: End): Promise<number> {
    return this.#start(needOfAll(values), () => {
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
      this.#expire(expireIn);
      return this.#engine.touch(key, expireIn);
    });
  }

  persist(key: string): Promise<boolean> {
    return this.#call(CALL_BYTES * 2, () => this.#engine.persist(key));
  }

  getMany<T>(keys: readonly string[], decoder: Decoder<T>): Promise<(T | null)[]> {
    return this.#each(keys, () => 0, (key) => this.#get(key, decoder));
  }

  async putMany(entries: readonly (readonly [string, Value])[], expireIn: number): Promise<void> {
    const options = { expireIn, ifAbsent: false, keepTtl: false };
    if (expireIn > 0) this.#expire(expireIn);
    await this.#each(
      entries,
      ([, value]) => needOf(value),
      ([key, value]) => this.#engine.put(key, value, options),
    );
  }

  removeMany(keys: readonly string[]): Promise<boolean[]> {
    return this.#each(keys, () => CALL_BYTES, (key) => this.#engine.remove(key));
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
      const value = await this.#call(0, () => this.#getString(key, decoder));
      if (value === NOTHING) continue;
      yield [key, value];
      if (--left <= 0) return;
    }
  }

  clear(prefix: string): Promise<number> {
    return this.#hold(async () => {
      let count = 0;
      for (let hash = 0; hash < 2 ** HASH_BITS;) {
        const keys: string[] = [];
        hash = this.#run(() => this.#engine.scan(hash, prefix, keys));
        for (const key of keys) {
          while (!this.#canStep(CALL_BYTES)) await this.#untilStep(CALL_BYTES);
          if (this.#run(() => this.#engine.delete(key))) count++;
        }
      }
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

  /** Resolves once everything acknowledged so far is on the medium. */
  sync(): Promise<void> {
    return this.#start(0, () => {
      this.#commits.flush();
      return this.#commits.sync();
    });
  }

  /** Reads the whole file; says what is wrong. */
  check(): Promise<string[]> {
    return this.#start(0, () =>
      this.#upkeep.alone(async () => {
        this.#commits.flush();
        return await checkFile(this.#parts, this.#turns);
      }));
  }

  /** Gives unused space back. Calls go on meanwhile. */
  compact(): Promise<void> {
    return this.#start(0, () => this.#upkeep.compact(() => this.#moveAll()));
  }

  async #moveAll(): Promise<void> {
    const steps = compact(this.#parts, this.#engine);
    for (let step = steps.next(); !step.done;) {
      const { value } = step;
      step = await this.#call(value, () => steps.next());
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#waiters.close(closedError);
    const { gate } = this.#upkeep;
    try {
      // Calls that wait for their turn were made before.
      if (!gate.isOpen(0)) await gate.wait(0, () => Promise.resolve()).catch(() => {});
      if (this.#failure === null) await this.#upkeep.close();
    } catch (error) {
      this.#fail(error);
      throw error;
    } finally {
      this.#commits.stop();
      this.#upkeep.stop();
      this.#parts.storage.close();
    }
  }

  /** Plans to free a key some time after its deadline. */
  #expire(expireIn: number): void {
    this.#upkeep.expire(this.#clock.now() + expireIn);
  }

  #checkOpen(): void {
    if (this.#closing !== null) throw closedError();
    if (this.#failure !== null) throw this.#refusal();
  }

  #refusal(): KvError {
    const found = "the disk failed, and what is in memory may not be in the file; open it anew";
    return new KvError("io", `Cannot use "${this.#parts.path}": ${found}`, {
      cause: this.#failure,
    });
  }

  /** Gives the file up: what is in memory may differ from what it holds. */
  #fail(error: unknown): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#upkeep.stop();
    this.#commits.abandon(error);
    this.#upkeep.gate.rejectAll(error);
    this.#waiters.close(() => this.#refusal());
  }

  /** Makes a call when it is its turn: at once, unless calls before it wait. */
  #start<T>(needBytes: number, start: () => Promise<T>): Promise<T> {
    this.#checkOpen();
    const { gate } = this.#upkeep;
    return gate.isOpen(needBytes) ? start() : gate.wait(needBytes, start);
  }

  #call<T>(needBytes: number, work: () => T): Promise<T> {
    return this.#start(needBytes, () => this.#settle(work));
  }

  /** Does the work of a call, and resolves when what it changed is safe. */
  #settle<T>(work: () => T): Promise<T> {
    const { journal } = this.#parts;
    const before = journal.pendingBytes;
    const result = this.#run(work);
    if (journal.pendingBytes === before) return this.#turns.settle(result);
    const settled = this.#commits.add(result);
    this.#tidy();
    return settled;
  }

  /** Does the work of a call. If it fails half-way, or the disk does, the file is given up. */
  #run<T>(work: () => T): T {
    const { journal, pager } = this.#parts;
    const before = journal.pendingBytes;
    try {
      return work();
    } catch (error) {
      const isDisk = error instanceof KvError && error.code === "io";
      if (isDisk || journal.pendingBytes !== before) this.#fail(error);
      throw error;
    } finally {
      pager.trim();
    }
  }

  /** Keeps a batch, and what is to be checkpointed, from growing too large. */
  #tidy(): void {
    if (this.#parts.journal.pendingBytes > BATCH_BYTES) this.#commits.flush();
    this.#upkeep.check();
  }

  /** Makes a long call of many steps: no other one starts meanwhile. */
  #hold<T>(work: () => Promise<T>): Promise<T> {
    const { gate } = this.#upkeep;
    return this.#start(0, async () => {
      gate.hold();
      try {
        const result = await work();
        return await this.#commits.add(result);
      } finally {
        gate.letGo();
      }
    });
  }

  /** Tells whether a long call may do its next step, at once: nothing may come between. */
  #canStep(needBytes: number): boolean {
    if (this.#failure !== null) throw this.#refusal();
    return this.#upkeep.gate.canStep(needBytes) && !this.#turns.isDue();
  }

  /** Waits, in a long call, until its next step may be possible. */
  async #untilStep(needBytes: number): Promise<void> {
    this.#tidy();
    await this.#turns.next();
    await this.#upkeep.gate.room(needBytes);
  }

  /** Does something for each item, at once where they are few. */
  #each<I, R>(items: readonly I[], needOf: (item: I) => number, run: (item: I) => R): Promise<R[]> {
    const needs = items.map(needOf);
    if (items.length <= AT_ONCE_MAX) {
      return this.#call(needs.reduce((sum, need) => sum + need, 0), () => items.map(run));
    }
    return this.#hold(async () => {
      const results: R[] = [];
      for (let i = 0; i < items.length; i++) {
        while (!this.#canStep(needs[i]!)) await this.#untilStep(needs[i]!);
        results.push(this.#run(() => run(items[i]!)));
      }
      return results;
    });
  }

  async *#scan(prefix: string): AsyncGenerator<string, undefined> {
    for (let hash = 0; hash < 2 ** HASH_BITS;) {
      const keys: string[] = [];
      const from = hash;
      hash = await this.#call(0, () => this.#engine.scan(from, prefix, keys));
      yield* keys;
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

  /** Takes an element now, or where there is none for as long as the caller may wait. */
  #take<T>(
    key: string,
    wait: StoreWait,
    work: () => T | typeof NOTHING,
    target?: string,
  ): Promise<T | null> {
    const attempt = (): Promise<T> | null => {
      let found: T | typeof NOTHING = NOTHING;
      const settled = this.#settle(() => found = work());
      if (found === NOTHING) return null;
      if (target !== undefined) this.#waiters.wake(target);
      return settled as Promise<T>;
    };
    return this.#start(2 * CALL_BYTES, () => {
      const taken = attempt();
      if (taken !== null) return taken;
      if (wait.waitMs === 0) return this.#turns.settle(null);
      if (wait.signal?.aborted) return Promise.reject(wait.signal.reason);
      return this.#waiters.wait(key, attempt, wait);
    });
  }
}

/** Counts what storing a value logs at most. */
function needOf(value: Value): number {
  const bytes = value.length <= SHORT_VALUE ? 3 * value.length : byteLength(value);
  if (bytes > VALUE_BYTES_MAX) {
    throw new RangeError(
      `Cannot store a value of ${bytes} bytes in a file: at most ${VALUE_BYTES_MAX}`,
    );
  }
  return CALL_BYTES + bytes + bytes / 256;
}

/** Counts what pushing values logs at most, the pops included that wait for them. */
function needOfAll(values: readonly Value[]): number {
  let need = CALL_BYTES;
  for (const value of values) need += needOf(value);
  if (need > CALL_NEED_MAX) {
    throw new RangeError(`Cannot add over ${VALUE_BYTES_MAX} bytes to an array in one call`);
  }
  return need;
}
