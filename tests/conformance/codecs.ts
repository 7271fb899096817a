/**
 * Codecs: every value that goes in passes through `encode`, every one that comes out through
 * `decode`, and what they throw costs no data.
 */

import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import type { FileKv, ValkeyKv } from "../../kv/backends.ts";
import { bytes, type Codec, json, text } from "../../kv/codec.ts";
import { KvError } from "../../kv/errors.ts";
import type { Kv } from "../../kv/kv.ts";
import { contents, listed, typeError, wrongTypeError } from "./expect.ts";
import { loneSurrogates, values } from "./samples.ts";
import type { Cases } from "./subject.ts";

/** The stored text is not JSON. */
const notJson = {
  name: "SyntaxError",
  message: "Cannot read a value as JSON: its text is not JSON",
};

interface User {
  readonly name: string;
  readonly roles?: readonly string[];
}

const ada: User = { name: "Ada", roles: ["admin"] };
const grace: User = { name: "Grace \ud83e\udd95", roles: [] };

/** Whole numbers as four bytes, so that what is stored is no text. */
const four: Codec<number> = {
  encode(value: number): Uint8Array {
    const encoded = new Uint8Array(4);
    new DataView(encoded.buffer).setInt32(0, value);
    return encoded;
  },
  decode(value: Uint8Array): number {
    return new DataView(value.buffer, value.byteOffset, value.length).getInt32(0);
  },
};

const thrown = new Error("thrown by the codec");

/** The calls that a backend has beside those of all. */
function callsOfItsOwn(kv: Kv): (() => Promise<unknown>)[] {
  if (kv.backend === "memory") return [];
  if (kv.backend === "file") {
    const file = kv as FileKv;
    return [() => file.sync(), () => file.check(), () => file.compact()];
  }
  const server = kv as ValkeyKv;
  return [() => server.command("PING"), () => server.flush(), () => server.connect()];
}

/** Throws at the value `"bad"`, on its way in or out. */
const encodeThrows: Codec<string> = {
  encode(value: string): string {
    if (value === "bad") throw thrown;
    return value;
  },
  decode: text.decode,
};
const decodeThrows: Codec<string> = {
  encode: (value: string): string => value,
  decode(): never {
    throw thrown;
  },
};

const isThrown = (error: unknown): boolean => error === thrown;

/** Every way in and out with two values that are the same after a round. */
async function roundTrips<T>(kv: Kv<T, T>, one: T, other: T): Promise<void> {
  strictEqual(await kv.put("k", one), true);
  deepStrictEqual(await kv.get("k"), one);
  strictEqual(await kv.putIfEqual("k", other, one), false);
  strictEqual(await kv.putIfEqual("k", one, other), true);
  deepStrictEqual(await kv.getMany(["k", "missing"]), [other, null]);
  deepStrictEqual(await listed(kv.entries()), [["k", other]]);
  strictEqual(await kv.removeIfEqual("k", one), false);
  deepStrictEqual(await kv.fetchRemove("k"), other);
  await kv.putExpire("k", one, 60_000);
  strictEqual(await kv.removeIfEqual("k", one), true);
  await kv.putMany([["k", one], ["j", other]]);
  deepStrictEqual(await kv.getMany(["j", "k"]), [other, one]);
  strictEqual(await kv.append("a", one, other), 2);
  strictEqual(await kv.prepend("a", other), 3);
  deepStrictEqual(await kv.range("a"), [other, one, other]);
  deepStrictEqual(await kv.move("a", "b", { take: "last", put: "first" }), other);
  deepStrictEqual(await kv.popFirst("a"), other);
  deepStrictEqual(await kv.pop("a"), one);
  strictEqual(await kv.pop("a"), null);
  const waiting = kv.pop("a", { wait: true });
  await kv.append("a", other);
  deepStrictEqual(await waiting, other);
}

