/**
 * Read and write in one step: `increment`, `putIfEqual`, `removeIfEqual`.
 */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { bytes } from "../../kv/codec.ts";
import { contents, notANumber, rangeError, typeError, wrongTypeError } from "./expect.ts";
import type { Cases } from "./subject.ts";

const LARGEST = Number.MAX_SAFE_INTEGER;
const SMALLEST = Number.MIN_SAFE_INTEGER;

/** Text that reads as a number to many, but is none to `increment`. */
const noNumbers = [
  "",
  " ",
  "a",
  "1a",
  " 1",
  "1 ",
  "1\n",
  "+1",
  "-",
  "--1",
  "-0",
  "00",
  "01",
  "-01",
  "1.0",
  "1.5",
  ".5",
  "1e3",
  "0x10",
  "1_000",
  "1,000",
  "NaN",
  "Infinity",
  "null",
  "true",
  "\u0661",
  "9007199254740992",
  "-9007199254740992",
  "9223372036854775807",
  "9223372036854775808",
  "12345678901234567890",
  "1".repeat(400),
];

const incrementCases: Cases = {
  "increment() counts from 0 and from what is there": async ({ kv }) => {
    strictEqual(await kv.increment("k"), 1);
    strictEqual(await kv.increment("k"), 2);
    strictEqual(await kv.increment("k", 40), 42);
    strictEqual(await kv.increment("k", -50), -8);
    strictEqual(await kv.increment("k", 8), 0);
    deepStrictEqual(await contents(kv), [["k", "0", false]]);
  },

  "increment() of a missing key by a negative number": async ({ kv }) => {
    strictEqual(await kv.increment("k", -5), -5);
    strictEqual(await kv.get("k"), "-5");
  },

  "increment() by 0 tells the number": async ({ kv }) => {
    await kv.put("k", "17");
    strictEqual(await kv.increment("k", 0), 17);
    strictEqual(await kv.increment("missing", 0), 0);
    strictEqual(await kv.increment("missing", -0), 0);
    deepStrictEqual(await contents(kv), [["k", "17", false], ["missing", "0", false]]);
  },

  "increment() reads numbers that were put as text and as bytes": async ({ kv }) => {
    for (const [put, sum] of [["0", 1], ["-1", 0], ["-10", -9], ["1234567890123", 1234567890124]]) {
      await kv.put("k", put as string);
      strictEqual(await kv.increment("k"), sum);
      await kv.put("k", new TextEncoder().encode(put as string));
      strictEqual(await kv.increment("k"), sum);
      strictEqual(await kv.get("k"), String(sum));
    }
  },

  "increment() leaves text that put(), inspect() and putIfEqual() know": async ({ kv }) => {
    await kv.increment("k", 123);
    deepStrictEqual(await kv.inspect("k"), { type: "string", length: 3, expiresIn: null });
    deepStrictEqual(await kv.withCodec(bytes).get("k"), Uint8Array.of(49, 50, 51));
    strictEqual(await kv.putIfEqual("k", "123", "9"), true);
    strictEqual(await kv.increment("k"), 10);
  },

  "increment() goes as far as the safe integers, and not past them": async ({ kv }) => {
    strictEqual(await kv.increment("up", LARGEST), LARGEST);
    await rejects(kv.increment("up"), notANumber);
    await rejects(kv.increment("up", LARGEST), notANumber);
    strictEqual(await kv.increment("up", 0), LARGEST);
    strictEqual(await kv.increment("down", SMALLEST), SMALLEST);
    await rejects(kv.increment("down", -1), notANumber);
    await rejects(kv.increment("down", SMALLEST), notANumber);
    strictEqual(await kv.increment("down", 1), SMALLEST + 1);
    strictEqual(await kv.increment("down", LARGEST), 1);
    deepStrictEqual(await contents(kv), [["down", "1", false], ["up", `${LARGEST}`, false]]);
  },

  "increment() by what is no safe integer rejects and changes nothing": async ({ kv }) => {
    await kv.put("k", "5");
    for (const by of [1.5, NaN, Infinity, -Infinity, 2 ** 53, -(2 ** 53), 1e300]) {
      await rejects(kv.increment("k", by), rangeError, `by ${by}`);
      await rejects(kv.increment("missing", by), rangeError, `by ${by}`);
    }
    for (const by of ["1", null, true, 1n, {}] as number[]) {
      await rejects(kv.increment("k", by), typeError, `by ${String(by)}`);
    }
    deepStrictEqual(await contents(kv), [["k", "5", false]]);
  },

  "increment() issued many times at once counts each": async ({ kv }) => {
    const sums = await Promise.all(Array.from({ length: 200 }, () => kv.increment("k")));
    deepStrictEqual(sums, Array.from({ length: 200 }, (_, index) => index + 1));
  },

  "increment() of bytes that are not UTF-8 rejects and leaves them": async ({ kv }) => {
    await kv.put("k", Uint8Array.of(0xff, 0x31));
    await rejects(kv.increment("k"), notANumber);
    deepStrictEqual(await kv.withCodec(bytes).get("k"), Uint8Array.of(0xff, 0x31));
  },
};

