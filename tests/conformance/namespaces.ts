/**
 * Namespaces: a view sees the keys with its prefix, without it, and nothing else.
 */

import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { json } from "../../kv/codec.ts";
import type { Kv } from "../../kv/kv.ts";
import { contents, held, listed, rangeError, sorted, typeError } from "./expect.ts";
import { keyOperations, SOURCE } from "./operations.ts";
import { keys, loneSurrogates } from "./samples.ts";
import type { Cases } from "./subject.ts";

/** Runs each operation through the view, with the same key as a trap outside of it. */
async function staysInside(kv: Kv, inside: Kv): Promise<void> {
  for (const [name, operation] of Object.entries(keyOperations)) {
    if (operation.string === "wrong_type") continue;
    await kv.clear({ prefix: "" });
    await kv.put("k", "outside");
    await kv.append(SOURCE, "outside");
    await inside.put("k", "5");
    deepStrictEqual(await operation.call(inside, "k"), operation.string.answer, name);
    deepStrictEqual(await held(inside, "k"), operation.string.leaves, name);
    strictEqual(await kv.get("k"), "outside", name);
    deepStrictEqual(await kv.range(SOURCE), ["outside"], name);
  }
}

async function arraysStayInside(kv: Kv, inside: Kv): Promise<void> {
  for (const [name, operation] of Object.entries(keyOperations)) {
    if (operation.array === "wrong_type") continue;
    await kv.clear({ prefix: "" });
    await kv.append("k", "outside");
    await kv.append(SOURCE, "outside");
    await inside.append("k", "a", "b");
    await inside.append(SOURCE, "s");
    deepStrictEqual(await operation.call(inside, "k"), operation.array.answer, name);
    deepStrictEqual(await held(inside, "k"), operation.array.leaves, name);
    deepStrictEqual(await kv.range("k"), ["outside"], name);
    deepStrictEqual(await kv.range(SOURCE), ["outside"], name);
    strictEqual(await kv.has("target"), false, name);
  }
}

