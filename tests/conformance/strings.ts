/**
 * Strings: what is put in comes out, byte by byte, under any key.
 */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { bytes } from "../../kv/codec.ts";
import type { Kv } from "../../kv/kv.ts";
import { contents, sorted, typeError } from "./expect.ts";
import { keys, loneSurrogates, notUtf8, values } from "./samples.ts";
import type { Cases } from "./subject.ts";

const utf8 = new TextEncoder();

function valueCases(name: string, value: string): Cases {
  return {
    [`put() keeps ${name}`]: async ({ kv }) => {
      const length = utf8.encode(value).length;
      strictEqual(await kv.put("k", value), true);
      strictEqual(await kv.get("k"), value);
      strictEqual(await kv.has("k"), true);
      deepStrictEqual(await kv.inspect("k"), { type: "string", length, expiresIn: null });
      deepStrictEqual(await kv.getMany(["k"]), [value]);
      deepStrictEqual(await sorted(kv.entries()), [["k", value]]);
      strictEqual(await kv.put("k", "other", { ifAbsent: true }), false);
      strictEqual(await kv.fetchRemove("k"), value);
      strictEqual(await kv.get("k"), null);
    },
    [`put() takes the bytes of ${name} for the same`]: async ({ kv }) => {
      const encoded = utf8.encode(value);
      await kv.put("k", encoded);
      strictEqual(await kv.get("k"), value);
      deepStrictEqual(await kv.withCodec(bytes).get("k"), encoded);
      await kv.put("k", value);
      deepStrictEqual(await kv.withCodec(bytes).get("k"), encoded);
      strictEqual(await kv.putIfEqual("k", encoded, "next"), true);
    },
  };
}

/** Each key holds its own index, and none shows the value of another. */
async function holdIndices(kv: Kv): Promise<void> {
  for (const [index, key] of keys.entries()) {
    strictEqual(await kv.get(key), String(index), JSON.stringify(key));
  }
}

