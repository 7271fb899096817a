/**
 * Expiry: strict, of strings and arrays alike, set and taken off by exactly the calls that say so.
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { Kv } from "../../kv/kv.ts";
import { contents, expiresWithin, listed, rangeError, sorted, typeError } from "./expect.ts";
import { noDurations, noNumbers } from "./samples.ts";
import type { Cases } from "./subject.ts";

const MINUTE_MS = 60_000;
const CENTURY_MS = 100 * 366 * 24 * 60 * MINUTE_MS;
const LONGEST_MS = 2 ** 53 - 1;

async function expiresIn(kv: Kv, key: string): Promise<number | null | undefined> {
  return (await kv.inspect(key))?.expiresIn;
}

/** The key expires in `expected` milliseconds; a minute is for the machine. */
async function expiresLate(kv: Kv, expected: number): Promise<void> {
  const left = await expiresIn(kv, "k") ?? NaN;
  // Past 2^53 ms a deadline is a multiple of two, so it may be off by one; but no longer than any.
  ok(
    left <= Math.min(expected + 1, LONGEST_MS) && left > expected - MINUTE_MS,
    `expires in ${left}, not in ${expected}`,
  );
  strictEqual(await kv.has("k"), true);
}

/** The calls that take a duration. */
const durations: Readonly<Record<string, (kv: Kv, expireIn: number) => Promise<unknown>>> = {
  "put()": (kv, expireIn) => kv.put("k", "new", { expireIn }),
  "putExpire()": (kv, expireIn) => kv.putExpire("k", "new", expireIn),
  "putMany()": (kv, expireIn) => kv.putMany([["k", "new"]], { expireIn }),
  "touch()": (kv, expireIn) => kv.touch("k", expireIn),
};

function durationCases(name: string, call: (kv: Kv, expireIn: number) => Promise<unknown>): Cases {
  return {
    [`${name} lets a key live as long as it says, and no longer`]: async ({ kv, advance }) => {
      await kv.put("k", "old");
      await call(kv, 10 * MINUTE_MS);
      expiresWithin(await expiresIn(kv, "k"), 10 * MINUTE_MS);
      await advance(9 * MINUTE_MS);
      strictEqual(await kv.has("k"), true);
      expiresWithin(await expiresIn(kv, "k"), MINUTE_MS);
      await advance(MINUTE_MS);
      strictEqual(await kv.has("k"), false);
    },
    [`${name} takes the longest duration`]: async ({ kv, advance }) => {
      await kv.put("k", "old");
      await call(kv, LONGEST_MS);
      await expiresLate(kv, LONGEST_MS);
      await advance(CENTURY_MS);
      await expiresLate(kv, LONGEST_MS - CENTURY_MS);
    },
    [`${name} takes the shortest duration`]: async ({ kv, advance }) => {
      await kv.put("k", "old");
      await call(kv, 1);
      await advance(10);
      strictEqual(await kv.has("k"), false);
    },
    [`${name} rejects a duration out of range and changes nothing`]: async ({ kv }) => {
      await kv.putExpire("k", "kept", MINUTE_MS);
      for (const expireIn of noDurations) {
        await rejects(call(kv, expireIn), rangeError, `expireIn: ${expireIn}`);
      }
      deepStrictEqual(await contents(kv), [["k", "kept", true]]);
      expiresWithin(await expiresIn(kv, "k"), MINUTE_MS);
    },
    [`${name} rejects a duration that is no number and changes nothing`]: async ({ kv }) => {
      await kv.put("k", "kept");
      for (const expireIn of noNumbers as number[]) {
        await rejects(call(kv, expireIn), typeError, `expireIn: ${String(expireIn)}`);
      }
      deepStrictEqual(await contents(kv), [["k", "kept", false]]);
    },
  };
}

