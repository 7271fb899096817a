/**
 * The keys of a store in the order of their bytes, in bounded memory and without a file: each pass
 * over all keys picks the smallest that have not come yet, as many as an arena holds.
 *
 * Cost: O(n log n) comparisons, and a scan for each 8 to 16 MiB of keys, or half a million to a
 * million.
 */

import type { Kv } from "../kv/kv.ts";
import { type ArenaLimits, KeyArena, toKey } from "./key_arena.ts";

const LIMITS: ArenaLimits = { bytesMax: 16 * 2 ** 20, keysMax: 2 ** 20 };

/** Lists the keys that begin with `prefix`, sorted by their UTF-8. */
export async function* sortedKeys<T, Input>(
  kv: Kv<T, Input>,
  prefix: string,
  limits: ArenaLimits = LIMITS,
): AsyncGenerator<string, void> {
  let last: Uint8Array | null = null;
  for (let isMore = true; isMore;) {
    const arena: KeyArena = new KeyArena(limits, last);
    for await (const key of kv.keys({ prefix })) arena.add(key);
    for (const key of arena.sorted()) {
      last = key;
      yield toKey(key);
    }
    last = last?.slice() ?? null; // else the arena would stay beside the next one
    isMore = arena.hasDropped;
  }
}
