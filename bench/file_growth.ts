/** How the cost of a call grows with the store: a file store should not care how full it is. */

import { measure, type Sample } from "./measure.ts";
import { fill } from "./store_pass.ts";
import type { Subject } from "./subject.ts";
import type { Pass, Row } from "./turns.ts";
import { keyOf, shuffled, valueOf } from "./workloads.ts";

const KEY_COUNTS: readonly number[] = [1e4, 1e5, 1e6];
const SAMPLES = 5;

/**
 * Makes the pass that fills a store step by step, and at each size reads and overwrites keys drawn
 * at random, several times.
 *
 * @param scale Divides the numbers of keys: 1, or more for a quick look.
 */
export function growthPass(scale: number): Pass<Subject> {
  return async function* (subject): AsyncGenerator<Row & { sample: Sample }> {
    let filled = 0;
    for (const keys of KEY_COUNTS.map((count) => count / scale)) {
      await fill(subject, shuffled(keys - filled, 41).map((id) => id + filled));
      filled = keys;
      for (let time = 0; time < SAMPLES; time++) {
        const ids = shuffled(keys, 50 + time);
        const idAt = (at: number): number => ids[at % keys] as number;
        for (const inFlight of [1, 64]) {
          const load = { count: 1e6 / scale, budgetMs: 200, inFlight };
          const get = await measure(load, (at) => subject.get(keyOf(idAt(at))));
          yield { row: `get, ${keys} keys`, inFlight, sample: get };
          const overwrite = await measure(load, (at) => {
            const id = idAt(at);
            return subject.put(keyOf(id), valueOf(id, 0));
          });
          yield { row: `overwrite, ${keys} keys`, inFlight, sample: overwrite };
        }
      }
    }
  };
}
