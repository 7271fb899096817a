/**
 * The store in memory: what each call does to its {@linkcode Space}.
 *
 * Every change happens in the turn in which it is asked for, so calls take effect in their order
 * and no lock is needed. Values are the store's own: bytes are copied on their way in and out.
 */

import { byteLength, equalBytes, own } from "../../internal/bytes.ts";
import type { Clock } from "../../internal/clock.ts";
import { Deque } from "../../internal/deque.ts";
import { Turns } from "../../internal/turns.ts";
import { Waiters } from "../../internal/waiters.ts";
import { decodeValue } from "../../kv/codec.ts";
import { closedError, wrongType } from "../../kv/errors.ts";
import type { Inspection, KvStats, Value } from "../../kv/kv.ts";
import { addToNumber } from "../../kv/numbers.ts";
import type { Decoder, End, Store, StoreMove, StorePut, StoreWait } from "../../kv/store.ts";
import { type ArrayEntry, type Entry, isArray, isString, type StringEntry } from "./entry.ts";
import { type MemoryLimits, Space } from "./space.ts";

/** A {@linkcode Store} in memory. */
export class MemoryStore implements Store {
  readonly backend = "memory";
  readonly #space: Space;
  readonly #turns = new Turns();
  readonly #waiters: Waiters;
  #hits = 0;
  #misses = 0;
  #isClosed = false;

  constructor(limits: MemoryLimits, clock: Clock) {
    this.#space = new Space(limits, clock);
    this.#waiters = new Waiters(clock);
  }

  get<T>(key: string, decoder: Decoder<T>): Promise<T | null> {
    return this.#turns.settle(this.#get(key, decoder));
  }

  put(key: string, value: Value, options: StorePut): Promise<boolean> {
    const entry = this.#find(key);
    if (entry !== undefined && options.ifAbsent) return this.#turns.settleFlag(false);
    this.#put(key, entry, value, options);
    return this.#turns.settleFlag(true);
  }

  fetchRemove<T>(key: string, decoder: Decoder<T>): Promise<T | null> {
    const entry = this.#findString(key, "fetchRemove");
    this.#count(entry);
    if (entry === undefined) return this.#turns.settle(null);
    const value = decode(entry.content, decoder);
    this.#space.remove(entry);
    return this.#turns.settle(value);
  }

  remove(key: string): Promise<boolean> {
    return this.#turns.settleFlag(this.#remove(key));
  }

  delete(key: string): Promise<boolean> {
    const entry = this.#find(key);
    if (entry !== undefined) this.#space.remove(entry);
    return this.#turns.settleFlag(entry !== undefined);
  }

  increment(key: string, by: number): Promise<number> {
    const entry = this.#findString(key, "increment");
    const sum = addToNumber(key, entry?.content ?? "0", by);
    this.#space.put(key, entry, String(sum));
    return this.#turns.settle(sum);
  }

  putIfEqual(key: string, expected: Value, value: Value): Promise<boolean> {
    const entry = this.#findString(key, "putIfEqual");
    if (entry === undefined || !equalBytes(entry.content, expected)) {
      return this.#turns.settleFlag(false);
    }
    this.#put(key, entry, value, { expireIn: 0, keepTtl: false });
    return this.#turns.settleFlag(true);
  }

  removeIfEqual(key: string, expected: Value): Promise<boolean> {
    const entry = this.#findString(key, "removeIfEqual");
    const isEqual = entry !== undefined && equalBytes(entry.content, expected);
    if (isEqual) this.#space.remove(entry);
    return this.#turns.settleFlag(isEqual);
  }

  push(key: string, values: readonly Value[], end: End): Promise<number> {
    const entry = this.#findArray(key, end === "last" ? "append to" : "prepend to");
    this.#space.reserve(key, entry, values);
    const length = this.#add(key, entry, values, end);
    this.#waiters.wake(key);
    return this.#turns.settle(length);
  }

  pop<T>(key: string, end: End, wait: StoreWait, decoder: Decoder<T>): Promise<T | null> {
    const popped = this.#pop(key, end, decoder);
    if (popped !== null) return popped;
    if (wait.waitMs === 0) return this.#turns.settle(null);
    return this.#waiters.wait(key, () => this.#pop(key, end, decoder), wait);
  }

