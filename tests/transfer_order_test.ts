/**
 * What makes equal stores give equal dumps: deadlines to the second, and the order of the keys.
 */

import { deepStrictEqual, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import type { Inspection } from "../kv/call_types.ts";
import { expireIn, inspectDeadline } from "../transfer/deadlines.ts";
import { sortedKeys } from "../transfer/sorted_keys.ts";
import { ManualClock } from "./support/manual_clock.ts";
import { openMemory } from "./support/memory_subject.ts";
import { fillMixed } from "./support/mixed_store.ts";
import { Prng } from "./support/prng.ts";

const START_MS = Date.UTC(2026, 0, 1);

describe("inspectDeadline", () => {
  /** Asks about a key that is due so long after the start, of a store that is so slow. */
  async function ask(dueMs: number, delays: readonly number[]): Promise<[number | null, number]> {
    const clock = new ManualClock(START_MS);
    let asked = 0;
    const inspect = (): Promise<Inspection> => {
      const delayMs = delays[Math.min(asked++, delays.length - 1)]!;
      clock.step(delayMs);
      const expiresIn = START_MS + dueMs - clock.now();
      clock.step(delayMs);
      return Promise.resolve({ type: "string", length: 1, expiresIn });
    };
    const found = await inspectDeadline(inspect, () => clock.now());
    const { expires } = found!;
    return [expires === null ? null : expires - START_MS / 1_000, asked];
  }

  it("rounds to the nearest second", async () => {
    deepStrictEqual(await ask(60_499, [0]), [60, 1]);
    deepStrictEqual(await ask(60_500, [0]), [61, 1]);
    deepStrictEqual(await ask(60_000, [200]), [60, 1]);
  });

  it("asks again where the answer was too slow to tell the second", async () => {
    deepStrictEqual(await ask(60_500, [9, 9, 0]), [61, 3]);
    deepStrictEqual(await ask(60_499, [9, 0]), [60, 2]);
  });

  it("takes a second where it cannot be told, after a while", async () => {
    deepStrictEqual(await ask(60_500, [1]), [60, 16]);
  });
});

describe("expireIn()", () => {
  it("gives no duration that put() would refuse", () => {
    const longest = Number.MAX_SAFE_INTEGER;
    for (let nowMs = Date.UTC(2026, 0, 1), i = 0; i < 1_000; i++, nowMs++) {
      const expires = Math.round((nowMs + longest) / 1_000);
      ok(expireIn(expires, nowMs) <= longest, `${nowMs}`);
    }
  });
});

describe("sortedKeys", () => {
  it("gives the order of the keys' bytes, in however many passes", async () => {
    await using kv = openMemory();
    await fillMixed(kv, 300, new Prng(9));
    const keys = await Array.fromAsync(kv.keys());
    const byBytes = (a: string, b: string): number =>
      Buffer.compare(Buffer.from(a), Buffer.from(b));
    const expected = keys.toSorted(byBytes);
    for (const keysMax of [2, 7, 100, 1_000]) {
      const limits = { bytesMax: 3_000, keysMax };
      deepStrictEqual(await Array.fromAsync(sortedKeys(kv, "", limits)), expected, `${keysMax}`);
    }
    const limits = { bytesMax: 2_048, keysMax: 1_000 };
    deepStrictEqual(await Array.fromAsync(sortedKeys(kv, "", limits)), expected);
  });

  it("gives keys whole where they are as long as a key can be", async () => {
    await using kv = openMemory();
    const keys = ["a".repeat(1_024), "aa".repeat(100), "b".repeat(1_000), "c"].sort();
    for (const key of keys.toReversed()) await kv.put(key, "v");
    const limits = { bytesMax: 2_048, keysMax: 100 };
    deepStrictEqual(await Array.fromAsync(sortedKeys(kv, "", limits)), keys);
  });
});
