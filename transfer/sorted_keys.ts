/**
 * The keys of a store in the order of their bytes, in bounded memory and without a file: each pass
 * over the keys picks the smallest that have not come yet, as many as fit.
 *
 * Cost: a scan of all keys for each `BYTES_A_PASS` of them (about half a million short ones), and
 * O(n log n) comparisons.
 */

import type { Kv, Value } from "../kv/kv.ts";

/** Keys that one pass picks take about so much memory, and while it runs up to twice that. */
const BYTES_A_PASS = 32 * 2 ** 20;

/** What a key takes besides its characters. */
const KEY_OVERHEAD_BYTES = 40;

/** The first code unit of a surrogate pair and beyond, where units and bytes sort differently. */
const SURROGATES_START = 0xd800;
const SURROGATES_END = 0xe000;

/** Lists the keys that begin with `prefix`, sorted by their UTF-8. */
export async function* sortedKeys(
  kv: Kv<Value>,
  prefix: string,
  bytesAPass: number = BYTES_A_PASS,
): AsyncGenerator<string, void> {
  let last: string | null = null;
  for (let isMore = true; isMore;) {
    const picked: Picked = await pick(kv, prefix, last, bytesAPass);
    yield* picked.keys;
    last = picked.keys.at(-1) ?? null;
    isMore = picked.isMore;
  }
}

interface Picked {
  keys: string[];
  /** Whether there are keys after these. */
  isMore: boolean;
}

/** Picks the smallest keys after `last` that fit, one at least. */
async function pick(
  kv: Kv<Value>,
  prefix: string,
  last: string | null,
  bytesMax: number,
): Promise<Picked> {
  let keys: string[] = [];
  let bytes = 0;
  /** The greatest key that may still be picked: some after it have been dropped. */
  let bound: string | null = null;
  for await (const key of kv.keys({ prefix })) {
    if (last !== null && compareKeys(key, last) <= 0) continue;
    if (bound !== null && compareKeys(key, bound) > 0) continue;
    keys.push(key);
    bytes += key.length + KEY_OVERHEAD_BYTES;
    if (bytes <= 2 * bytesMax) continue;
    keys = smallest(keys, bytesMax);
    bytes = bytesOf(keys);
    bound = keys.at(-1)!;
  }
  const picked = smallest(keys, bytesMax);
  return { keys: picked, isMore: bound !== null || picked.length < keys.length };
}

/** Sorts `keys` in place, and gives those in front that fit. */
function smallest(keys: string[], bytesMax: number): string[] {
  keys.sort(compareKeys);
  let bytes = 0;
  const end = keys.findIndex((key, i) => {
    bytes += key.length + KEY_OVERHEAD_BYTES;
    return bytes > bytesMax && i > 0;
  });
  return end === -1 ? keys : keys.slice(0, end);
}

function bytesOf(keys: readonly string[]): number {
  return keys.reduce((bytes, key) => bytes + key.length + KEY_OVERHEAD_BYTES, 0);
}

/** Compares well-formed text as its UTF-8 would be compared. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const unitA = a.charCodeAt(i);
    const unitB = b.charCodeAt(i);
    if (unitA !== unitB) return rank(unitA) - rank(unitB);
  }
  return a.length - b.length;
}

/** Where a code unit sorts: surrogates stand for the highest characters. */
function rank(unit: number): number {
  return unit >= SURROGATES_START && unit < SURROGATES_END ? unit + SURROGATES_END : unit;
}