  move<T>(from: string, to: string, move: StoreMove, decoder: Decoder<T>): Promise<T | null> {
    const moved = this.#move(from, to, move, decoder);
    if (moved !== null) return moved;
    if (move.waitMs === 0) return this.#turns.settle(null);
    return this.#waiters.wait(from, () => this.#move(from, to, move, decoder), move);
  }

  length(key: string): Promise<number> {
    const entry = this.#findArray(key, "tell the length of");
    return this.#turns.settle(entry?.content.length ?? 0);
  }

  range<T>(key: string, start: number, end: number, decoder: Decoder<T>): Promise<T[]> {
    const elements = this.#findArray(key, "read a range of")?.content;
    const length = elements?.length ?? 0;
    const stop = fromEnd(end, length);
    const values: T[] = [];
    for (let i = fromEnd(start, length); i < stop; i++) {
      values.push(decode(elements!.at(i)!, decoder));
    }
    return this.#turns.settle(values);
  }

  has(key: string): Promise<boolean> {
    return this.#turns.settleFlag(this.#find(key) !== undefined);
  }

  inspect(key: string): Promise<Inspection | null> {
    const entry = this.#find(key);
    if (entry === undefined) return this.#turns.settle(null);
    const expiresIn = this.#space.expiresIn(entry);
    return this.#turns.settle<Inspection>(
      isString(entry)
        ? { type: "string", length: byteLength(entry.content), expiresIn }
        : { type: "array", length: (entry as ArrayEntry).content.length, expiresIn },
    );
  }

  touch(key: string, expireIn: number): Promise<boolean> {
    const entry = this.#find(key);
    if (entry !== undefined) this.#space.expire(entry, expireIn);
    return this.#turns.settleFlag(entry !== undefined);
  }

  persist(key: string): Promise<boolean> {
    const entry = this.#find(key);
    if (entry === undefined || entry.deadlineMs === null) return this.#turns.settleFlag(false);
    this.#space.expire(entry, 0);
    return this.#turns.settleFlag(true);
  }

  getMany<T>(keys: readonly string[], decoder: Decoder<T>): Promise<(T | null)[]> {
    return this.#turns.settle(keys.map((key) => this.#get(key, decoder)));
  }

  putMany(entries: readonly (readonly [string, Value])[], expireIn: number): Promise<void> {
    for (const [key, value] of entries) {
      this.#put(key, this.#find(key), value, { expireIn, keepTtl: false });
    }
    return this.#turns.settle(undefined);
  }

  removeMany(keys: readonly string[]): Promise<boolean[]> {
    return this.#turns.settle(keys.map((key) => this.#remove(key)));
  }

  keys(prefix: string, limit: number): AsyncGenerator<string, undefined> {
    return this.#scan(prefix, limit, ({ key }) => key);
  }

  entries<T>(
    prefix: string,
    limit: number,
    decoder: Decoder<T>,
  ): AsyncGenerator<[string, T], undefined> {
    return this.#scan(
      prefix,
      limit,
      (entry) => isString(entry) ? [entry.key, decode(entry.content, decoder)] : null,
    );
  }

  async clear(prefix: string): Promise<number> {
    this.#checkOpen();
    const clearing = this.#space.startClearing(prefix);
    for (const _ of this.#space.clear(clearing)) {
      if (this.#turns.isDue()) await this.#turns.next();
      this.#checkOpen();
    }
    return clearing.count;
  }

  stats(): Promise<KvStats> {
    this.#checkOpen();
    return this.#turns.settle({
      backend: this.backend,
      entries: this.#space.size,
      bytes: this.#space.bytes,
      hits: this.#hits,
      misses: this.#misses,
      evictions: this.#space.evictions,
      inFlight: this.#waiters.count,
      reconnects: 0,
    });
  }

  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#waiters.close(closedError);
      this.#space.close();
    }
    return Promise.resolve();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closedError();
  }

  #find(key: string): Entry | undefined {
    this.#checkOpen();
    return this.#space.find(key);
  }

  #findString(key: string, action: string): StringEntry | undefined {
    const entry = this.#find(key);
    if (entry === undefined || isString(entry)) return entry;
    throw wrongType(action, key, "an array");
  }

  #findArray(key: string, action: string): ArrayEntry | undefined {
    const entry = this.#find(key);
    if (entry === undefined || isArray(entry)) return entry;
    throw wrongType(action, key, "a string");
  }

  #get<T>(key: string, decoder: Decoder<T>): T | null {
    const entry = this.#findString(key, "get");
    this.#count(entry);
    return entry === undefined ? null : decode(entry.content, decoder);
  }

  #put(
    key: string,
    entry: Entry | undefined,
    value: Value,
    { expireIn, keepTtl }: Pick<StorePut, "expireIn" | "keepTtl">,
  ): void {
    const stored = this.#space.put(key, entry, own(value));
    if (!keepTtl) this.#space.expire(stored, expireIn);
  }

  #remove(key: string): boolean {
    const entry = this.#find(key);
    if (entry === undefined || isArray(entry)) return false;
    this.#space.remove(entry);
    return true;
  }

  /** Adds values, for which there is room, to the array of `found` or to a new one. */
  #add(
    key: string,
    found: ArrayEntry | undefined,
    values: readonly Value[],
    end: End,
  ): number {
    const entry = found ?? this.#space.put(key, undefined, new Deque()) as ArrayEntry;
    for (const value of values) {
      if (end === "last") entry.content.pushLast(own(value));
      else entry.content.pushFirst(own(value));
    }
    this.#space.grow(entry, values);
    return entry.content.length;
  }

  /** Takes the element off, and the entry with the last one. */
  #takeOff(entry: ArrayEntry, end: End): void {
    const element = end === "last" ? entry.content.popLast()! : entry.content.popFirst()!;
    this.#space.shrink(entry, element);
    if (entry.content.length === 0) this.#space.remove(entry);
  }

  /** Takes an element off, where there is one. */
  #pop<T>(key: string, end: End, decoder: Decoder<T>): Promise<T> | null {
    const entry = this.#findArray(key, "pop from");
    if (entry === undefined) return null;
    const value = decode(peek(entry, end), decoder);
    this.#takeOff(entry, end);
    return this.#turns.settle(value);
  }

  /** Moves an element, where there is one, and serves those who wait for it. */
  #move<T>(
    from: string,
    to: string,
    { take, put }: StoreMove,
    decoder: Decoder<T>,
  ): Promise<T> | null {
    const entry = this.#findArray(from, "move from");
    if (entry === undefined) return null;
    const element = peek(entry, take);
    const value = decode(element, decoder);
    // Onto itself, an array must not vanish with its only element, for its expiry would go too.
    if (to !== from || entry.content.length > 1) {
      const target = this.#findArray(to, "move to");
      this.#space.reserve(to, target, [element], entry);
      this.#takeOff(entry, take);
      this.#add(to, target, [element], put);
      this.#waiters.wake(to);
    }
    return this.#turns.settle(value);
  }

  async *#scan<R>(
    prefix: string,
    limit: number,
    pick: (entry: Entry) => R | null,
  ): AsyncGenerator<R, undefined> {
    this.#checkOpen();
    let left = limit;
    for (const entry of left > 0 ? this.#space.entries() : []) {
      const picked = entry.key.startsWith(prefix) ? pick(entry) : null;
      if (picked !== null) {
        yield picked;
        if (--left === 0) return;
      }
      if (this.#turns.isDue()) await this.#turns.next();
      this.#checkOpen();
    }
  }

  #count(entry: Entry | undefined): void {
    if (entry === undefined) this.#misses++;
    else this.#hits++;
  }
}

/** Reads a kept value by a codec, which gets a copy of its bytes. */
function decode<T>(value: Value, decoder: Decoder<T>): T {
  return decodeValue(own(value), decoder);
}

function peek({ content }: ArrayEntry, end: End): Value {
  return content.at(end === "last" ? content.length - 1 : 0)!;
}

/** An index of `Array#slice` as one from 0 to `length`. */
function fromEnd(index: number, length: number): number {
  return index < 0 ? Math.max(index + length, 0) : Math.min(index, length);
}