/** What is true of namespaces. */
export const namespaces: Cases = {
  "namespace() keeps every call on strings inside": async ({ kv }) => {
    await staysInside(kv, kv.namespace("inside:"));
  },

  "namespace() keeps every call on arrays inside": async ({ kv }) => {
    await arraysStayInside(kv, kv.namespace("inside:"));
  },

  "namespace() puts its prefix before the key": async ({ kv }) => {
    const users = kv.namespace("users:");
    await users.put("42", "Ada");
    strictEqual(await kv.get("users:42"), "Ada");
    await kv.put("users:43", "Grace");
    strictEqual(await users.get("43"), "Grace");
    strictEqual(await users.get("users:42"), null);
    strictEqual(await kv.get("42"), null);
  },

  "namespace() lists its keys without the prefix": async ({ kv }) => {
    const users = kv.namespace("users:");
    await kv.putMany([["users:1", "a"], ["users:", "b"], ["users", "c"], ["xusers:2", "d"]]);
    await kv.append("users:3", "e");
    deepStrictEqual(await sorted(users.keys()), ["", "1", "3"]);
    deepStrictEqual(await sorted(users.entries()), [["", "b"], ["1", "a"]]);
    strictEqual((await listed(users.keys({ limit: 2 }))).length, 2);
    deepStrictEqual(await listed(kv.namespace("nobody:").keys()), []);
  },

  "namespace() lists by a prefix inside its own": async ({ kv }) => {
    const users = kv.namespace("users:");
    await users.putMany([["eu:1", "a"], ["eu:2", "b"], ["us:1", "c"]]);
    await kv.put("eu:9", "outside");
    deepStrictEqual(await sorted(users.keys({ prefix: "eu:" })), ["eu:1", "eu:2"]);
    deepStrictEqual(await sorted(users.entries({ prefix: "us" })), [["us:1", "c"]]);
    deepStrictEqual(await listed(users.keys({ prefix: "users:" })), []);
  },

  "namespace() clears its own keys only": async ({ kv }) => {
    const users = kv.namespace("users:");
    await kv.putMany([["users:1", "a"], ["users:2", "b"], ["pages:1", "c"], ["users", "d"]]);
    strictEqual(await users.clear({ prefix: "1" }), 1);
    strictEqual(await users.clear({ prefix: "" }), 1);
    deepStrictEqual(await sorted(kv.keys()), ["pages:1", "users"]);
    await rejects(users.clear({} as never), typeError);
  },

  "namespace() takes glob characters literally": async ({ kv }) => {
    for (const prefix of ["*", "?:", "[a-z]", "\\", "a*b:"]) {
      await kv.clear({ prefix: "" });
      await kv.putMany([["a", "v"], ["ab:", "v"], ["axb:1", "v"], [`${prefix}1`, "mine"]]);
      const view = kv.namespace(prefix);
      deepStrictEqual(await listed(view.entries()), [["1", "mine"]]);
      strictEqual(await view.clear({ prefix: "" }), 1);
      strictEqual((await listed(kv.keys())).length, 3);
    }
  },

  "namespace() nests": async ({ kv }) => {
    const inner = kv.namespace("a:").namespace("b:").namespace("c:");
    await inner.put("k", "v");
    strictEqual(await kv.get("a:b:c:k"), "v");
    deepStrictEqual(await listed(inner.keys()), ["k"]);
    deepStrictEqual(await listed(kv.namespace("a:").keys()), ["b:c:k"]);
    strictEqual(await kv.namespace("a:b:").get("c:k"), "v");
  },

  "namespace() with an empty prefix is the store": async ({ kv }) => {
    const same = kv.namespace("");
    await same.put("k", "v");
    strictEqual(await kv.get("k"), "v");
    await kv.put("", "empty");
    deepStrictEqual(await sorted(same.keys()), ["", "k"]);
  },

  "namespace() tells keys apart that look alike": async ({ kv }) => {
    const view = kv.namespace("\r\n*:");
    for (const key of keys) await view.put(key, key);
    deepStrictEqual(await view.getMany(keys), keys);
    deepStrictEqual(await sorted(view.keys()), [...keys].sort());
    strictEqual(await view.clear({ prefix: "" }), keys.length);
  },

  "namespace() counts its prefix for the length of a key": async ({ kv }) => {
    const view = kv.namespace("é".repeat(100));
    const longest = "k".repeat(824);
    strictEqual(await view.put(longest, "v"), true);
    strictEqual(await kv.get("é".repeat(100) + longest), "v");
    await rejects(view.put(`${longest}k`, "v"), rangeError);
    await rejects(view.getMany(["k", `${longest}k`]), rangeError);
    await rejects(view.move("k", `${longest}k`, { take: "first", put: "last" }), rangeError);
    const full = kv.namespace("p".repeat(1_024));
    strictEqual(await full.put("", "v"), true);
    await rejects(full.put("k", "v"), rangeError);
    deepStrictEqual(await listed(full.keys()), [""]);
  },

  "namespace() throws at once for a prefix that is none": ({ kv }) => {
    for (const prefix of [...loneSurrogates, 5, null, undefined, {}] as string[]) {
      throws(() => kv.namespace(prefix), typeError);
    }
    throws(() => kv.namespace("p".repeat(1_025)), rangeError);
    throws(() => kv.namespace("é".repeat(513)), rangeError);
    throws(() => kv.namespace("p".repeat(1_000)).namespace("q".repeat(25)), rangeError);
    return Promise.resolve();
  },

  "namespace() makes no key of two halves of a character": async ({ kv }) => {
    await rejects(kv.namespace("a").get("\udd95"), typeError);
    throws(() => kv.namespace("\ud83e"), typeError);
    await rejects(listed(kv.namespace("a").keys({ prefix: "\ud83e" })), typeError);
  },

  "namespace() and withCodec() go together in either order": async ({ kv }) => {
    const one = kv.namespace("n:").withCodec(json<number[]>());
    const other = kv.withCodec(json<number[]>()).namespace("n:");
    await one.put("k", [1]);
    deepStrictEqual(await other.get("k"), [1]);
    await other.append("a", [2], [3]);
    deepStrictEqual(await one.range("a"), [[2], [3]]);
    deepStrictEqual(await listed(other.entries()), [["k", [1]]]);
    strictEqual(await kv.get("n:k"), "[1]");
  },

  "namespace() waits for elements that come from outside": async ({ kv, advance }) => {
    const view = kv.namespace("n:");
    const waiting = view.pop("k", { wait: true });
    await advance(50);
    await kv.append("k", "not this");
    await kv.append("n:k", "this");
    strictEqual(await waiting, "this");
    const moving = view.move("from", "to", { take: "first", put: "last", wait: true });
    await advance(50);
    await kv.append("n:from", "moved");
    strictEqual(await moving, "moved");
    deepStrictEqual(await contents(kv), [["k", ["not this"], false], ["n:to", ["moved"], false]]);
  },

  "namespace() and withCodec() tell the backend and counters of the store": async ({ kv }) => {
    await kv.put("k", "v");
    const view = kv.namespace("n:").withCodec(json<number>());
    strictEqual(view.backend, kv.backend);
    const stats = await view.stats();
    strictEqual(stats.backend, kv.backend);
    ok(stats.entries >= 1);
  },
};
