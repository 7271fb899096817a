/**
 * Batches: any number of keys, answers in order, misuse found before anything is stored.
 */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { bytes } from "../../kv/codec.ts";
import { contents, listed, rangeError, sorted, typeError, wrongTypeError } from "./expect.ts";
import { keys, loneSurrogates, values } from "./samples.ts";
import type { Cases } from "./subject.ts";

/** More than a backend sends or writes in one piece. */
const MANY = 5_000;

const manyKeys = Array.from({ length: MANY }, (_, index) => `key:${index}`);

const getCases: Cases = {
  "getMany() answers in the order of the keys": async ({ kv }) => {
    await kv.putMany([["a", "1"], ["b", ""], ["c", "3"]]);
    deepStrictEqual(
      await kv.getMany(["c", "missing", "a", "b", "a", "gone"]),
      ["3", null, "1", "", "1", null],
    );
  },

  "getMany() of no keys is empty": async ({ kv }) => {
    await kv.put("a", "1");
    deepStrictEqual(await kv.getMany([]), []);
    deepStrictEqual(await kv.getMany(new Set<string>()), []);
  },

  "getMany(), putMany() and removeMany() reject what is no list": async ({ kv }) => {
    for (const wrong of ["ab", null, undefined, 5, {}] as never[]) {
      await rejects(kv.getMany(wrong), typeError);
      await rejects(kv.putMany(wrong), typeError);
      await rejects(kv.removeMany(wrong), typeError);
    }
    await rejects(kv.putMany(["ab", "cd"] as never), typeError);
    deepStrictEqual(await contents(kv), []);
  },

  "getMany() takes any iterable": async ({ kv }) => {
    await kv.putMany([["a", "1"], ["b", "2"]]);
    function* names(): Generator<string> {
      yield "b";
      yield "a";
    }
    deepStrictEqual(await kv.getMany(names()), ["2", "1"]);
    deepStrictEqual(await kv.getMany(new Set(["a", "b", "a"])), ["1", "2"]);
    deepStrictEqual(await kv.getMany(new Map([["b", 0]]).keys()), ["2"]);
  },

  "getMany() rejects if one of the keys holds an array": async ({ kv }) => {
    await kv.put("a", "1");
    await kv.append("array", "x");
    await rejects(kv.getMany(["a", "array"]), wrongTypeError);
    await rejects(kv.getMany(["array", "missing"]), wrongTypeError);
    deepStrictEqual(await kv.getMany(["a", "missing"]), ["1", null]);
  },

  "getMany() of thousands of keys rejects for the one array": async ({ kv }) => {
    await kv.append(manyKeys[MANY - 1] ?? "", "x");
    await rejects(kv.getMany(manyKeys), wrongTypeError);
  },

  "getMany() reads odd values under odd keys": async ({ kv }) => {
    const pairs = keys.map((key, index): [string, string] => [
      key,
      Object.values(values)[index % 12] ?? "",
    ]);
    await kv.putMany(pairs);
    deepStrictEqual(await kv.getMany(keys), pairs.map(([, value]) => value));
  },
};

