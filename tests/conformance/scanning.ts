/**
 * Scans: each key that stays comes exactly once whatever happens meanwhile, and a prefix is text,
 * not a pattern.
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { ScanOptions } from "../../kv/call_types.ts";
import type { Kv } from "../../kv/kv.ts";
import { contents, listed, rangeError, sorted, typeError } from "./expect.ts";
import { keys, loneSurrogates } from "./samples.ts";
import type { Cases } from "./subject.ts";

/** Prefixes that a glob would read as patterns, each with keys that only the pattern has. */
const globs: readonly (readonly [prefix: string, unlike: readonly string[]])[] = [
  ["*", ["a", "ab", ""]],
  ["a*", ["a", "ab", "abc"]],
  ["?", ["a", "ab"]],
  ["a?c", ["abc", "axc"]],
  ["[abc]", ["a", "b", "c"]],
  ["[^a]", ["b", "^", "a"]],
  ["[a-c]", ["a", "b", "-"]],
  ["a\\*", ["a*", "a"]],
  ["\\", ["a", "/"]],
  ["\\\\", ["\\", "a"]],
  ["[", ["a", "]"]],
  ["a]", ["a", "a["]],
  ["^a", ["a", "ab"]],
  [".", ["a", "ab"]],
];

async function putNumbered(kv: Kv, prefix: string, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, index) => `${prefix}${index}`);
  await kv.putMany(names.map((name) => [name, name]));
  return names;
}

function noneTwice(seen: readonly string[]): void {
  strictEqual(new Set(seen).size, seen.length, "a key came twice");
}

function globCases([prefix, unlike]: readonly [string, readonly string[]]): Cases {
  const like = [prefix, `${prefix}x`, `${prefix}${prefix}`].sort();
  return {
    [`keys() takes the prefix ${prefix} literally`]: async ({ kv }) => {
      await kv.putMany([...like, ...unlike].map((key) => [key, "v"]));
      deepStrictEqual(await sorted(kv.keys({ prefix })), like);
      deepStrictEqual(await sorted(kv.entries({ prefix })), like.map((key) => [key, "v"]));
    },
    [`clear() takes the prefix ${prefix} literally`]: async ({ kv }) => {
      await kv.putMany([...like, ...unlike].map((key) => [key, "v"]));
      strictEqual(await kv.clear({ prefix }), like.length);
      deepStrictEqual(await sorted(kv.keys()), [...unlike].sort());
    },
  };
}

