/**
 * Arrays: two ends, the rules of `Array#slice`, and no difference between empty and missing.
 */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { bytes } from "../../kv/codec.ts";
import type { Kv } from "../../kv/kv.ts";
import { contents, held, sorted, typeError, wrongTypeError } from "./expect.ts";
import { keys, loneSurrogates, notUtf8, values } from "./samples.ts";
import type { Cases } from "./subject.ts";

const ENDS = ["first", "last"] as const;

function elementCase(name: string, value: string): Cases {
  return {
    [`append() keeps ${name}`]: async ({ kv }) => {
      strictEqual(await kv.append("k", value, "between", value), 3);
      strictEqual(await kv.prepend("k", value), 4);
      deepStrictEqual(await kv.range("k"), [value, value, "between", value]);
      strictEqual(await kv.popFirst("k"), value);
      strictEqual(await kv.pop("k"), value);
      strictEqual(await kv.move("k", "other", { take: "first", put: "first" }), value);
      deepStrictEqual(await kv.range("k"), ["between"]);
      deepStrictEqual(await kv.range("other"), [value]);
    },
  };
}

/** What `range` gives for each pair of indices is what `Array#slice` gives. */
async function rangesLikeSlice(kv: Kv, array: string[], indices: (number | undefined)[]) {
  for (const start of indices) {
    const slices = indices.map((end) => array.slice(start, end));
    const ranges = await Promise.all(indices.map((end) => kv.range("k", start, end)));
    for (const [at, end] of indices.entries()) {
      deepStrictEqual(ranges[at], slices[at], `range("k", ${start}, ${end})`);
    }
  }
}

const contentsCases: Cases = {
  "append() adds values in their order": async ({ kv }) => {
    strictEqual(await kv.append("k", "a"), 1);
    strictEqual(await kv.append("k", "b", "c"), 3);
    deepStrictEqual(await kv.range("k"), ["a", "b", "c"]);
  },

  "prepend() leaves the last of its values first": async ({ kv }) => {
    strictEqual(await kv.prepend("k", "a", "b"), 2);
    strictEqual(await kv.prepend("k", "c", "d"), 4);
    deepStrictEqual(await kv.range("k"), ["d", "c", "b", "a"]);
  },

  "append() and prepend() without values reject": async ({ kv }) => {
    await rejects(kv.append("k"), typeError);
    await rejects(kv.prepend("k"), typeError);
    await kv.put("s", "kept");
    await rejects(kv.append("s"), typeError);
    deepStrictEqual(await contents(kv), [["s", "kept", false]]);
  },

  "append() adds all of its values or none": async ({ kv }) => {
    await kv.append("k", "kept");
    for (const value of [...loneSurrogates, 5, null, undefined] as string[]) {
      await rejects(kv.append("k", "a", value), typeError);
      await rejects(kv.append("k", value, "a"), typeError);
      await rejects(kv.prepend("k", "a", value), typeError);
      await rejects(kv.append("fresh", "a", value), typeError);
    }
    deepStrictEqual(await contents(kv), [["k", ["kept"], false]]);
  },

  "append() tells keys apart that look alike": async ({ kv }) => {
    for (const key of keys) strictEqual(await kv.append(key, key), 1, JSON.stringify(key));
    for (const key of keys) deepStrictEqual(await kv.range(key), [key], JSON.stringify(key));
    deepStrictEqual(await sorted(kv.keys()), [...keys].sort());
  },

  "append() keeps bytes that are not UTF-8, and a text view rejects them": async ({ kv }) => {
    const binary = kv.withCodec(bytes);
    strictEqual(await binary.append("k", ...notUtf8), notUtf8.length);
    await rejects(kv.range("k"), typeError);
    deepStrictEqual(await binary.range("k"), notUtf8);
    for (const value of notUtf8) deepStrictEqual(await binary.popFirst("k"), value);
  },

  "append() takes a copy of the bytes, and range() and pop() give copies": async ({ kv }) => {
    const binary = kv.withCodec(bytes);
    const given = Uint8Array.of(1, 2, 3);
    const stored = binary.append("k", given, given);
    given.fill(9);
    await stored;
    for (const element of await binary.range("k")) element.fill(9);
    deepStrictEqual(await binary.pop("k"), Uint8Array.of(1, 2, 3));
    (await binary.move("k", "k", { take: "first", put: "last" }))?.fill(9);
    deepStrictEqual(await binary.pop("k"), Uint8Array.of(1, 2, 3));
  },

  "append() takes ten thousand values at once": async ({ kv }) => {
    const elements = Array.from({ length: 10_000 }, (_, index) => `element ${index}`);
    strictEqual(await kv.append("k", ...elements), elements.length);
    deepStrictEqual(await kv.range("k"), elements);
    deepStrictEqual(await kv.range("k", -3), elements.slice(-3));
    strictEqual(await kv.prepend("k", ...elements), 2 * elements.length);
    deepStrictEqual(await kv.range("k", 0, 3), elements.slice(-3).reverse());
    strictEqual(await kv.delete("k"), true);
    strictEqual(await kv.length("k"), 0);
  },

  "inspect() counts elements, empty ones too": async ({ kv }) => {
    await kv.append("k", "", "", "long".repeat(100));
    deepStrictEqual(await kv.inspect("k"), { type: "array", length: 3, expiresIn: null });
    strictEqual(await kv.length("k"), 3);
  },
};