const kindCases: Cases = {
  "withCodec(json()) round-trips every call": async ({ kv }) => {
    await roundTrips(kv.withCodec(json<User>()), ada, grace);
  },

  "withCodec() of one's own round-trips every call": async ({ kv }) => {
    await roundTrips(kv.withCodec(four), -1, 2 ** 31 - 1);
  },

  "withCodec(bytes) round-trips every call": async ({ kv }) => {
    const binary = kv.withCodec(bytes) as Kv<Uint8Array, Uint8Array>;
    await roundTrips(binary, Uint8Array.of(), Uint8Array.of(0xff, 0, 13, 10));
  },

  "withCodec(text) of a view of bytes is the store as it was opened": async ({ kv }) => {
    await roundTrips(kv.withCodec(bytes).withCodec(text) as Kv<string, string>, "", "\r\né");
  },

  "withCodec(json()) keeps every kind of JSON": async ({ kv }) => {
    const any = kv.withCodec(json<unknown>());
    for (const value of [null, false, 0, -1.5, "", "text", [], {}, [1, [null]], { a: { b: "" } }]) {
      await any.put("k", value);
      deepStrictEqual(await any.get("k"), value);
      await any.append("a", value);
      deepStrictEqual(await any.range("a", -1), [value]);
    }
  },

  "withCodec(json()) tells a stored null from a missing key by has()": async ({ kv }) => {
    const any = kv.withCodec(json<null>());
    await any.put("k", null);
    strictEqual(await any.get("k"), null);
    strictEqual(await any.has("k"), true);
    strictEqual(await kv.get("k"), "null");
  },

  "withCodec(json()) keeps odd text": async ({ kv }) => {
    const texts = kv.withCodec(json<string>());
    for (const value of [...Object.values(values), ...loneSurrogates]) {
      await texts.put("k", value);
      strictEqual(await texts.get("k"), value);
    }
  },

  "withCodec(json()) rejects what JSON has no text for, and stores nothing": async ({ kv }) => {
    const any = kv.withCodec(json<unknown>());
    const cycle: unknown[] = [];
    cycle.push(cycle);
    for (const value of [undefined, () => 1, Symbol("s"), cycle, 1n]) {
      await rejects(any.put("k", value), typeError);
      await rejects(any.append("k", 1, value), typeError);
      await rejects(any.putMany([["j", 1], ["k", value]]), typeError);
    }
    deepStrictEqual(await contents(kv), []);
  },

  "withCodec(json()) rejects stored text that is not JSON, and leaves it": async ({ kv }) => {
    const any = kv.withCodec(json<unknown>());
    for (const stored of ["", "{", "undefined", "'a'", "\uFEFF1"]) {
      await kv.put("k", stored);
      await rejects(any.get("k"), notJson);
      await kv.put("k", new TextEncoder().encode(stored));
      await rejects(any.get("k"), notJson);
      strictEqual(await kv.get("k"), stored);
    }
  },

  "withCodec(json()) shows no value where it cannot read one": async ({ kv }) => {
    await kv.put("k", "secret token");
    const read = kv.withCodec(json<unknown>()).get("k");
    const error: Error = await read.then(() => new Error(), (error) => error);
    strictEqual(error.name, "SyntaxError");
    ok(!`${error.stack} ${error.cause}`.includes("secret"));
  },

  "withCodec() throws for what is no codec": ({ kv }) => {
    const encode = (value: string): string => value;
    for (const wrong of [null, undefined, 5, {}, { encode }, { encode, decode: 5 }]) {
      throws(() => kv.withCodec(wrong as never), typeError);
    }
    const odd = { encode, decode: String, decodeText: "no" };
    throws(() => kv.withCodec(odd as never), typeError);
    return Promise.resolve();
  },

  "withCodec() keeps a codec from calling the store while it decodes": async ({ kv }) => {
    const calls: (() => Promise<unknown>)[] = [
      () => kv.get("other"),
      () => kv.popFirst("other array"),
      () => kv.namespace("n:").put("k", "v"),
      () => kv.increment("n"),
      () => kv.keys().next(),
      () => kv.stats(),
      () => kv.close(),
      ...callsOfItsOwn(kv),
    ];
    await kv.put("other", "kept");
    await kv.append("other array", "kept");
    for (const call of calls) {
      const made: Promise<Error | null>[] = [];
      const view = kv.withCodec<string>({
        encode: (value) => value,
        decode: (value) => {
          made.push(call().then(() => null, (error: Error) => error));
          return new TextDecoder().decode(value);
        },
      });
      await view.put("k", "v");
      await view.append("a", "1", "2");
      strictEqual(await view.fetchRemove("k"), "v");
      strictEqual(await view.pop("a"), "2");
      strictEqual(await view.popFirst("a"), "1");
      strictEqual(made.length, 3);
      for (const error of await Promise.all(made)) strictEqual(error?.name, "TypeError");
    }
    deepStrictEqual(await contents(kv), [["other", "kept", false], [
      "other array",
      ["kept"],
      false,
    ]]);
  },

  "withCodec(json()) tells 0 from -0 in answers of one turn": async ({ kv }) => {
    await kv.append("a", "0", "-0", "0");
    const numbers = kv.withCodec(json<number>());
    const pops = [numbers.popFirst("a"), numbers.popFirst("a"), numbers.popFirst("a")];
    deepStrictEqual(await Promise.all(pops), [0, -0, 0]);
  },

  "withCodec() reads what another view wrote": async ({ kv }) => {
    const binary = kv.withCodec(bytes);
    await kv.put("k", "é");
    deepStrictEqual(await binary.get("k"), Uint8Array.of(0xc3, 0xa9));
    await binary.put("k", Uint8Array.of(0x31));
    strictEqual(await kv.withCodec(json<number>()).get("k"), 1);
    await kv.append("a", "1");
    deepStrictEqual(await kv.withCodec(json<number>()).range("a"), [1]);
    await rejects(kv.withCodec(json<number>()).get("a"), wrongTypeError);
  },

  "withCodec() gives decode() the same for text as for its bytes": async ({ kv }) => {
    const seen: Uint8Array[] = [];
    const spy = kv.withCodec<null, string>({
      encode: (value) => value,
      decode: (value) => (seen.push(value), null),
    });
    for (const value of Object.values(values).slice(0, 14)) {
      seen.length = 0;
      await kv.put("k", value);
      await spy.get("k");
      await kv.put("k", new TextEncoder().encode(value));
      await spy.get("k");
      deepStrictEqual(seen[0], seen[1]);
      deepStrictEqual(seen[0], new TextEncoder().encode(value));
    }
  },

  "withCodec() takes each value as encode() gave it, whose memory is used again": async (
    { kv },
  ) => {
    const scratch = new Uint8Array(16);
    const reusing: Codec<string> = {
      encode: (value) => scratch.subarray(0, new TextEncoder().encodeInto(value, scratch).written),
      decode: (value) => new TextDecoder().decode(value),
    };
    const view = kv.withCodec(reusing);
    await view.append("l", "one", "two");
    await view.prepend("l", "six", "seven");
    deepStrictEqual(await view.range("l"), ["seven", "six", "one", "two"]);
    await view.putMany([["a", "one"], ["b", "two"]]);
    deepStrictEqual(await view.getMany(["a", "b"]), ["one", "two"]);
    strictEqual(await view.putIfEqual("a", "one", "two"), true);
    strictEqual(await view.get("a"), "two");
  },

  "withCodec() gives decode() bytes of its own": async ({ kv }) => {
    const vandal = kv.withCodec<number, Uint8Array>({
      encode: (value) => value,
      decode: (value) => value.fill(0).length,
    });
    await kv.put("k", "kept");
    await kv.append("a", "kept");
    await vandal.put("v", Uint8Array.of(1, 2));
    for (let round = 0; round < 2; round++) {
      strictEqual(await vandal.get("k"), 4);
      deepStrictEqual(await vandal.getMany(["k", "v"]), [4, 2]);
      deepStrictEqual(await vandal.range("a"), [4]);
      strictEqual((await listed(vandal.entries())).length, 2);
    }
    strictEqual(await vandal.move("a", "a", { take: "first", put: "last" }), 4);
    deepStrictEqual(await kv.getMany(["k", "v"]), ["kept", "\x01\x02"]);
    deepStrictEqual(await kv.range("a"), ["kept"]);
  },
};