const listingCases: Cases = {
  "keys() of an empty store gives none": async ({ kv }) => {
    deepStrictEqual(await listed(kv.keys()), []);
    deepStrictEqual(await listed(kv.entries()), []);
    deepStrictEqual(await listed(kv.keys({ prefix: "a" })), []);
  },

  "keys() gives strings and arrays, entries() strings only": async ({ kv }) => {
    await kv.put("s", "v");
    await kv.append("a", "v");
    deepStrictEqual(await sorted(kv.keys()), ["a", "s"]);
    deepStrictEqual(await listed(kv.entries()), [["s", "v"]]);
  },

  "keys() with an empty prefix gives all": async ({ kv }) => {
    await kv.putMany(keys.map((key) => [key, "v"]));
    deepStrictEqual(await sorted(kv.keys({ prefix: "" })), [...keys].sort());
    deepStrictEqual(
      await sorted(kv.keys({ prefix: undefined, limit: undefined })),
      [...keys].sort(),
    );
  },

  "keys() finds every key by itself as the prefix": async ({ kv }) => {
    await kv.putMany(keys.map((key) => [key, "v"]));
    for (const prefix of keys) {
      const expected = keys.filter((key) => key.startsWith(prefix)).sort();
      deepStrictEqual(await sorted(kv.keys({ prefix })), expected, JSON.stringify(prefix));
    }
  },

  "keys() tells a prefix from the same text elsewhere": async ({ kv }) => {
    await kv.putMany(["user:1", "user:2", "user", "auser:3", "User:4"].map((key) => [key, "v"]));
    deepStrictEqual(await sorted(kv.keys({ prefix: "user:" })), ["user:1", "user:2"]);
    deepStrictEqual(await sorted(kv.keys({ prefix: "user" })), ["user", "user:1", "user:2"]);
    deepStrictEqual(await sorted(kv.keys({ prefix: "user:1x" })), []);
  },

  "keys() stops at its limit": async ({ kv }) => {
    const all = await putNumbered(kv, "k", 20);
    for (const limit of [0, 1, 7, 19, 20, 21, 2 ** 53 - 1]) {
      const some = await listed(kv.keys({ limit }));
      strictEqual(some.length, Math.min(limit, 20));
      noneTwice(some);
      ok(some.every((key) => all.includes(key)));
    }
  },

  "keys() counts only keys with the prefix for its limit": async ({ kv }) => {
    await putNumbered(kv, "other", 50);
    await putNumbered(kv, "mine", 3);
    strictEqual((await listed(kv.keys({ prefix: "mine", limit: 3 }))).length, 3);
    strictEqual((await listed(kv.keys({ prefix: "mine", limit: 2 }))).length, 2);
  },

  "entries() counts no arrays for its limit": async ({ kv }) => {
    for (let index = 0; index < 50; index++) await kv.append(`a${index}`, "v");
    await putNumbered(kv, "k", 3);
    strictEqual((await listed(kv.entries({ limit: 3 }))).length, 3);
    strictEqual((await listed(kv.entries({ limit: 2 }))).length, 2);
    deepStrictEqual(await listed(kv.entries({ limit: 0 })), []);
  },

  "keys() and entries() reject options that are none": async ({ kv }) => {
    await kv.put("k", "v");
    for (const limit of [-1, 0.5, NaN]) {
      await rejects(listed(kv.keys({ limit })), rangeError, `limit: ${limit}`);
      await rejects(listed(kv.entries({ limit })), rangeError, `limit: ${limit}`);
    }
    const wrong: unknown[] = [{ limit: "1" }, { limit: null }, { prefix: 5 }, { prefix: null }];
    for (const prefix of loneSurrogates) wrong.push({ prefix });
    for (const options of wrong as ScanOptions[]) {
      await rejects(listed(kv.keys(options)), typeError, JSON.stringify(options));
      await rejects(listed(kv.entries(options)), typeError, JSON.stringify(options));
    }
  },

  "keys() is an iterator that can be stopped": async ({ kv }) => {
    await putNumbered(kv, "k", 100);
    const scan = kv.keys();
    strictEqual(scan[Symbol.asyncIterator](), scan);
    strictEqual((await scan.next()).done, false);
    strictEqual((await scan.return?.())?.done, true);
    strictEqual((await scan.next()).done, true);
  },

  "keys() can be left early": async ({ kv }) => {
    await putNumbered(kv, "k", 100);
    for (let round = 0; round < 20; round++) {
      for await (const key of kv.keys()) {
        ok(key.startsWith("k"));
        break;
      }
    }
    await kv.put("after", "v");
    strictEqual((await listed(kv.keys())).length, 101);
  },

  "keys() starts anew with each call, and scans do not mix": async ({ kv }) => {
    const all = (await putNumbered(kv, "k", 200)).sort();
    const [one, other] = await Promise.all([sorted(kv.keys()), sorted(kv.keys())]);
    deepStrictEqual(one, all);
    deepStrictEqual(other, all);
  },

  "keys() answers steps asked for before the last one was answered": async ({ kv }) => {
    await putNumbered(kv, "k", 5);
    const scan = kv.keys();
    const steps = await Promise.all(Array.from({ length: 6 }, () => scan.next()));
    noneTwice(steps.slice(0, 5).map((step) => String(step.value)));
    deepStrictEqual(steps.map((step) => step.done ?? false), [
      false,
      false,
      false,
      false,
      false,
      true,
    ]);
  },
};