/** What is true of strings. */
export const strings: Cases = {
  ...Object.assign({}, ...Object.entries(values).map(([name, value]) => valueCases(name, value))),

  "put() tells keys apart that look alike": async ({ kv }) => {
    for (const [index, key] of keys.entries()) {
      strictEqual(await kv.put(key, String(index), { ifAbsent: true }), true, JSON.stringify(key));
    }
    await holdIndices(kv);
    deepStrictEqual(await sorted(kv.keys()), [...keys].sort());
  },

  "remove() of one key leaves those that look like it": async ({ kv }) => {
    await kv.putMany(keys.map((key) => [key, key]));
    for (const [index, key] of keys.entries()) {
      strictEqual(await kv.remove(key), true, JSON.stringify(key));
      strictEqual(await kv.has(key), false);
      strictEqual((await sorted(kv.keys())).length, keys.length - index - 1);
    }
  },

  "get() finds nothing under a name that every object has": async ({ kv }) => {
    for (const key of ["__proto__", "constructor", "toString", "hasOwnProperty", "length", ""]) {
      strictEqual(await kv.get(key), null);
      strictEqual(await kv.has(key), false);
      strictEqual(await kv.inspect(key), null);
      strictEqual(await kv.remove(key), false);
      strictEqual(await kv.pop(key), null);
    }
  },

  "put() replaces a value by a longer and a shorter one": async ({ kv }) => {
    for (const length of [10, 0, 1, 5_000, 17, 100_000, 16, 15]) {
      strictEqual(await kv.put("k", "x".repeat(length)), true);
      strictEqual(await kv.get("k"), "x".repeat(length));
      deepStrictEqual(await kv.inspect("k"), { type: "string", length, expiresIn: null });
    }
    deepStrictEqual(await sorted(kv.keys()), ["k"]);
  },

  "put() over an array leaves none of its elements": async ({ kv }) => {
    await kv.append("k", "a", "b", "c");
    await kv.put("k", "string");
    strictEqual(await kv.get("k"), "string");
    await kv.remove("k");
    strictEqual(await kv.length("k"), 0);
    strictEqual(await kv.append("k", "new"), 1);
    deepStrictEqual(await kv.range("k"), ["new"]);
  },

  "put() with ifAbsent stores one value only": async ({ kv }) => {
    const stored = await Promise.all(
      ["a", "b", "c", "d"].map((value) => kv.put("k", value, { ifAbsent: true })),
    );
    deepStrictEqual(stored, [true, false, false, false]);
    strictEqual(await kv.get("k"), "a");
  },

  "put() takes options that say nothing": async ({ kv }) => {
    const nothing = { expireIn: undefined, ifAbsent: undefined, keepTtl: undefined };
    strictEqual(await kv.put("k", "v", nothing), true);
    strictEqual(await kv.put("k", "w", { ifAbsent: false, keepTtl: false }), true);
    strictEqual(await kv.put("k", "x", {}), true);
    deepStrictEqual(await contents(kv), [["k", "x", false]]);
  },

  "put() keeps bytes of every value": async ({ kv }) => {
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const binary = kv.withCodec(bytes);
    await binary.put("k", all);
    deepStrictEqual(await binary.get("k"), all);
    deepStrictEqual(await kv.inspect("k"), { type: "string", length: 256, expiresIn: null });
    deepStrictEqual(await binary.fetchRemove("k"), all);
  },

  "put() keeps the part of a buffer that it was given": async ({ kv }) => {
    const buffer = Uint8Array.from({ length: 64 }, (_, byte) => byte);
    const binary = kv.withCodec(bytes);
    await binary.put("middle", buffer.subarray(10, 20));
    await binary.put("none", buffer.subarray(5, 5));
    deepStrictEqual(await binary.get("middle"), buffer.slice(10, 20));
    deepStrictEqual(await binary.get("none"), new Uint8Array(0));
  },

  "put() takes a Buffer, which shares its memory with others": async ({ kv }) => {
    const buffer = Buffer.from("kept");
    await kv.put("s", buffer);
    await kv.append("a", buffer);
    buffer.fill(0);
    strictEqual(await kv.get("s"), "kept");
    deepStrictEqual(await kv.range("a"), ["kept"]);
    deepStrictEqual(await kv.withCodec(bytes).get("s"), Uint8Array.from([107, 101, 112, 116]));
  },

  "put() keeps 3 MiB of bytes": async ({ kv }) => {
    const large = new Uint8Array(3 << 20);
    for (let at = 0; at < large.length; at++) large[at] = (at * 31 + (at >> 8)) & 0xff;
    const binary = kv.withCodec(bytes);
    await binary.put("k", large);
    deepStrictEqual(await binary.get("k"), large);
  },

  "put() takes a copy of the bytes": async ({ kv }) => {
    const given = Uint8Array.of(1, 2, 3);
    const binary = kv.withCodec(bytes);
    const stored = binary.put("k", given);
    given.fill(9);
    await stored;
    deepStrictEqual(await binary.get("k"), Uint8Array.of(1, 2, 3));
    given.fill(8);
    deepStrictEqual(await binary.get("k"), Uint8Array.of(1, 2, 3));
  },

  "get() gives out a copy of the bytes": async ({ kv }) => {
    const binary = kv.withCodec(bytes);
    await binary.put("k", Uint8Array.of(1, 2, 3));
    for (const read of [() => binary.get("k"), async () => (await binary.getMany(["k"]))[0]]) {
      const got = await read();
      deepStrictEqual(got, Uint8Array.of(1, 2, 3));
      got?.fill(9);
      deepStrictEqual(await binary.get("k"), Uint8Array.of(1, 2, 3));
      if (got) deepStrictEqual(new Uint8Array(got.buffer).length, 3, "the buffer is its own");
    }
    for await (const [, got] of binary.entries()) got.fill(9);
    deepStrictEqual(await binary.get("k"), Uint8Array.of(1, 2, 3));
  },

  "get() as text rejects bytes that are not UTF-8 and leaves them": async ({ kv }) => {
    const binary = kv.withCodec(bytes);
    for (const value of notUtf8) {
      await binary.put("k", value);
      await rejects(kv.get("k"), typeError);
      await rejects(kv.getMany(["k"]), typeError);
      await rejects(sorted(kv.entries()), typeError);
      deepStrictEqual(await binary.get("k"), value);
    }
  },

  "fetchRemove() as text rejects bytes that are not UTF-8": async ({ kv }) => {
    await kv.put("k", Uint8Array.of(0xff));
    await rejects(kv.fetchRemove("k"), typeError);
  },

  "put() rejects text with a lone surrogate and stores nothing": async ({ kv }) => {
    for (const value of loneSurrogates) {
      await rejects(kv.put("k", value), typeError);
      await rejects(kv.putExpire("k", value, 1_000), typeError);
      await rejects(kv.putMany([["j", "fine"], ["k", value]]), typeError);
    }
    deepStrictEqual(await contents(kv), []);
  },

  "putIfEqual() rejects text with a lone surrogate and stores nothing": async ({ kv }) => {
    await kv.put("k", "kept");
    for (const value of loneSurrogates) {
      await rejects(kv.putIfEqual("k", "kept", value), typeError);
      await rejects(kv.putIfEqual("k", value, "new"), typeError);
      await rejects(kv.removeIfEqual("k", value), typeError);
    }
    deepStrictEqual(await contents(kv), [["k", "kept", false]]);
  },

  "fetchRemove() gives a value to one of those who ask": async ({ kv }) => {
    await kv.put("k", "one");
    const got = await Promise.all([1, 2, 3].map(() => kv.fetchRemove("k")));
    deepStrictEqual(got, ["one", null, null]);
  },

  "remove() of a key leaves the value of its prefix": async ({ kv }) => {
    await kv.putMany([["user", "1"], ["user:1", "2"], ["user:1:name", "3"]]);
    strictEqual(await kv.remove("user:1"), true);
    deepStrictEqual(await contents(kv), [["user", "1", false], ["user:1:name", "3", false]]);
  },
};
