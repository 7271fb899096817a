/**
 * Errors: misuse rejects and never throws, codes tell what happened, messages show keys and never
 * values.
 */

import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { KvError } from "../../kv/errors.ts";
import type { Kv } from "../../kv/kv.ts";
import { closed, contents, listed, typeError } from "./expect.ts";
import { keyOperations, type Operation, prefixOperations } from "./operations.ts";
import { loneSurrogates } from "./samples.ts";
import type { Cases } from "./subject.ts";

const noKeys = [undefined, null, 5, 5n, true, {}, [], Symbol("k"), new Uint8Array(1), () => "k"];

async function errorOf(call: Promise<unknown>): Promise<Error> {
  const error = await call.then(() => null, (error: unknown) => error);
  ok(error instanceof Error, "the call must reject with an error");
  return error;
}

/** The calls that take options, and what they know. */
const withOptions: Readonly<Record<string, (kv: Kv, options: never) => Promise<unknown>>> = {
  "put()": (kv, options) => kv.put("k", "v", options),
  "putMany()": (kv, options) => kv.putMany([["k", "v"]], options),
  "pop()": (kv, options) => kv.pop("k", options),
  "popFirst()": (kv, options) => kv.popFirst("k", options),
  "keys()": (kv, options) => listed(kv.keys(options)),
  "entries()": (kv, options) => listed(kv.entries(options)),
  "move()": (kv, options: object) => kv.move("k", "to", { take: "first", put: "last", ...options }),
  "clear()": (kv, options: object) => kv.clear({ prefix: "", ...options }),
};

function keyCase(name: string, { call }: Operation): Cases {
  return {
    [`${name} rejects what is no key, and does not throw`]: async ({ kv }) => {
      await kv.put("undefined", "kept");
      for (const key of [...noKeys, ...loneSurrogates]) {
        let rejected: Promise<unknown>;
        try {
          rejected = call(kv, key as string);
        } catch {
          throw new Error(`${name} throws`);
        }
        // Of `keys` and `entries` all options may be left out, the prefix too.
        if (key === undefined && (name === "keys()" || name === "entries()")) await rejected;
        else await rejects(rejected, typeError);
      }
      strictEqual(JSON.stringify(await contents(kv)), '[["undefined","kept",false]]');
    },
  };
}

function closedCase(name: string, { call }: Operation): Cases {
  return {
    [`${name} rejects once the store is closed, and does not throw`]: async ({ kv }) => {
      await kv.append("source", "s");
      await kv.close();
      let rejected: Promise<unknown>;
      try {
        rejected = call(kv, "k");
      } catch {
        throw new Error(`${name} throws`);
      }
      await rejects(rejected, closed);
    },
  };
}

function optionCase(name: string, call: (kv: Kv, options: never) => Promise<unknown>): Cases {
  return {
    [`${name} rejects an option that it does not know`]: async ({ kv }) => {
      await kv.put("other", "kept");
      const error = await errorOf(call(kv, { unknwon: 1 } as never));
      strictEqual(error.name, "TypeError");
      match(error.message, /unknwon/);
      strictEqual(JSON.stringify(await contents(kv)), '[["other","kept",false]]');
    },
  };
}