function noNumberCase(text: string): Cases {
  const shown = text.length > 30 ? `${text.length} digits` : JSON.stringify(text);
  return {
    [`increment() of ${shown} rejects and leaves it`]: async ({ kv }) => {
      await kv.putExpire("k", text, 60_000);
      await rejects(kv.increment("k"), notANumber);
      await rejects(kv.increment("k", -1), notANumber);
      deepStrictEqual(await contents(kv), [["k", text, true]]);
    },
  };
}

const compareCases: Cases = {
  "putIfEqual() compares text and bytes as the same": async ({ kv }) => {
    const binary = kv.withCodec(bytes);
    await kv.put("k", "é");
    strictEqual(await binary.putIfEqual("k", Uint8Array.of(0xc3, 0xa9), "next"), true);
    await binary.put("k", Uint8Array.of(0xc3, 0xa9));
    strictEqual(await kv.putIfEqual("k", "é", "next"), true);
    await kv.put("k", "é");
    strictEqual(await kv.removeIfEqual("k", Uint8Array.of(0xc3, 0xa9)), true);
    strictEqual(await kv.has("k"), false);
  },

  "putIfEqual() compares bytes that are no text": async ({ kv }) => {
    await kv.put("k", Uint8Array.of(0xff, 0));
    strictEqual(await kv.putIfEqual("k", Uint8Array.of(0xfe, 0), "new"), false);
    strictEqual(await kv.putIfEqual("k", Uint8Array.of(0xff), "new"), false);
    strictEqual(await kv.putIfEqual("k", "\uFFFD\0", "new"), false);
    strictEqual(await kv.putIfEqual("k", Uint8Array.of(0xff, 0), Uint8Array.of(0xfe)), true);
    strictEqual(await kv.removeIfEqual("k", Uint8Array.of(0xff)), false);
    strictEqual(await kv.removeIfEqual("k", Uint8Array.of(0xfe)), true);
  },

  "putIfEqual() tells values apart that look alike": async ({ kv }) => {
    const alike = ["", " ", "0", "00", "\0", "a", "A", "a\0", "\r\n", "\u00e9", "e\u0301"];
    for (const value of alike) {
      await kv.put("k", value);
      for (const other of alike) {
        strictEqual(await kv.putIfEqual("k", other, value), other === value);
        if (other !== value) strictEqual(await kv.removeIfEqual("k", other), false);
      }
      strictEqual(await kv.get("k"), value);
      strictEqual(await kv.removeIfEqual("k", value), true);
    }
  },

  "putIfEqual() takes an empty value for another than a missing one": async ({ kv }) => {
    strictEqual(await kv.putIfEqual("k", "", "new"), false);
    strictEqual(await kv.removeIfEqual("k", ""), false);
    strictEqual(await kv.has("k"), false);
    await kv.put("k", "");
    strictEqual(await kv.putIfEqual("k", "", ""), true);
    strictEqual(await kv.removeIfEqual("k", ""), true);
  },

  "putIfEqual() lets one of those who compete through": async ({ kv }) => {
    await kv.put("k", "start");
    const won = await Promise.all(["a", "b", "c"].map((v) => kv.putIfEqual("k", "start", v)));
    deepStrictEqual(won, [true, false, false]);
    strictEqual(await kv.get("k"), "a");
  },

  "removeIfEqual() lets one of those who compete through": async ({ kv }) => {
    await kv.put("k", "token");
    const won = await Promise.all([1, 2, 3].map(() => kv.removeIfEqual("k", "token")));
    deepStrictEqual(won, [true, false, false]);
  },

  "putIfEqual() of an array rejects, even if it is told an element": async ({ kv }) => {
    await kv.append("k", "a");
    await rejects(kv.putIfEqual("k", "a", "new"), wrongTypeError);
    await rejects(kv.removeIfEqual("k", "a"), wrongTypeError);
    deepStrictEqual(await contents(kv), [["k", ["a"], false]]);
  },

  "putIfEqual() rejects what is no value": async ({ kv }) => {
    await kv.put("k", "kept");
    for (const wrong of [undefined, null, 5, {}] as string[]) {
      await rejects(kv.putIfEqual("k", wrong, "new"), typeError);
      await rejects(kv.putIfEqual("k", "kept", wrong), typeError);
      await rejects(kv.removeIfEqual("k", wrong), typeError);
    }
    deepStrictEqual(await contents(kv), [["k", "kept", false]]);
  },
};

/** What is true of the calls that read and write in one step. */
export const atomic: Cases = {
  ...incrementCases,
  ...Object.assign({}, ...noNumbers.map(noNumberCase)),
  ...compareCases,
};
