/**
 * Calls of the file store that wait for room in the journal or in the cache.
 */

import { strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { openFileSubject } from "./support/file_subject.ts";
import { Prng } from "./support/prng.ts";

const SEEDS = 8;
const ENTRIES = 3_000;
/** So few pages that a long call waits for a checkpoint time and again. */
const CACHE_BYTES = 8 * 4096;

describe("file: waiting for room", () => {
  // A call once came to wait just when a checkpoint had looked for the last time whether one did,
  // and waited for ever. Where turns of the event loop fall depends on how fast the machine is.
  it("a long call comes to its end, wherever turns of the event loop fall", async () => {
    const { now } = performance;
    try {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const prng = new Prng(seed);
        let skewMs = 0;
        performance.now = () => skewMs += prng.below(SEEDS) < seed ? 10 : 0;
        await using subject = await openFileSubject({ cacheBytes: CACHE_BYTES });
        const entries = Array.from({ length: ENTRIES }, (_, i) => [`key:${i}`, "v"] as const);
        await subject.kv.putMany(entries);
        strictEqual(await subject.kv.clear({ prefix: "key:" }), ENTRIES);
      }
    } finally {
      performance.now = now;
    }
  });
});