const settingCases: Cases = {
  "putExpire() and touch() without a duration reject": async ({ kv }) => {
    await kv.put("k", "kept");
    await rejects(kv.putExpire("k", "new", undefined as never), typeError);
    await rejects(kv.touch("k", undefined as never), typeError);
    deepStrictEqual(await contents(kv), [["k", "kept", false]]);
  },

  "put() with expireIn and keepTtl rejects": async ({ kv }) => {
    await kv.put("k", "kept");
    await rejects(kv.put("k", "new", { expireIn: 1_000, keepTtl: true }), typeError);
    deepStrictEqual(await contents(kv), [["k", "kept", false]]);
  },

  "put() without options makes a key stay": async ({ kv, advance }) => {
    await kv.putExpire("k", "old", MINUTE_MS);
    await kv.put("k", "new");
    strictEqual(await expiresIn(kv, "k"), null);
    await advance(2 * MINUTE_MS);
    strictEqual(await kv.get("k"), "new");
  },

  "put() replaces an expiry by a shorter and a longer one": async ({ kv, advance }) => {
    await kv.putExpire("shorter", "v", 10 * MINUTE_MS);
    await kv.putExpire("shorter", "v", MINUTE_MS);
    await kv.putExpire("longer", "v", MINUTE_MS);
    await kv.putExpire("longer", "v", 10 * MINUTE_MS);
    await advance(2 * MINUTE_MS);
    strictEqual(await kv.get("shorter"), null);
    strictEqual(await kv.get("longer"), "v");
    await advance(8 * MINUTE_MS);
    strictEqual(await kv.get("longer"), null);
  },

  "put() with keepTtl keeps the time that is left": async ({ kv, advance }) => {
    await kv.putExpire("k", "old", 3 * MINUTE_MS);
    await advance(MINUTE_MS);
    await kv.put("k", "new", { keepTtl: true });
    expiresWithin(await expiresIn(kv, "k"), 2 * MINUTE_MS);
    await advance(2 * MINUTE_MS);
    strictEqual(await kv.get("k"), null);
  },

  "put() with keepTtl lets a key without expiry stay": async ({ kv }) => {
    await kv.put("missing", "new", { keepTtl: true });
    await kv.put("staying", "old");
    await kv.put("staying", "new", { keepTtl: true });
    deepStrictEqual(await contents(kv), [["missing", "new", false], ["staying", "new", false]]);
  },

  "put() with keepTtl keeps the expiry of an array": async ({ kv, advance }) => {
    await kv.append("k", "a");
    await kv.touch("k", MINUTE_MS);
    await kv.put("k", "string", { keepTtl: true });
    expiresWithin(await expiresIn(kv, "k"), MINUTE_MS);
    await advance(MINUTE_MS);
    strictEqual(await kv.has("k"), false);
  },

  "put() with keepTtl takes no expiry from a key that has expired": async ({ kv, advance }) => {
    await kv.putExpire("k", "old", MINUTE_MS);
    await advance(MINUTE_MS);
    await kv.put("k", "new", { keepTtl: true });
    strictEqual(await expiresIn(kv, "k"), null);
  },

  "put() with ifAbsent leaves the expiry of the key that is there": async ({ kv }) => {
    await kv.putExpire("k", "old", MINUTE_MS);
    strictEqual(await kv.put("k", "new", { ifAbsent: true, expireIn: 5 * MINUTE_MS }), false);
    expiresWithin(await expiresIn(kv, "k"), MINUTE_MS);
  },

  "putMany() gives one expiry to all of its keys": async ({ kv, advance }) => {
    const keys = Array.from({ length: 100 }, (_, index) => `k${index}`);
    await kv.putMany(keys.map((key) => [key, "v"]), { expireIn: MINUTE_MS });
    await kv.put("staying", "v");
    await advance(MINUTE_MS);
    deepStrictEqual(await sorted(kv.keys()), ["staying"]);
  },

  "persist() makes a string and an array stay": async ({ kv, advance }) => {
    await kv.putExpire("s", "v", MINUTE_MS);
    await kv.append("a", "v");
    await kv.touch("a", MINUTE_MS);
    strictEqual(await kv.persist("s"), true);
    strictEqual(await kv.persist("a"), true);
    strictEqual(await kv.persist("s"), false);
    await advance(2 * MINUTE_MS);
    deepStrictEqual(await contents(kv), [["a", ["v"], false], ["s", "v", false]]);
  },

  "touch() replaces an expiry by a shorter and a longer one": async ({ kv, advance }) => {
    await kv.putExpire("k", "v", 2 * MINUTE_MS);
    strictEqual(await kv.touch("k", 10 * MINUTE_MS), true);
    await advance(3 * MINUTE_MS);
    strictEqual(await kv.get("k"), "v");
    strictEqual(await kv.touch("k", MINUTE_MS), true);
    await advance(MINUTE_MS);
    strictEqual(await kv.touch("k", MINUTE_MS), false);
    strictEqual(await kv.has("k"), false);
  },
};

const arrayCases: Cases = {
  "append() and pop() keep the expiry of an array": async ({ kv, advance }) => {
    await kv.append("k", "a", "b");
    await kv.touch("k", 5 * MINUTE_MS);
    await advance(MINUTE_MS);
    await kv.append("k", "c");
    await kv.prepend("k", "d");
    await kv.pop("k");
    await kv.popFirst("k");
    await kv.move("k", "k", { take: "first", put: "last" });
    expiresWithin(await expiresIn(kv, "k"), 4 * MINUTE_MS);
    await advance(4 * MINUTE_MS);
    strictEqual(await kv.pop("k"), null);
    strictEqual(await kv.length("k"), 0);
  },

  "pop() of the last element takes the expiry with it": async ({ kv, advance }) => {
    await kv.append("k", "a");
    await kv.touch("k", MINUTE_MS);
    await kv.pop("k");
    await kv.append("k", "new");
    strictEqual(await expiresIn(kv, "k"), null);
    await advance(2 * MINUTE_MS);
    deepStrictEqual(await kv.range("k"), ["new"]);
  },

  "append() to an expired array starts a new one": async ({ kv, advance }) => {
    await kv.append("k", "old", "old");
    await kv.touch("k", MINUTE_MS);
    await advance(MINUTE_MS);
    strictEqual(await kv.append("k", "new"), 1);
    await advance(MINUTE_MS);
    deepStrictEqual(await contents(kv), [["k", ["new"], false]]);
  },

  "move() takes no expiry along": async ({ kv }) => {
    await kv.append("from", "a", "b");
    await kv.touch("from", MINUTE_MS);
    await kv.move("from", "to", { take: "first", put: "last" });
    expiresWithin(await expiresIn(kv, "from"), MINUTE_MS);
    strictEqual(await expiresIn(kv, "to"), null);
  },

  "move() leaves the expiry of the array it puts to": async ({ kv }) => {
    await kv.append("from", "a");
    await kv.append("to", "b");
    await kv.touch("to", MINUTE_MS);
    await kv.move("from", "to", { take: "first", put: "last" });
    expiresWithin(await expiresIn(kv, "to"), MINUTE_MS);
  },

  "move() of the only element within one array keeps its expiry": async ({ kv }) => {
    await kv.append("k", "only");
    await kv.touch("k", MINUTE_MS);
    await kv.move("k", "k", { take: "first", put: "last" });
    expiresWithin(await expiresIn(kv, "k"), MINUTE_MS);
  },
};