const popCases: Cases = {
  "pop() of the only element removes the key": async ({ kv }) => {
    for (const take of ["pop", "popFirst"] as const) {
      await kv.append("k", "only");
      strictEqual(await kv[take]("k"), "only");
      strictEqual(await kv.has("k"), false);
      strictEqual(await kv.inspect("k"), null);
      deepStrictEqual(await sorted(kv.keys()), []);
      strictEqual(await kv.put("k", "string", { ifAbsent: true }), true);
      strictEqual(await kv.remove("k"), true);
    }
  },

  "pop() of an empty element is not null": async ({ kv }) => {
    await kv.append("k", "", "");
    strictEqual(await kv.pop("k"), "");
    strictEqual(await kv.popFirst("k"), "");
    strictEqual(await kv.pop("k"), null);
  },

  "pop() and popFirst() keep order through growth and shrinking": async ({ kv }) => {
    const model: string[] = [];
    for (let step = 0; step < 600; step++) {
      const isGrowing = step % 200 < 120;
      if (!isGrowing && step % 2 === 0) {
        strictEqual(await kv.pop("k"), model.pop() ?? null);
      } else if (!isGrowing) {
        strictEqual(await kv.popFirst("k"), model.shift() ?? null);
      } else if (step % 3 === 0) {
        strictEqual(await kv.prepend("k", `${step}`), model.unshift(`${step}`));
      } else {
        strictEqual(await kv.append("k", `${step}`), model.push(`${step}`));
      }
    }
    deepStrictEqual(await kv.range("k"), model);
    strictEqual(await kv.length("k"), model.length);
  },

  "popFirst() serves a queue of thousands in order": async ({ kv }) => {
    const jobs = Array.from({ length: 3_000 }, (_, index) => `job ${index}`);
    await Promise.all(jobs.map((job) => kv.append("k", job)));
    deepStrictEqual(await Promise.all(jobs.map(() => kv.popFirst("k"))), jobs);
    strictEqual(await kv.has("k"), false);
  },

  "pop() gives an element to one of those who ask": async ({ kv }) => {
    await kv.append("k", "a", "b");
    deepStrictEqual(await Promise.all([1, 2, 3].map(() => kv.pop("k"))), ["b", "a", null]);
  },
};

const rangeCases: Cases = {
  "range() follows Array#slice for every small start and end": async ({ kv }) => {
    const array = ["a", "b", "c", "d", "e"];
    await kv.append("k", ...array);
    const around = Array.from({ length: 15 }, (_, index) => index - 7);
    await rangesLikeSlice(kv, array, [undefined, ...around]);
  },

  "range() follows Array#slice for one element and for none": async ({ kv }) => {
    const around = [undefined, -2, -1, 0, 1, 2];
    await rangesLikeSlice(kv, [], around);
    await kv.append("k", "only");
    await rangesLikeSlice(kv, ["only"], around);
  },

  "range() follows Array#slice for odd numbers": async ({ kv }) => {
    const array = ["a", "b", "c"];
    await kv.append("k", ...array);
    const odd = [0.9, 1.5, -0.5, -1.5, -0, NaN, Infinity, -Infinity];
    const far = [2 ** 31, -(2 ** 31), 2 ** 32 + 1, 2 ** 53, -(2 ** 53), 2 ** 63, 1e308, -1e308];
    await rangesLikeSlice(kv, array, [...odd, ...far, undefined]);
  },

  "range() reads a window anywhere in a long array": async ({ kv }) => {
    const array = Array.from({ length: 2_000 }, (_, index) => String(index));
    await kv.append("k", ...array);
    for (const start of [0, 1, 500, 999, 1_000, 1_001, 1_990, -1, -10, -1_000, -2_000]) {
      deepStrictEqual(await kv.range("k", start, start + 7), array.slice(start, start + 7));
    }
  },

  "range() changes nothing": async ({ kv }) => {
    await kv.append("k", "a", "b");
    (await kv.range("k")).push("c");
    deepStrictEqual(await kv.range("k"), ["a", "b"]);
  },
};

