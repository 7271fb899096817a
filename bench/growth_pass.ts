/** How the cost of a call grows with the store: a store should not care how full it is. */

import { Prng } from "../tests/support/prng.ts";
import type { Sample } from "./measure.ts";
import { fill, newValueOf, playRow, putNew, read } from "./store_pass.ts";
import type { Subject } from "./subject.ts";
import type { Pass, Row } from "./turns.ts";
import { shuffled } from "./workloads.ts";

const KEY_COUNTS: readonly number[] = [1e3, 1e4, 1e5, 1e6, 1e7];
const SAMPLES = 5;
const CALLS = 200_000;
/** A store that takes longer to grow to the next size is measured up to the one before. */
const FILLING_MS_MAX = 60_000;

/**
 * Makes the pass that fills a store step by step, and at each size reads and overwrites keys drawn
 * at random, several times. Its rows are named `get, 1000 keys` and so on.
 *
 * @param scale Divides the numbers of keys: 1, or more for a quick look.
 */
export function growthPass(scale: number): Pass<Subject> {
  return async function* (subject, name): AsyncGenerator<Row & { sample: Sample }> {
    let filled = 0;
    for (const keys of KEY_COUNTS.map((count) => count / scale)) {
      const added = shuffled(keys - filled, 41).map((id) => id + filled);
      if (await fill(subject, added, FILLING_MS_MAX) < added.length) return;
      filled = keys;
      for (let time = 0; time < SAMPLES; time++) {
        const prng = new Prng(50 + time);
        const ids = Uint32Array.from({ length: CALLS / scale }, () => prng.below(keys));
        for (const inFlight of [1, 64]) {
          const load = { count: ids.length, budgetMs: 200, inFlight };
          const get = await playRow(subject, ids, {
            ...load,
            title: `${name}: get of ${keys} keys`,
            call: read,
            expected: newValueOf,
          });
          yield { row: `get, ${keys} keys`, inFlight, sample: get };
          const overwrite = await playRow(subject, ids, {
            ...load,
            title: `${name}: overwrite of ${keys} keys`,
            call: putNew,
          });
          yield { row: `overwrite, ${keys} keys`, inFlight, sample: overwrite };
        }
      }
    }
  };
}