const goneCases: Cases = {
  "remove() takes the expiry with it": async ({ kv, advance }) => {
    const removals: ((key: string) => Promise<unknown>)[] = [
      (key) => kv.remove(key),
      (key) => kv.delete(key),
      (key) => kv.fetchRemove(key),
      (key) => kv.removeIfEqual(key, "v"),
      (key) => kv.removeMany([key]),
      (key) => kv.clear({ prefix: key }),
    ];
    for (const remove of removals) {
      await kv.putExpire("k", "v", MINUTE_MS);
      await remove("k");
      await kv.put("k", "new", { keepTtl: true });
      strictEqual(await expiresIn(kv, "k"), null);
    }
    await advance(2 * MINUTE_MS);
    strictEqual(await kv.get("k"), "new");
  },

  "increment() keeps the expiry, and counts from 0 after it": async ({ kv, advance }) => {
    await kv.putExpire("k", "7", 2 * MINUTE_MS);
    strictEqual(await kv.increment("k"), 8);
    await advance(MINUTE_MS);
    strictEqual(await kv.increment("k"), 9);
    expiresWithin(await expiresIn(kv, "k"), MINUTE_MS);
    await advance(MINUTE_MS);
    strictEqual(await kv.increment("k"), 1);
    strictEqual(await expiresIn(kv, "k"), null);
  },

  "keys() and entries() show nothing that has expired": async ({ kv, advance }) => {
    await kv.putExpire("s", "v", MINUTE_MS);
    await kv.append("a", "v");
    await kv.touch("a", MINUTE_MS);
    await kv.put("staying", "v");
    await advance(MINUTE_MS);
    deepStrictEqual(await listed(kv.keys()), ["staying"]);
    deepStrictEqual(await listed(kv.entries()), [["staying", "v"]]);
    deepStrictEqual(await listed(kv.keys({ limit: 3 })), ["staying"]);
  },

  "entries() gives no value that expires between two steps": async ({ kv, advance }) => {
    await kv.putMany([["a", "v"], ["b", "v"], ["c", "v"]], { expireIn: 40 });
    await kv.put("staying", "v");
    const entries = kv.entries()[Symbol.asyncIterator]();
    await entries.next();
    await advance(50);
    const rest: string[] = [];
    for (let next = await entries.next(); !next.done; next = await entries.next()) {
      rest.push(next.value[0]);
    }
    deepStrictEqual(rest.filter((key) => key !== "staying"), []);
  },

  "clear() does not count what has expired": async ({ kv, advance }) => {
    await kv.putMany([["a", "v"], ["b", "v"], ["c", "v"]], { expireIn: MINUTE_MS });
    await kv.put("d", "v");
    await advance(MINUTE_MS);
    strictEqual(await kv.clear({ prefix: "" }), 1);
    strictEqual(await kv.clear({ prefix: "" }), 0);
  },

  "getMany() gives null for what has expired": async ({ kv, advance }) => {
    await kv.put("a", "1");
    await kv.putExpire("b", "2", MINUTE_MS);
    await kv.put("c", "3");
    await advance(MINUTE_MS);
    deepStrictEqual(await kv.getMany(["a", "b", "c"]), ["1", null, "3"]);
  },

  "put() with many deadlines lets each key go at its own": async ({ kv, advance }) => {
    const minutes = Array.from({ length: 60 }, (_, index) => (index * 37) % 60 + 1);
    await Promise.all(minutes.map((n) => kv.putExpire(`k${n}`, "v", n * MINUTE_MS)));
    for (let passed = 10; passed <= 60; passed += 10) {
      await advance(10 * MINUTE_MS);
      strictEqual((await listed(kv.keys())).length, 60 - passed);
      strictEqual(await kv.has(`k${passed}`), false);
      strictEqual(await kv.has(`k${passed + 1}`), passed < 60);
    }
  },
};

/** What is true of expiry. */
export const expiry: Cases = {
  ...Object.assign(
    {},
    ...Object.entries(durations).map(([name, call]) => durationCases(name, call)),
  ),
  ...settingCases,
  ...arrayCases,
  ...goneCases,
};