const throwingCases: Cases = {
  "encode() that throws rejects before any effect": async ({ kv }) => {
    const typed = kv.withCodec(encodeThrows);
    await kv.put("s", "kept");
    await kv.append("a", "kept");
    await rejects(typed.put("s", "bad"), isThrown);
    await rejects(typed.put("fresh", "bad"), isThrown);
    await rejects(typed.putExpire("s", "bad", 1_000), isThrown);
    await rejects(typed.putMany([["s", "fine"], ["fresh", "bad"]]), isThrown);
    await rejects(typed.append("a", "fine", "bad"), isThrown);
    await rejects(typed.prepend("a", "fine", "bad"), isThrown);
    await rejects(typed.putIfEqual("s", "kept", "bad"), isThrown);
    await rejects(typed.putIfEqual("s", "bad", "new"), isThrown);
    await rejects(typed.removeIfEqual("s", "bad"), isThrown);
    deepStrictEqual(await contents(kv), [["a", ["kept"], false], ["s", "kept", false]]);
  },

  "encode() that gives no value rejects before any effect": async ({ kv }) => {
    for (const wrong of [undefined, null, 5, {}, [1], ...loneSurrogates]) {
      const typed = kv.withCodec<unknown, string>({
        encode: () => wrong as string,
        decode: () => 0,
      });
      await rejects(typed.put("k", "v"), typeError);
      await rejects(typed.append("k", "v"), typeError);
      await rejects(typed.putMany([["k", "v"]]), typeError);
    }
    deepStrictEqual(await contents(kv), []);
  },

  "decode() that throws rejects a read, and the value stays": async ({ kv }) => {
    const typed = kv.withCodec(decodeThrows);
    await kv.put("s", "kept");
    await kv.append("a", "kept");
    await rejects(typed.get("s"), isThrown);
    await rejects(typed.getMany(["missing", "s"]), isThrown);
    await rejects(typed.range("a"), isThrown);
    await rejects(listed(typed.entries()), isThrown);
    strictEqual(await typed.get("missing"), null);
    strictEqual(await typed.pop("missing"), null);
    deepStrictEqual(await typed.range("missing"), []);
    deepStrictEqual(await contents(kv), [["a", ["kept"], false], ["s", "kept", false]]);
  },

  "decode() that throws what a disk might leaves the store in use": async ({ kv }) => {
    const error = new KvError("io", "thrown by the codec");
    const decode = (): string => {
      throw error;
    };
    await kv.put("k", "v");
    await rejects(kv.withCodec({ encode: (value: string) => value, decode }).get("k"), error);
    strictEqual(await kv.get("k"), "v");
  },

  "decode() that throws rejects a call that takes a value": async ({ kv, advance }) => {
    const typed = kv.withCodec(decodeThrows);
    await kv.put("s", "v");
    await rejects(typed.fetchRemove("s"), isThrown);
    await kv.append("a", "1", "2", "3", "4");
    await rejects(typed.pop("a"), isThrown);
    await rejects(typed.popFirst("a"), isThrown);
    await rejects(typed.move("a", "b", { take: "first", put: "last" }), isThrown);
    const waiting = rejects(typed.pop("w", { wait: true }), isThrown);
    await advance(50);
    await kv.append("w", "v");
    await waiting;
    strictEqual(await kv.put("after", "works"), true);
  },

  "decode() is not called by calls that give no value out": async ({ kv }) => {
    const typed = kv.withCodec(decodeThrows);
    strictEqual(await typed.put("s", "1"), true);
    strictEqual(await typed.putIfEqual("s", "1", "2"), true);
    strictEqual(await typed.increment("s"), 3);
    strictEqual(await typed.has("s"), true);
    strictEqual((await typed.inspect("s"))?.length, 1);
    deepStrictEqual(await listed(typed.keys()), ["s"]);
    strictEqual(await typed.append("a", "v"), 1);
    strictEqual(await typed.length("a"), 1);
    strictEqual(await typed.remove("s"), true);
    strictEqual(await typed.delete("a"), true);
    strictEqual(await typed.clear({ prefix: "" }), 0);
  },
};

/** What is true of views with a codec. */
export const codecs: Cases = { ...kindCases, ...throwingCases };