const messageCases: Cases = {
  "wrong_type is a KvError that shows the key and no value": async ({ kv }) => {
    await kv.append("the key", "the value");
    const error = await errorOf(kv.get("the key"));
    ok(error instanceof KvError);
    strictEqual(error.code, "wrong_type");
    strictEqual(error.name, "KvError");
    match(error.message, /^Cannot [a-z].*"the key".*[^.]$/);
    ok(!error.message.includes("the value"));
  },

  "not_a_number is a KvError that shows the key and no value": async ({ kv }) => {
    await kv.put("the key", "secret");
    const error = await errorOf(kv.increment("the key"));
    ok(error instanceof KvError);
    strictEqual(error.code, "not_a_number");
    match(error.message, /^Cannot increment "the key".*[^.]$/);
    ok(!error.message.includes("secret"));
  },

  "closed is a KvError": async ({ kv }) => {
    await kv.close();
    const error = await errorOf(kv.get("k"));
    ok(error instanceof KvError);
    strictEqual(error.code, "closed");
    match(error.message, /^Cannot [a-z].*[^.]$/);
  },

  "messages show a long key cut, and an odd one escaped": async ({ kv }) => {
    const long = "long key ".repeat(100);
    await kv.append(long, "v");
    const cut = (await errorOf(kv.get(long))).message;
    ok(cut.includes(long.slice(0, 60)));
    ok(cut.length < 200, "the key is shown whole");
    await kv.append("a\r\nb\0", "v");
    match((await errorOf(kv.get("a\r\nb\0"))).message, /"a\\r\\nb\\u0000"/);
  },

  "messages of misuse show no value": async ({ kv }) => {
    const { message } = await errorOf(kv.put("k", "secret\ud800"));
    match(message, /^Cannot [a-z].*[^.]$/);
    ok(!message.includes("secret"));
  },

  "messages of misuse show a key that is too long cut": async ({ kv }) => {
    const { message } = await errorOf(kv.get("long key ".repeat(200)));
    match(message, /^Cannot [a-z].*[^.]$/);
    ok(message.length < 200);
  },

  "a call that rejects leaves a store that works": async ({ kv }) => {
    await kv.append("a", "v");
    for (let round = 0; round < 50; round++) {
      await errorOf(kv.get("a"));
      await errorOf(kv.put(5 as never, "v"));
      await errorOf(kv.increment("a"));
    }
    strictEqual(await kv.put("k", "v"), true);
    strictEqual(await kv.get("k"), "v");
    strictEqual((await kv.stats()).inFlight, 0);
  },

  "put() rejects a flag that is no boolean": async ({ kv }) => {
    for (const wrong of [1, "true", null, {}]) {
      await rejects(kv.put("k", "v", { ifAbsent: wrong } as never), typeError);
      await rejects(kv.put("k", "v", { keepTtl: wrong } as never), typeError);
    }
    strictEqual(await kv.has("k"), false);
  },

  "put() rejects what is no value": async ({ kv }) => {
    const wrong = [undefined, null, 5, 5n, true, {}, [1], Symbol("v"), new ArrayBuffer(1)];
    for (const value of [...wrong, new Uint16Array(1), new Date(0)] as string[]) {
      await rejects(kv.put("k", value), typeError);
      await rejects(kv.putExpire("k", value, 1_000), typeError);
      await rejects(kv.append("k", value), typeError);
    }
    strictEqual(await kv.has("k"), false);
  },

  "put() and append() reject bytes that cannot be read, and touch no other call": async (
    { kv },
  ) => {
    const given = new Uint8Array(8);
    structuredClone(given.buffer, { transfer: [given.buffer] });
    const proxy = new Proxy(new Uint8Array(3), {});
    const lookalike = Object.create(Uint8Array.prototype);
    for (const wrong of [given, proxy, lookalike] as Uint8Array[]) {
      const outcomes = await Promise.allSettled([
        kv.put("before", "1"),
        kv.put("k", wrong),
        kv.append("k", "first", wrong),
        kv.putMany([["k", "1"], ["k", wrong]]),
        kv.put("after", "2"),
      ]);
      const names = outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason?.name);
      deepStrictEqual(names, [undefined, "TypeError", "TypeError", "TypeError", undefined]);
      strictEqual(await kv.inspect("k"), null);
    }
    deepStrictEqual(await kv.getMany(["before", "after"]), ["1", "2"]);
  },

  "put() rejects options that are no plain object": async ({ kv }) => {
    const map = new Map([["expireIn", 5]]);
    const heir = Object.create({ expireIn: 5 });
    for (const wrong of [5, "ifAbsent", true, null, [], map, new Date(), heir]) {
      await rejects(kv.put("k", "v", wrong as never), typeError);
      await rejects(kv.pop("k", wrong as never), typeError);
      await rejects(listed(kv.keys(wrong as never)), typeError);
    }
    strictEqual(await kv.has("k"), false);
  },

  "messages say prefix of a prefix, and key of a key": async ({ kv }) => {
    const long = "k".repeat(1025);
    const wrong = 5 as unknown as string;
    await rejects(kv.put(wrong, "v"), { message: /^Cannot use a number as a key: / });
    await rejects(kv.put(long, "v"), { message: /^Cannot use "k+…" as a key: / });
    await rejects(kv.clear({ prefix: wrong }), { message: /^Cannot use a number as a prefix: / });
    await rejects(listed(kv.keys({ prefix: long })), {
      message: /^Cannot use "k+…" as a prefix: /,
    });
    throws(() => kv.namespace(wrong), { message: /^Cannot use a number as a prefix: / });
  },

  "pop() rejects a wait that is neither a number nor a flag": async ({ kv }) => {
    const message = /^Cannot take a string as wait: it must be a number, true or false$/;
    await rejects(kv.pop("k", { wait: "1" as unknown as number }), { name: "TypeError", message });
  },

  "messages of misuse say what was likely meant": async ({ kv }) => {
    const cases: [call: () => Promise<unknown>, message: RegExp][] = [
      [() => kv.put("k", 5 as never), /; withCodec\(json\(\)\) takes others$/],
      [() => kv.clear("x" as never), /: pass \{ prefix: "x" \}$/],
      [() => kv.keys("x" as never).next(), /: pass \{ prefix: "x" \}$/],
      [() => kv.pop("k", { wait: 0 }), /: true waits until an element comes$/],
    ];
    for (const [call, message] of cases) await rejects(call(), { message });
  },

  "range() rejects an index that is no number": async ({ kv }) => {
    await kv.append("k", "v");
    for (const wrong of ["0", null, true, 1n, {}] as number[]) {
      await rejects(kv.range("k", wrong), typeError);
      await rejects(kv.range("k", 0, wrong), typeError);
    }
  },
};

const everyOperation = Object.entries({ ...keyOperations, ...prefixOperations });

/** What is true of errors. */
export const errors: Cases = {
  ...Object.assign({}, ...everyOperation.map(([name, operation]) => keyCase(name, operation))),
  ...Object.assign({}, ...everyOperation.map(([name, operation]) => closedCase(name, operation))),
  ...Object.assign(
    {},
    ...Object.entries(withOptions).map(([name, call]) => optionCase(name, call)),
  ),
  ...messageCases,
};