const putCases: Cases = {
  "putMany() takes any iterable of pairs": async ({ kv }) => {
    function* pairs(): Generator<[string, string]> {
      yield ["generated", "1"];
      yield ["also", "2"];
    }
    strictEqual(await kv.putMany(pairs()), undefined);
    await kv.putMany(new Map([["mapped", "3"]]));
    await kv.putMany(Object.entries({ listed: "4" }));
    deepStrictEqual(await sorted(kv.entries()), [
      ["also", "2"],
      ["generated", "1"],
      ["listed", "4"],
      ["mapped", "3"],
    ]);
  },

  "putMany() of nothing stores nothing": async ({ kv }) => {
    await kv.putMany([]);
    await kv.putMany(new Map());
    deepStrictEqual(await contents(kv), []);
  },

  "putMany() lets the last of equal keys win": async ({ kv }) => {
    await kv.putMany([["k", "first"], ["other", "x"], ["k", "last"]]);
    deepStrictEqual(await contents(kv), [["k", "last", false], ["other", "x", false]]);
  },

  "putMany() replaces strings and arrays": async ({ kv }) => {
    await kv.put("s", "old");
    await kv.append("a", "old");
    await kv.putMany([["s", "new"], ["a", "new"]]);
    deepStrictEqual(await contents(kv), [["a", "new", false], ["s", "new", false]]);
  },

  "putMany() keeps bytes, and copies of them": async ({ kv }) => {
    const given = Uint8Array.of(0, 13, 10, 255);
    const binary = kv.withCodec(bytes);
    const stored = binary.putMany([["a", given], ["b", given.subarray(1, 3)]]);
    given.fill(7);
    await stored;
    deepStrictEqual(await binary.getMany(["a", "b"]), [
      Uint8Array.of(0, 13, 10, 255),
      Uint8Array.of(13, 10),
    ]);
  },

  "putMany(), getMany() and removeMany() take thousands of keys": async ({ kv }) => {
    await kv.putMany(manyKeys.map((key, index) => [key, String(index)]));
    deepStrictEqual(await kv.getMany(manyKeys), manyKeys.map((_, index) => String(index)));
    strictEqual((await listed(kv.keys())).length, MANY);
    const removed = await kv.removeMany(["missing", ...manyKeys.slice(1)]);
    deepStrictEqual(removed, [false, ...manyKeys.slice(1).map(() => true)]);
    deepStrictEqual(await contents(kv), [["key:0", "0", false]]);
  },

  "putMany() stores nothing if one of the entries is misuse": async ({ kv }) => {
    const key = "k".repeat(1_025);
    await rejects(kv.putMany([["a", "1"], [key, "2"], ["c", "3"]]), rangeError);
    for (const wrong of [...loneSurrogates, 5, null, undefined] as string[]) {
      await rejects(kv.putMany([["a", "1"], [wrong, "2"]]), typeError);
      await rejects(kv.putMany([["a", "1"], ["b", wrong]]), typeError);
    }
    const noPairs = [undefined, null, 5, ["ab", null], ["a", 5], [[]]];
    for (const wrong of noPairs) await rejects(kv.putMany(wrong as never), typeError);
    deepStrictEqual(await contents(kv), []);
  },

  "putMany() of an iterable that throws rejects with its error and stores nothing": async (
    { kv },
  ) => {
    const thrown = new Error("no more");
    function* pairs(): Generator<[string, string]> {
      yield ["a", "1"];
      throw thrown;
    }
    await rejects(kv.putMany(pairs()), (error) => error === thrown);
    deepStrictEqual(await contents(kv), []);
  },
};

const removeCases: Cases = {
  "removeMany() tells for each key whether a string was removed": async ({ kv }) => {
    await kv.putMany([["a", "1"], ["b", ""], ["c", "3"]]);
    await kv.append("array", "x");
    deepStrictEqual(
      await kv.removeMany(["b", "missing", "array", "a", "b"]),
      [true, false, false, true, false],
    );
    deepStrictEqual(await contents(kv), [["array", ["x"], false], ["c", "3", false]]);
  },

  "removeMany() of no keys removes nothing": async ({ kv }) => {
    await kv.put("a", "1");
    deepStrictEqual(await kv.removeMany([]), []);
    strictEqual(await kv.get("a"), "1");
  },

  "removeMany() spares thousands of arrays": async ({ kv }) => {
    const arrays = manyKeys.slice(0, 1_500);
    await Promise.all(arrays.map((key) => kv.append(key, key)));
    deepStrictEqual(await kv.removeMany(arrays), arrays.map(() => false));
    strictEqual((await listed(kv.keys())).length, arrays.length);
  },

  "getMany() and removeMany() reject if one of the keys is misuse": async ({ kv }) => {
    await kv.putMany([["a", "1"], ["b", "2"]]);
    for (const wrong of [...loneSurrogates, 5, null, undefined, {}] as string[]) {
      await rejects(kv.getMany(["a", wrong]), typeError);
      await rejects(kv.removeMany(["a", wrong, "b"]), typeError);
    }
    await rejects(kv.getMany(["a", "k".repeat(1_025)]), rangeError);
    await rejects(kv.removeMany(["a", "k".repeat(1_025)]), rangeError);
    for (const wrong of [undefined, null, 5, {}] as string[][]) {
      await rejects(kv.getMany(wrong), typeError);
      await rejects(kv.removeMany(wrong), typeError);
    }
    deepStrictEqual(await contents(kv), [["a", "1", false], ["b", "2", false]]);
  },
};

/** What is true of the calls that take many keys. */
export const batches: Cases = { ...getCases, ...putCases, ...removeCases };
