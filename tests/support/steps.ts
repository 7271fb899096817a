/**
 * Random operations as data: what a seed makes of them can be played on any store and printed when
 * it fails.
 *
 * Each seed draws its own weights and leaves out some operations altogether: a run without removals
 * grows what others never have, a run of little but pops empties it.
 */

import type { Kv } from "../../kv/kv.ts";
import type { Prng } from "./prng.ts";

/** The calls that a run is made of. */
export type Method = Exclude<
  keyof Kv,
  "backend" | "stats" | "withCodec" | "namespace" | "close" | typeof Symbol.asyncDispose
>;

/** One call, or time that passes. */
export interface Step {
  readonly method: Method | "advance";
  readonly args: readonly unknown[];
}

/** Few, so that operations meet. Some are prefixes of others, some are patterns to a glob. */
const HOT_KEYS = ["", "k", "kk", "k*", "k:1", "é", "\r\n", "__proto__"];
const COLD_KEY_COUNT = 200;
const HOT_SHARE = 0.8;
const PREFIXES = ["", "k", "k*", "cold:", "cold:1", "é", "none"];

const VALUES = ["", "0", "41", "-7", "007", "1.5", "9007199254740991", "a", "b", "\r\n", "\0é🦕"];
const VALUE_CHARACTERS_MAX = 2_000;
const DURATIONS_MS = [1, 2, 10, 100, 1_000, 60_000, 86_400_000];
const PASSING_MS = [1, 2, 10, 100, 1_000, 60_000];
const INDICES = [undefined, 0, 1, 2, 5, -1, -2, -5, 100, -100];

const ENDS = ["first", "last"] as const;
const WEIGHT_MAX = 8;
const SILENCED_SHARE = 0.2;

type Draw = (prng: Prng) => readonly unknown[];

function key(prng: Prng): string {
  return prng.chance(HOT_SHARE) ? prng.pick(HOT_KEYS) : `cold:${prng.below(COLD_KEY_COUNT)}`;
}

function value(prng: Prng): string {
  if (prng.chance(0.8)) return prng.pick(VALUES);
  return prng.pick(["x", "é", "€"]).repeat(prng.below(VALUE_CHARACTERS_MAX));
}

function several<T>(prng: Prng, draw: (prng: Prng) => T, least: number): T[] {
  return Array.from({ length: least + prng.below(5) }, () => draw(prng));
}

function putOptions(prng: Prng): Record<string, unknown> | undefined {
  if (prng.chance(0.3)) return undefined;
  const ifAbsent = prng.chance(0.3);
  if (prng.chance(0.5)) return { ifAbsent, expireIn: prng.pick(DURATIONS_MS) };
  return { ifAbsent, keepTtl: prng.chance(0.5) };
}

function scanOptions(prng: Prng): Record<string, unknown> {
  return { prefix: prng.pick(PREFIXES) };
}

const oneKey: Draw = (prng) => [key(prng)];
const keyAndValues: Draw = (prng) => [key(prng), ...several(prng, value, 1)];
const keys: Draw = (prng) => [several(prng, key, 0)];

/** How the arguments of each call are drawn. */
const draws: Readonly<Record<Step["method"], Draw>> = {
  get: oneKey,
  put: (prng) => [key(prng), value(prng), putOptions(prng)],
  putExpire: (prng) => [key(prng), value(prng), prng.pick(DURATIONS_MS)],
  fetchRemove: oneKey,
  remove: oneKey,
  delete: oneKey,
  append: keyAndValues,
  prepend: keyAndValues,
  pop: oneKey,
  popFirst: oneKey,
  move: (prng) => [key(prng), key(prng), { take: prng.pick(ENDS), put: prng.pick(ENDS) }],
  length: oneKey,
  range: (prng) => [key(prng), prng.pick(INDICES), prng.pick(INDICES)],
  has: oneKey,
  inspect: oneKey,
  touch: (prng) => [key(prng), prng.pick(DURATIONS_MS)],
  persist: oneKey,
  increment: (prng) => [key(prng), prng.pick([1, -1, 0, 1_000, Number.MAX_SAFE_INTEGER])],
  putIfEqual: (prng) => [key(prng), prng.pick(VALUES), value(prng)],
  removeIfEqual: (prng) => [key(prng), prng.pick(VALUES)],
  getMany: keys,
  putMany: (prng) => [
    several(prng, (from) => [key(from), value(from)], 0),
    prng.chance(0.5) ? { expireIn: prng.pick(DURATIONS_MS) } : undefined,
  ],
  removeMany: keys,
  keys: (prng) => [scanOptions(prng)],
  entries: (prng) => [scanOptions(prng)],
  clear: (prng) => [scanOptions(prng)],
  advance: (prng) => [prng.pick(PASSING_MS)],
};

/** Rare whatever the weights: it would keep every run near empty. */
const CLEAR_SHARE = 0.1;

/** The steps of a run, drawn one by one. */
export class Steps {
  readonly #prng: Prng;
  /** Each method as often as its weight. */
  readonly #lots: Step["method"][] = [];

  constructor(prng: Prng) {
    this.#prng = prng;
    for (const method of Object.keys(draws) as Step["method"][]) {
      const weight = prng.chance(SILENCED_SHARE) ? 0 : 1 + prng.below(WEIGHT_MAX);
      for (let lot = 0; lot < weight; lot++) this.#lots.push(method);
    }
  }

  /** Draws a step. */
  next(): Step {
    const method = this.#lots.length === 0 ? "put" : this.#prng.pick(this.#lots);
    if (method === "clear" && !this.#prng.chance(CLEAR_SHARE)) return this.next();
    return { method, args: draws[method](this.#prng) };
  }
}
