/**
 * The contract once more, as plainly as it can be said: a `Map`, arrays and a number for the time.
 * Nothing here is fast, shared with a backend, or asynchronous.
 */

import type {
  Inspection,
  MoveOptions,
  PutManyOptions,
  PutOptions,
  ScanOptions,
} from "../../kv/call_types.ts";
import type { KvErrorCode } from "../../kv/errors.ts";
import type { Kv, Value } from "../../kv/kv.ts";
import type { Method, Step } from "./steps.ts";

/** What a call came to. */
export type Outcome = { readonly answer: unknown } | { readonly code: KvErrorCode };

/** The methods of a store without promises, and scans as sorted arrays. */
type Mirrored = {
  [M in Exclude<Method, "keys" | "entries">]: (
    ...args: Parameters<Kv[M]>
  ) => Awaited<ReturnType<Kv[M]>>;
};

interface Held {
  readonly content: string | string[];
  readonly deadlineMs: number;
}

class Refusal {
  readonly code: KvErrorCode;
  constructor(code: KvErrorCode) {
    this.code = code;
  }
}

const asText = (value: Value): string =>
  typeof value === "string" ? value : new TextDecoder().decode(value);

const byText = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0;

/** A store of text. */
export class Model implements Mirrored {
  readonly #held = new Map<string, Held>();
  #nowMs = 0;

  /** Plays a step, and tells what a store should answer. */
  play({ method, args }: Step): Outcome {
    try {
      return { answer: (this[method] as (...args: unknown[]) => unknown)(...args) };
    } catch (error) {
      if (error instanceof Refusal) return { code: error.code };
      throw error;
    }
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    for (const [key, { deadlineMs }] of this.#held) {
      if (deadlineMs <= this.#nowMs) this.#held.delete(key);
    }
  }

  get(key: string): string | null {
    const content = this.#content(key);
    if (Array.isArray(content)) throw new Refusal("wrong_type");
    return content;
  }

  put(key: string, value: Value, options: PutOptions = {}): boolean {
    const held = this.#held.get(key);
    if (held !== undefined && options.ifAbsent) return false;
    const kept = options.keepTtl ? held?.deadlineMs : undefined;
    const given = options.expireIn === undefined ? Infinity : this.#nowMs + options.expireIn;
    this.#held.set(key, { content: asText(value), deadlineMs: kept ?? given });
    return true;
  }

  putExpire(key: string, value: Value, expireIn: number): boolean {
    return this.put(key, value, { expireIn });
  }

  fetchRemove(key: string): string | null {
    const value = this.get(key);
    this.#held.delete(key);
    return value;
  }

  remove(key: string): boolean {
    return typeof this.#content(key) === "string" && this.#held.delete(key);
  }

  delete(key: string): boolean {
    return this.#held.delete(key);
  }

  append(key: string, ...values: Value[]): number {
    return this.#replace(key, [...this.range(key), ...values.map(asText)]);
  }

  prepend(key: string, ...values: Value[]): number {
    return this.#replace(key, [...values.map(asText).reverse(), ...this.range(key)]);
  }

  pop(key: string): string | null {
    const elements = this.range(key);
    const element = elements.pop() ?? null;
    this.#replace(key, elements);
    return element;
  }

  popFirst(key: string): string | null {
    const elements = this.range(key);
    const element = elements.shift() ?? null;
    this.#replace(key, elements);
    return element;
  }

  move(from: string, to: string, { take, put }: MoveOptions): string | null {
    const source = this.range(from);
    if (source.length === 0) return null;
    if (to !== from) this.range(to);
    const element = (take === "first" ? source.shift() : source.pop()) as string;
    const elements = to === from ? source : this.range(to);
    if (put === "first") elements.unshift(element);
    else elements.push(element);
    if (to !== from) this.#replace(from, source);
    this.#replace(to, elements);
    return element;
  }

  length(key: string): number {
    return this.range(key).length;
  }

  range(key: string, start?: number, end?: number): string[] {
    const content = this.#content(key);
    if (typeof content === "string") throw new Refusal("wrong_type");
    return (content ?? []).slice(start, end);
  }

  has(key: string): boolean {
    return this.#held.has(key);
  }

  inspect(key: string): Inspection | null {
    const held = this.#held.get(key);
    if (held === undefined) return null;
    const { content, deadlineMs } = held;
    const expiresIn = deadlineMs === Infinity ? null : deadlineMs - this.#nowMs;
    if (Array.isArray(content)) return { type: "array", length: content.length, expiresIn };
    return { type: "string", length: new TextEncoder().encode(content).length, expiresIn };
  }

  touch(key: string, expireIn: number): boolean {
    const held = this.#held.get(key);
    if (held === undefined) return false;
    this.#held.set(key, { content: held.content, deadlineMs: this.#nowMs + expireIn });
    return true;
  }

  persist(key: string): boolean {
    const held = this.#held.get(key);
    if (held === undefined || held.deadlineMs === Infinity) return false;
    this.#held.set(key, { content: held.content, deadlineMs: Infinity });
    return true;
  }

  increment(key: string, by = 1): number {
    const value = this.get(key) ?? "0";
    const number = Number(value);
    if (String(number) !== value || !Number.isSafeInteger(number)) {
      throw new Refusal("not_a_number");
    }
    if (!Number.isSafeInteger(number + by)) throw new Refusal("not_a_number");
    this.put(key, String(number + by), { keepTtl: true });
    return number + by;
  }

  putIfEqual(key: string, expected: Value, value: Value): boolean {
    return this.get(key) === asText(expected) && this.put(key, value);
  }

  removeIfEqual(key: string, expected: Value): boolean {
    return this.get(key) === asText(expected) && this.delete(key);
  }

  getMany(keys: Iterable<string>): (string | null)[] {
    return [...keys].map((key) => this.get(key));
  }

  putMany(entries: Iterable<readonly [string, Value]>, options: PutManyOptions = {}): void {
    for (const [key, value] of entries) this.put(key, value, options);
  }

  removeMany(keys: Iterable<string>): boolean[] {
    return [...keys].map((key) => this.remove(key));
  }

  keys({ prefix = "" }: ScanOptions = {}): string[] {
    return [...this.#held.keys()].filter((key) => key.startsWith(prefix)).sort(byText);
  }

  entries(options: ScanOptions = {}): [string, string][] {
    const strings = this.keys(options).filter((key) => typeof this.#content(key) === "string");
    return strings.map((key) => [key, this.get(key) as string]);
  }

  clear(options: ScanOptions): number {
    return this.keys(options).filter((key) => this.#held.delete(key)).length;
  }

  #content(key: string): string | string[] | null {
    return this.#held.get(key)?.content ?? null;
  }

  /** Puts other elements in place of an array's, which keeps its expiry and goes with the last. */
  #replace(key: string, elements: string[]): number {
    const deadlineMs = this.#held.get(key)?.deadlineMs ?? Infinity;
    if (elements.length === 0) this.#held.delete(key);
    else this.#held.set(key, { content: elements, deadlineMs });
    return elements.length;
  }
}
