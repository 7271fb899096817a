/**
 * The store in memory: what each call does to its {@linkcode Space}.
 *
 * Every change happens in the turn in which it is asked for, so calls take effect in their order
 * and no lock is needed. Values are the store's own: bytes are copied on their way in and out.
 */

import { byteLength, equalBytes, own } from "../../internal/bytes.ts";
import type { Clock } from "../../internal/clock.ts";
import { sliceIndex } from "../../internal/slice_index.ts";
import { Turns } from "../../internal/turns.ts";
import { Waiters } from "../../internal/waiters.ts";
import type { Inspection, KvStats } from "../../kv/call_types.ts";
import { type Decoder, decodeValue } from "../../kv/codec.ts";
import { closedError, wrongTypeError } from "../../kv/errors.ts";
import type { Value } from "../../kv/kv.ts";
import { addToNumber } from "../../kv/numbers.ts";
import type { End, Store, StoreMove, StorePut, StoreWait } from "../../kv/store.ts";
import { ArrayEntry, deadlineOf, type Slot, type StringEntry, valueIn } from "./entry.ts";
import { type MemoryLimits, Space } from "./space.ts";

/**
 * What is read where no array is. It is never changed, and never goes: a runtime throws away the
 * code that it compiled for arrays when none is left, and a queue is empty time and again.
 */
const EMPTY = new ArrayEntry("");

