/**
 * The work that every store does: the same keys and values in the same order, from a seed.
 *
 * Keys have 16 bytes and are made anew for each call, as a program makes them from what it was
 * asked; values have 100 bytes and come from a pool. Every answer goes into a checksum that is
 * compared with what it must be, so a store that skips work does not finish.
 */

import { Prng } from "../tests/support/prng.ts";

/** Arrays that the array rows spread their elements over. */
export const ARRAY_COUNT = 64;

const VALUE_BYTES = 100;
const VALUE_COUNT = 1024;
const FIRST_NUMBER = 100_000_000_000;

const VALUES: readonly string[] = makeValues(new Prng(2));

function makeValues(prng: Prng): string[] {
  const ascii = new TextDecoder();
  return Array.from({ length: VALUE_COUNT }, () => {
    const codes = Uint8Array.from({ length: VALUE_BYTES }, () => 33 + prng.below(94));
    return ascii.decode(codes);
  });
}

/** The numbers 0 to `count` − 1 in an order that `seed` decides. */
export function shuffled(count: number, seed: number): Uint32Array {
  const prng = new Prng(seed);
  const items = Uint32Array.from({ length: count }, (_, at) => at);
  for (let last = count - 1; last > 0; last--) {
    const other = prng.below(last + 1);
    const item = items[last] as number;
    items[last] = items[other] as number;
    items[other] = item;
  }
  return items;
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