const moveCases: Cases = {
  "move() takes and puts at the ends it is told": async ({ kv }) => {
    for (const take of ENDS) {
      for (const put of ENDS) {
        await kv.delete("from");
        await kv.delete("to");
        await kv.append("from", "a", "b", "c");
        await kv.append("to", "x", "y");
        const taken = take === "first" ? "a" : "c";
        strictEqual(await kv.move("from", "to", { take, put }), taken);
        deepStrictEqual(await kv.range("from"), take === "first" ? ["b", "c"] : ["a", "b"]);
        deepStrictEqual(
          await kv.range("to"),
          put === "first" ? [taken, "x", "y"] : ["x", "y", taken],
        );
      }
    }
  },

  "move() within one array turns it": async ({ kv }) => {
    await kv.append("k", "a", "b", "c");
    strictEqual(await kv.move("k", "k", { take: "first", put: "last" }), "a");
    deepStrictEqual(await kv.range("k"), ["b", "c", "a"]);
    strictEqual(await kv.move("k", "k", { take: "last", put: "first" }), "a");
    deepStrictEqual(await kv.range("k"), ["a", "b", "c"]);
    strictEqual(await kv.move("k", "k", { take: "last", put: "last" }), "c");
    strictEqual(await kv.move("k", "k", { take: "first", put: "first" }), "a");
    deepStrictEqual(await kv.range("k"), ["a", "b", "c"]);
  },

  "move() of the only element within one array keeps it": async ({ kv }) => {
    await kv.append("k", "only");
    for (const take of ENDS) {
      for (const put of ENDS) strictEqual(await kv.move("k", "k", { take, put }), "only");
    }
    deepStrictEqual(await contents(kv), [["k", ["only"], false]]);
  },

  "move() of the last element removes the array": async ({ kv }) => {
    await kv.append("from", "only");
    strictEqual(await kv.move("from", "to", { take: "last", put: "last" }), "only");
    deepStrictEqual(await contents(kv), [["to", ["only"], false]]);
  },

  "move() from a missing key creates nothing": async ({ kv }) => {
    strictEqual(await kv.move("from", "to", { take: "first", put: "last" }), null);
    deepStrictEqual(await contents(kv), []);
    await kv.append("to", "kept");
    strictEqual(await kv.move("from", "to", { take: "first", put: "last" }), null);
    deepStrictEqual(await contents(kv), [["to", ["kept"], false]]);
  },

  "move() from a missing key asks nothing of the other": async ({ kv }) => {
    await kv.put("to", "a string");
    strictEqual(await kv.move("missing", "to", { take: "first", put: "last" }), null);
    strictEqual(await kv.get("to"), "a string");
  },

  "move() to a string rejects and moves nothing": async ({ kv }) => {
    await kv.append("from", "a");
    await kv.put("to", "string");
    await rejects(kv.move("from", "to", { take: "first", put: "last" }), wrongTypeError);
    deepStrictEqual(await held(kv, "from"), ["a"]);
    deepStrictEqual(await held(kv, "to"), "string");
  },

  "move() from a string rejects and moves nothing": async ({ kv }) => {
    await kv.put("from", "string");
    await kv.append("to", "a");
    await rejects(kv.move("from", "to", { take: "first", put: "last" }), wrongTypeError);
    await rejects(kv.move("from", "fresh", { take: "first", put: "last" }), wrongTypeError);
    deepStrictEqual(await contents(kv), [["from", "string", false], ["to", ["a"], false]]);
  },

  "move() without both ends rejects and moves nothing": async ({ kv }) => {
    await kv.append("from", "a");
    const wrong: unknown[] = [
      undefined,
      null,
      {},
      { take: "first" },
      { put: "first" },
      { take: "left", put: "right" },
      { take: "first", put: 0 },
    ];
    for (const options of wrong) await rejects(kv.move("from", "to", options as never), typeError);
    deepStrictEqual(await contents(kv), [["from", ["a"], false]]);
  },
};

/** What is true of arrays. */
export const lists: Cases = {
  ...Object.assign({}, ...Object.entries(values).map(([name, value]) => elementCase(name, value))),
  ...contentsCases,
  ...popCases,
  ...rangeCases,
  ...moveCases,

  "append() and prepend() take 20,000 values at once": async ({ kv }) => {
    const values = Array.from({ length: 20_000 }, (_, index) => `v${index}`);
    strictEqual(await kv.append("k", ...values), 20_000);
    strictEqual(await kv.prepend("k", ...values), 40_000);
    deepStrictEqual(await kv.range("k", 19_999, 20_001), ["v0", "v0"]);
    deepStrictEqual(await kv.range("k", -2), ["v19998", "v19999"]);
  },
};
