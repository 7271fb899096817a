/**
 * Limits: keys of 0 to 1024 bytes, large values, long arrays.
 */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { bytes } from "../../kv/codec.ts";
import type { Kv } from "../../kv/kv.ts";
import { contents, listed, rangeError, sorted } from "./expect.ts";
import { keyOperations, type Operation } from "./operations.ts";
import type { Cases } from "./subject.ts";

/** Keys that fill the limit or stay just below, by their bytes as UTF-8. */
const fitting: readonly (readonly [bytes: number, key: string])[] = [
  [0, ""],
  [1, "k"],
  [1_023, "k".repeat(1_023)],
  [1_024, "k".repeat(1_024)],
  [1_024, "é".repeat(512)],
  [1_023, "€".repeat(341)],
  [1_024, `${"€".repeat(341)}k`],
  [1_024, "🦕".repeat(256)],
  [1_024, `${"k".repeat(1_020)}🦕`],
  [1_024, "\0".repeat(1_024)],
];

/** Keys just past the limit, most of them with fewer than 1025 characters. */
const tooLong: readonly string[] = [
  "k".repeat(1_025),
  "k".repeat(100_000),
  `${"é".repeat(512)}k`,
  "é".repeat(513),
  "€".repeat(342),
  `${"€".repeat(341)}kk`,
  `${"🦕".repeat(256)}k`,
  `${"k".repeat(1_021)}🦕`,
];

function operationCases(name: string, { call, missing }: Operation): Cases {
  return {
    [`${name} takes a key of 1024 bytes`]: async ({ kv }) => {
      for (const key of ["k".repeat(1_024), "é".repeat(512), "🦕".repeat(256)]) {
        await kv.delete("source");
        await kv.append("source", "s");
        deepStrictEqual(await call(kv, key), missing.answer);
      }
    },
    [`${name} rejects a key of over 1024 bytes and changes nothing`]: async ({ kv }) => {
      await kv.append("source", "s");
      for (const key of tooLong) await rejects(call(kv, key), rangeError);
      deepStrictEqual(await contents(kv), [["source", ["s"], false]]);
    },
  };
}

function patterned(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 131 + (at >> 8) * 17) & 0xff);
}

async function putSizes(kv: Kv, sizes: readonly number[]): Promise<void> {
  const binary = kv.withCodec(bytes);
  const expected = sizes.map(patterned);
  await Promise.all(expected.map((value, index) => binary.put(`k${sizes[index]}`, value)));
  await Promise.all(expected.map((value) => binary.append("all", value)));
  for (const [index, size] of sizes.entries()) {
    deepStrictEqual(await binary.get(`k${size}`), expected[index], `${size} bytes`);
  }
  deepStrictEqual(await binary.range("all"), expected);
}

/** What is true at the limits. */
export const limits: Cases = {
  ...Object.assign(
    {},
    ...Object.entries(keyOperations).map(([name, operation]) => operationCases(name, operation)),
  ),

  "put() keeps keys of every length at the limit": async ({ kv }) => {
    for (const [size, key] of fitting) {
      strictEqual(new TextEncoder().encode(key).length, size);
      strictEqual(await kv.put(key, key, { ifAbsent: true }), true);
    }
    for (const [, key] of fitting) strictEqual(await kv.get(key), key);
    deepStrictEqual(await sorted(kv.keys()), fitting.map(([, key]) => key).sort());
    for (const [, key] of fitting) strictEqual(await kv.remove(key), true);
  },

  "append() keeps keys of every length at the limit": async ({ kv }) => {
    for (const [, key] of fitting) strictEqual(await kv.append(key, key), 1);
    for (const [, key] of fitting) strictEqual(await kv.pop(key), key);
    deepStrictEqual(await contents(kv), []);
  },

  "put() tells keys apart that differ in their last byte": async ({ kv }) => {
    const head = "k".repeat(1_023);
    await kv.putMany([["a", "b", "c"].map((end) => head + end)].flat().map((key) => [key, key]));
    for (const end of ["a", "b", "c"]) strictEqual(await kv.get(head + end), head + end);
    deepStrictEqual(await listed(kv.keys({ prefix: `${head}b` })), [`${head}b`]);
  },

  "move() rejects a key of over 1024 bytes on either side": async ({ kv }) => {
    await kv.append("k", "a");
    for (const key of tooLong) {
      await rejects(kv.move("k", key, { take: "first", put: "last" }), rangeError);
      await rejects(kv.move(key, "k", { take: "first", put: "last" }), rangeError);
    }
    deepStrictEqual(await contents(kv), [["k", ["a"], false]]);
  },

  "put() and append() keep values of sizes around powers of two": async ({ kv }) => {
    const sizes = [0, 1, 7, 8, 15, 16, 63, 64, 127, 128, 255, 256, 511, 512, 1_023, 1_024, 4_095];
    await putSizes(kv, [...sizes, 4_096, 4_097, 8_191, 8_192, 16_383, 16_384, 65_535, 65_536]);
  },

  "put() and append() keep values of megabytes": async ({ kv }) => {
    await putSizes(kv, [1_048_575, 1_048_576, 1_048_577, 5_000_000]);
  },

  "append() keeps long and short elements side by side": async ({ kv }) => {
    const elements = Array.from({ length: 60 }, (_, index) => "x".repeat((index * 7_919) % 40_000));
    await kv.append("k", ...elements);
    deepStrictEqual(await kv.range("k"), elements);
    for (let left = 0; left < 30; left++) {
      strictEqual(await kv.popFirst("k"), elements[left]);
      strictEqual(await kv.pop("k"), elements[59 - left]);
    }
    strictEqual(await kv.has("k"), false);
  },
};