/** What is done with so much of a value takes as long as a call. */
const LONG_VALUE = 2 ** 14;

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
    const slot = this.#find(key);
    if (slot !== undefined && options.ifAbsent) return this.#turns.settleFlag(false);
    this.#space.put(key, slot, own(value), options.keepTtl ? null : options.expireIn);
    this.#countWork(value);
    return this.#turns.settleFlag(true);
  }

  fetchRemove<T>(key: string, decoder: Decoder<T>): Promise<T | null> {
    const slot = this.#findString(key, "fetchRemove");
    const value = slot === undefined ? null : decode(valueIn(slot), decoder);
    this.#count(slot);
    if (slot !== undefined) this.#space.remove(key, slot);
    return this.#turns.settle(value);
  }

  remove(key: string): Promise<boolean> {
    return this.#turns.settleFlag(this.#remove(key));
  }

  delete(key: string): Promise<boolean> {
    const slot = this.#find(key);
    if (slot !== undefined) this.#space.remove(key, slot);
    return this.#turns.settleFlag(slot !== undefined);
  }

  increment(key: string, by: number): Promise<number> {
    const slot = this.#findString(key, "increment");
    const sum = addToNumber(key, slot === undefined ? "0" : valueIn(slot), by);
    this.#space.put(key, slot, String(sum), null);
    return this.#turns.settle(sum);
  }

  putIfEqual(key: string, expected: Value, value: Value): Promise<boolean> {
    const slot = this.#findString(key, "putIfEqual");
    if (slot === undefined || !equalBytes(valueIn(slot), expected)) {
      return this.#turns.settleFlag(false);
    }
    this.#space.put(key, slot, own(value), 0);
    this.#countWork(value);
    return this.#turns.settleFlag(true);
  }

  removeIfEqual(key: string, expected: Value): Promise<boolean> {
    const slot = this.#findString(key, "removeIfEqual");
    const isEqual = slot !== undefined && equalBytes(valueIn(slot), expected);
    if (isEqual) this.#space.remove(key, slot);
    return this.#turns.settleFlag(isEqual);
  }

  push(key: string, values: readonly Value[], end: End): Promise<number> {
    const entry = this.#findArray(key, end === "last" ? "append to" : "prepend to");
    this.#space.reserve(key, entry, values);
    const length = this.#add(key, entry, values, end);
    this.#turns.count(values.length - 1);
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
    const { elements } = this.#findArray(key, "tell the length of") ?? EMPTY;
    return this.#turns.settle(elements.length);
  }

  range<T>(key: string, start: number, end: number, decoder: Decoder<T>): Promise<T[]> {
    const { elements } = this.#findArray(key, "read a range of") ?? EMPTY;
    const stop = sliceIndex(end, elements.length);
    const values: T[] = [];
    for (let i = sliceIndex(start, elements.length); i < stop; i++) {
      values.push(decode(elements.at(i)!, decoder));
    }
    this.#turns.count(values.length);
    return this.#turns.settle(values);
  }

  has(key: string): Promise<boolean> {
    return this.#turns.settleFlag(this.#find(key) !== undefined);
  }

  inspect(key: string): Promise<Inspection | null> {
    const slot = this.#find(key);
    if (slot === undefined) return this.#turns.settle(null);
    const expiresIn = this.#space.expiresIn(slot);
    if (!(slot instanceof ArrayEntry)) this.#countWork(valueIn(slot));
    return this.#turns.settle<Inspection>(
      slot instanceof ArrayEntry
        ? { type: "array", length: slot.elements.length, expiresIn }
        : { type: "string", length: byteLength(valueIn(slot)), expiresIn },
    );
  }

  touch(key: string, expireIn: number): Promise<boolean> {
    const slot = this.#find(key);
    if (slot !== undefined) this.#space.expire(key, slot, expireIn);
    return this.#turns.settleFlag(slot !== undefined);
  }

  persist(key: string): Promise<boolean> {
    const slot = this.#find(key);
    if (slot === undefined || deadlineOf(slot) === null) return this.#turns.settleFlag(false);
    this.#space.expire(key, slot, 0);
    return this.#turns.settleFlag(true);
  }

  getMany<T>(keys: readonly string[], decoder: Decoder<T>): Promise<(T | null)[]> {
    this.#checkOpen();
    this.#turns.count(keys.length);
    return this.#turns.settle(keys.map((key) => this.#get(key, decoder)));
  }

  putMany(entries: readonly (readonly [string, Value])[], expireIn: number): Promise<void> {
    this.#checkOpen();
    for (const [key, value] of entries) {
      this.#space.put(key, this.#find(key), own(value), expireIn);
    }
    this.#turns.count(entries.length);
    return this.#turns.settle(undefined);
  }

  removeMany(keys: readonly string[]): Promise<boolean[]> {
    this.#checkOpen();
    this.#turns.count(keys.length);
    return this.#turns.settle(keys.map((key) => this.#remove(key)));
  }

  keys(prefix: string, limit: number): AsyncGenerator<string, undefined> {
    return this.#scan(prefix, limit, (key) => key);
  }

  entries<T>(
    prefix: string,
    limit: number,
    decoder: Decoder<T>,
  ): AsyncGenerator<[string, T], undefined> {
    return this.#scan(
      prefix,
      limit,
      (key, slot) => slot instanceof ArrayEntry ? null : [key, decode(valueIn(slot), decoder)],
    );
  }

  clear(prefix: string): Promise<number> {
    this.#checkOpen();
    return this.#clear(prefix);
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

  async #clear(prefix: string): Promise<number> {
    const clearing = this.#space.startClearing(prefix);
    for (const _ of clearing.walk) {
      if (this.#turns.isDue()) await this.#turns.next();
      this.#checkOpen();
    }
    return clearing.count;
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closedError();
  }

  #find(key: string): Slot | undefined {
    this.#checkOpen();
    return this.#space.find(key);
  }

  #findString(key: string, action: string): Value | StringEntry | undefined {
    const slot = this.#find(key);
    if (slot instanceof ArrayEntry) throw wrongTypeError(action, key, "an array");
    return slot;
  }

  #findArray(key: string, action: string): ArrayEntry | undefined {
    const slot = this.#find(key);
    if (slot === undefined || slot instanceof ArrayEntry) return slot;
    throw wrongTypeError(action, key, "a string");
  }

  #get<T>(key: string, decoder: Decoder<T>): T | null {
    const slot = this.#findString(key, "get");
    const value = slot === undefined ? null : decode(valueIn(slot), decoder);
    if (slot !== undefined) this.#countWork(valueIn(slot));
    this.#count(slot);
    return value;
  }

  #remove(key: string): boolean {
    const slot = this.#find(key);
    if (slot === undefined || slot instanceof ArrayEntry) return false;
    this.#space.remove(key, slot);
    return true;
  }

  /** Adds values, for which room is reserved, to the array of `found` or to a new one. */
  #add(
    key: string,
    found: ArrayEntry | undefined,
    values: readonly Value[],
    end: End,
  ): number {
    const entry = found ?? this.#space.putArray(key);
    const { elements } = entry;
    for (const value of values) {
      if (end === "last") elements.pushLast(own(value));
      else elements.pushFirst(own(value));
      this.#space.resize(entry, value.length);
    }
    return elements.length;
  }

  /** Takes the element off, and the entry with the last one. */
  #takeOff(entry: ArrayEntry, end: End): void {
    const element = end === "last" ? entry.elements.popLast()! : entry.elements.popFirst()!;
    this.#space.resize(entry, -element.length);
    if (entry.elements.length === 0) this.#space.remove(entry.key, entry);
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
    if (to !== from || entry.elements.length > 1) {
      // Looked up again it may be past its deadline by now, and gone.
      const target = to === from ? entry : this.#findArray(to, "move to");
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
    pick: (key: string, slot: Slot) => R | null,
  ): AsyncGenerator<R, undefined> {
    this.#checkOpen();
    let left = limit;
    if (this.#turns.isDue()) await this.#turns.next();
    for (const found of left > 0 ? this.#space.slots() : []) {
      const picked = found !== null && found[0].startsWith(prefix) ? pick(...found) : null;
      if (picked !== null) {
        yield picked;
        if (--left === 0) return;
      }
      if (this.#turns.isDue()) await this.#turns.next();
      this.#checkOpen();
    }
  }

  /** Counts what was done with a long value as many steps of work. */
  #countWork({ length }: Value): void {
    if (length >= LONG_VALUE) this.#turns.count(Math.floor(length / LONG_VALUE));
  }

  #count(slot: Slot | undefined): void {
    if (slot === undefined) this.#misses++;
    else this.#hits++;
  }
}

/** Reads a kept value by a codec, which gets a copy of its bytes. */
function decode<T>(value: Value, decoder: Decoder<T>): T {
  return decodeValue(own(value), decoder);
}

function peek({ elements }: ArrayEntry, end: End): Value {
  return elements.at(end === "last" ? elements.length - 1 : 0)!;
}
