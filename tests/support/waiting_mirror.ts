/**
 * Plays random calls that wait, and what ends their waiting, on a store and on a model that is a
 * few arrays. After each step the same calls must have come to the same answers.
 */

import { deepStrictEqual } from "node:assert/strict";
import type { End } from "../../kv/store.ts";
import { held } from "../conformance/expect.ts";
import type { Subject } from "../conformance/subject.ts";
import type { MirrorOptions } from "./mirror.ts";
import { Prng } from "./prng.ts";

/** Few, so that most calls meet: every move goes from one of them to another or itself. */
const KEYS = ["a", "b", "c"];
const ENDS: readonly End[] = ["first", "last"];
const WAITS_MS = [1, 5, 20];

/** A call that waits: a move, or a pop where `to` is `null`. */
interface Waiter {
  readonly id: number;
  readonly from: string;
  readonly to: string | null;
  readonly take: End;
  readonly put: End;
  readonly untilMs: number;
}

/** Arrays, strings and those who wait, in the order in which they came. */
class WaitingModel {
  readonly content = new Map<string, string | string[]>();
  /** What each call came to, by its number. */
  readonly answers: Record<number, string | null> = {};
  #waiters: Waiter[] = [];
  #nowMs = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  call(waiter: Waiter): void {
    if (typeof this.content.get(waiter.from) === "string") {
      this.answers[waiter.id] = "wrong_type";
    } else if (!this.#attempt(waiter)) this.#waiters.push(waiter);
    else if (waiter.to !== null) this.#serve(waiter.to);
  }

  push(key: string, values: readonly string[], end: End): void {
    const elements = this.content.get(key) ?? [];
    if (typeof elements === "string") return;
    for (const value of values) end === "last" ? elements.push(value) : elements.unshift(value);
    this.content.set(key, elements);
    this.#serve(key);
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    for (const { id, untilMs } of this.#waiters) if (untilMs <= this.#nowMs) this.#end(id, null);
  }

  /** Aborts the oldest that waits, and tells its number. */
  abort(): number | undefined {
    const id = this.#waiters[0]?.id;
    if (id !== undefined) this.#end(id, "aborted");
    return id;
  }

  #end(id: number, answer: string | null): void {
    this.answers[id] = answer;
    this.#waiters = this.#waiters.filter((waiter) => waiter.id !== id);
  }

  /** Serves those who wait for `key`, then those who wait for what these have moved. */
  #serve(key: string): void {
    const keys = [key];
    for (const from of keys) {
      for (const waiter of this.#waiters.filter((waiter) => waiter.from === from)) {
        if (!this.#attempt(waiter)) break;
        this.#waiters = this.#waiters.filter(({ id }) => id !== waiter.id);
        if (waiter.to !== null) keys.push(waiter.to);
      }
    }
  }

  /** Takes an element if there is one, and tells whether the call has come to an end. */
  #attempt({ id, from, to, take, put }: Waiter): boolean {
    const elements = this.content.get(from);
    if (elements === undefined || typeof elements === "string") return false;
    const target = to === null ? [] : this.content.get(to) ?? [];
    if (typeof target === "string") {
      this.answers[id] = "wrong_type";
      return true;
    }
    const element = (take === "first" ? elements.shift() : elements.pop()) as string;
    this.answers[id] = element;
    if (elements.length === 0) this.content.delete(from);
    if (put === "first") target.unshift(element);
    else target.push(element);
    if (to !== null) this.content.set(to, target);
    return true;
  }
}

/** Plays a seed. The store must be empty and its clock the test's own. */
export async function waitingMirror(
  { kv, advance }: Subject,
  { seed, steps }: MirrorOptions,
): Promise<void> {
  const prng = new Prng(seed);
  const model = new WaitingModel();
  const answers: Record<number, string | null> = {};
  const aborts: AbortController[] = [];

  function call(id: number): void {
    const abort = aborts[id] = new AbortController();
    const wait = prng.chance(0.5) ? true : prng.pick(WAITS_MS);
    const [from, take, put] = [prng.pick(KEYS), prng.pick(ENDS), prng.pick(ENDS)];
    const to = prng.chance(0.4) ? prng.pick(KEYS) : null;
    const untilMs = wait === true ? Infinity : model.nowMs + wait;
    model.call({ id, from, to, take, put, untilMs });
    const options = { wait, signal: abort.signal };
    const called = to !== null
      ? kv.move(from, to, { take, put, ...options })
      : take === "first"
      ? kv.popFirst(from, options)
      : kv.pop(from, options);
    called.then(
      (answer) => answers[id] = answer,
      (error) => answers[id] = error === "aborted" ? "aborted" : error.code,
    );
  }

  async function add(step: number): Promise<void> {
    const [key, end] = [prng.pick(KEYS), prng.pick(ENDS)];
    const values = Array.from({ length: 1 + prng.below(3) }, (_, index) => `${step}.${index}`);
    model.push(key, values, end);
    const added = end === "last" ? kv.append(key, ...values) : kv.prepend(key, ...values);
    await added.catch((error) => deepStrictEqual(error.code, "wrong_type"));
  }

  async function change(): Promise<void> {
    const key = prng.pick(KEYS);
    if (prng.chance(0.3)) {
      model.content.set(key, "string");
      await kv.put(key, "string");
    } else {
      model.content.delete(key);
      await kv.delete(key);
    }
  }

  for (let step = 0; step < steps; step++) {
    const die = prng.below(10);
    let passing = 0;
    if (die < 5) call(step);
    else if (die < 7) await add(step);
    else if (die < 8) await change();
    else if (die < 9) aborts[model.abort() ?? step]?.abort("aborted");
    else passing = prng.pick(WAITS_MS);
    model.advance(passing);
    await advance(passing);
    deepStrictEqual(answers, model.answers, `seed=${seed} step=${step}`);
    for (const key of KEYS) {
      deepStrictEqual(
        await held(kv, key),
        model.content.get(key) ?? null,
        `seed=${seed} step=${step}`,
      );
    }
  }
}