const changingCases: Cases = {
  "keys() gives each of thousands of keys once": async ({ kv }) => {
    const all = await putNumbered(kv, "key:", 3_000);
    deepStrictEqual(await sorted(kv.keys()), all.sort());
    deepStrictEqual(await sorted(kv.entries()), all.map((key) => [key, key]));
  },

  "keys() gives each key that stays once while others come and go": async ({ kv }) => {
    const staying = await putNumbered(kv, "stay:", 3_000);
    const going = await putNumbered(kv, "go:", 1_000);
    const coming = Array.from({ length: 1_500 }, (_, index) => `come:${index}`);
    const known = new Set([...staying, ...going, ...coming]);
    const seen: string[] = [];
    for await (const key of kv.keys()) {
      ok(known.has(key), `invented: ${key}`);
      seen.push(key);
      const gone = going.pop();
      if (gone !== undefined && seen.length % 3 === 0) await kv.remove(gone);
      const came = coming.pop();
      if (came !== undefined && seen.length % 2 === 0) await kv.put(came, "new");
      if (seen.length % 5 === 0) await kv.put(`stay:${seen.length % 3_000}`, "longer".repeat(9));
    }
    noneTwice(seen);
    deepStrictEqual(seen.filter((key) => key.startsWith("stay:")).sort(), staying.sort());
  },

  "keys() gives each key once while the one it gave is written": async ({ kv }) => {
    const all = await putNumbered(kv, "k", 500);
    const seen: string[] = [];
    for await (const key of kv.keys({ prefix: "k" })) {
      seen.push(key);
      await kv.get(key);
      await kv.put(key, "written again, and longer");
      await kv.increment(`count${seen.length % 2}`);
    }
    noneTwice(seen);
    deepStrictEqual(seen.sort(), all.sort());
  },

  "keys() gives a key no second time that was removed and put again": async ({ kv }) => {
    await putNumbered(kv, "k", 300);
    const seen: string[] = [];
    for await (const key of kv.keys()) {
      seen.push(key);
      noneTwice(seen);
      await kv.remove(key);
      await kv.put(key, "again");
    }
    strictEqual((await listed(kv.keys())).length, 300);
  },

  "keys() allows every key to be removed as it comes": async ({ kv }) => {
    await putNumbered(kv, "k", 1_000);
    for (let index = 0; index < 100; index++) await kv.append(`a${index}`, "v");
    let count = 0;
    for await (const key of kv.keys()) {
      strictEqual(await kv.delete(key), true);
      count++;
    }
    strictEqual(count, 1_100);
    deepStrictEqual(await contents(kv), []);
  },

  "keys() ends after everything was cleared": async ({ kv }) => {
    await putNumbered(kv, "k", 2_000);
    const seen: string[] = [];
    for await (const key of kv.keys()) {
      seen.push(key);
      if (seen.length === 10) await kv.clear({ prefix: "" });
    }
    noneTwice(seen);
    strictEqual(await kv.has("k0"), false);
  },

  "entries() gives values that keys had, and none of a removed key anew": async ({ kv }) => {
    await putNumbered(kv, "k", 1_000);
    const seen: string[] = [];
    for await (const [key, value] of kv.entries()) {
      ok(value === key || value === `${key} new`, `${key} with ${value}`);
      seen.push(key);
      const other = `k${(seen.length * 7) % 1_000}`;
      await kv.put(other, `${other} new`);
    }
    noneTwice(seen);
    strictEqual(seen.length, 1_000);
  },

  "keys() keeps pace with arrays that lose and win elements": async ({ kv }) => {
    const names = Array.from({ length: 300 }, (_, index) => `a${index}`);
    await Promise.all(names.map((name) => kv.append(name, "1", "2", "3")));
    const seen: string[] = [];
    for await (const key of kv.keys()) {
      seen.push(key);
      await kv.popFirst(key);
      await kv.append(key, "4", "5");
    }
    deepStrictEqual(seen.sort(), names.sort());
  },
};

const clearCases: Cases = {
  "clear() removes strings and arrays with the prefix, and counts them": async ({ kv }) => {
    await kv.putMany([["x:1", "v"], ["x:2", "v"], ["y:1", "v"], ["x", "v"]]);
    await kv.append("x:3", "v", "w");
    strictEqual(await kv.clear({ prefix: "x:" }), 3);
    deepStrictEqual(await sorted(kv.keys()), ["x", "y:1"]);
    strictEqual(await kv.clear({ prefix: "x:" }), 0);
  },

  "clear() with an empty prefix removes all": async ({ kv }) => {
    await kv.putMany(keys.map((key) => [key, "v"]));
    strictEqual(await kv.clear({ prefix: "" }), keys.length);
    deepStrictEqual(await contents(kv), []);
    strictEqual(await kv.clear({ prefix: "" }), 0);
  },

  "clear() removes thousands of keys": async ({ kv }) => {
    await putNumbered(kv, "many:", 3_000);
    await putNumbered(kv, "few:", 30);
    strictEqual(await kv.clear({ prefix: "many:" }), 3_000);
    strictEqual((await listed(kv.keys())).length, 30);
  },

  "clear() without a prefix rejects and removes nothing": async ({ kv }) => {
    await kv.put("k", "kept");
    const wrong: unknown[] = [undefined, null, {}, { prefix: undefined }, { prefix: 5 }, "k"];
    for (const prefix of loneSurrogates) wrong.push({ prefix });
    for (const options of wrong) {
      await rejects(kv.clear(options as never), typeError, JSON.stringify(options));
    }
    deepStrictEqual(await contents(kv), [["k", "kept", false]]);
  },

  "clear() leaves a store that works on": async ({ kv }) => {
    await kv.put("k", "old");
    await kv.append("a", "old");
    await kv.putExpire("e", "old", 60_000);
    await kv.clear({ prefix: "" });
    strictEqual(await kv.put("k", "new", { ifAbsent: true }), true);
    strictEqual(await kv.append("a", "new"), 1);
    await kv.put("e", "new", { keepTtl: true });
    deepStrictEqual(await contents(kv), [["a", ["new"], false], ["e", "new", false], [
      "k",
      "new",
      false,
    ]]);
  },
};

/** What is true of scans. */
export const scanning: Cases = {
  ...listingCases,
  ...Object.assign({}, ...globs.map(globCases)),
  ...changingCases,
  ...clearCases,
};
