/**
 * The work that every store does: the same keys and values in the same order, from a seed.
 *
 * Keys have 16 bytes and are made anew for each call, as a program makes them from what it was
 * asked; values have 100 bytes and come from a pool. Every answer goes into a checksum that is
 * compared with what it must be, so a store that skips work does not finish.
 */

import type { Subject } from "./subject.ts";

/** Arrays that the array rows spread their elements over. */
export const ARRAY_COUNT = 64;

const VALUE_BYTES = 100;
const VALUE_COUNT = 1024;
const FIRST_NUMBER = 100_000_000_000;

/** A small seeded generator of random numbers (mulberry32). */
export class Prng {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to `limit` − 1; `limit` is at most 2^32. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 * limit);
  }

  /** Puts `items` in random order, in place. */
  shuffle(items: Uint32Array): Uint32Array {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      const item = items[last] as number;
      items[last] = items[other] as number;
      items[other] = item;
    }
    return items;
  }
}

const VALUES: readonly string[] = makeValues(new Prng(2));

function makeValues(prng: Prng): string[] {
  const ascii = new TextDecoder();
  return Array.from({ length: VALUE_COUNT }, () => {
    const codes = Uint8Array.from(
      { length: VALUE_BYTES },
      () => 33 + prng.below(94),
    );
    return ascii.decode(codes);
  });
}

/** The numbers 0 to `count` − 1 in an order that `seed` decides. */
export function shuffled(count: number, seed: number): Uint32Array {
  return new Prng(seed).shuffle(
    Uint32Array.from({ length: count }, (_, at) => at),
  );
}

/** The key with number `id`: 16 bytes. */
export function keyOf(id: number): string {
  return `key:${FIRST_NUMBER + id}`;
}

/** The name of the array that element `id` goes to: 16 bytes. */
export function arrayOf(id: number): string {
  return `arr:${FIRST_NUMBER + id % ARRAY_COUNT}`;
}

/** The value of `id` in its `version`th writing: 100 bytes. */
export function valueOf(id: number, version: number): string {
  return VALUES[(id * 31 + version * 517) % VALUE_COUNT] as string;
}

/** Reduces an answer to a number: of a value it looks at the length and at three characters. */
export function digest(answer: unknown): number {
  if (typeof answer !== "string" || answer.length === 0) return 0;
  const { length } = answer;
  return length + answer.charCodeAt(0) + answer.charCodeAt(length >> 1) * 128 +
    answer.charCodeAt(length - 1) * 16_384;
}

/** One row: what is called for each number, and what the digest of its answer must be. */
export interface Workload {
  readonly name: string;
  readonly run: (subject: Subject, id: number) => Promise<unknown>;
  /** Without it the answers are not looked at. */
  readonly expected?: (id: number) => number;
}

/** The rows in the order in which a pass does them: each finds what the earlier ones left. */
export const WORKLOADS: readonly Workload[] = [
  {
    name: "put new",
    run: (subject, id) => subject.put(keyOf(id), valueOf(id, 0)),
  },
  {
    name: "get",
    run: (subject, id) => subject.get(keyOf(id)),
    expected: (id) => digest(valueOf(id, 0)),
  },
  {
    name: "overwrite",
    run: (subject, id) => subject.put(keyOf(id), valueOf(id, 1)),
  },
  {
    name: "append",
    run: (subject, id) => subject.append(arrayOf(id), valueOf(id, 2)),
  },
  {
    name: "popFirst",
    run: (subject, id) => subject.popFirst(arrayOf(id)),
    expected: (id) => digest(valueOf(id, 2)),
  },
  { name: "remove", run: (subject, id) => subject.remove(keyOf(id)) },
];
