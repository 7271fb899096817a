/**
 * What the contract asks of stores in this process only: memory and file.
 */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { bytes, type Codec } from "../../kv/codec.ts";
import type { Kv, Value } from "../../kv/kv.ts";
import { contents, expiresWithin, listed, typeError } from "./expect.ts";
import type { Cases, Subject } from "./subject.ts";

const thrown = new Error("thrown by the codec");
const isThrown = (error: unknown): boolean => error === thrown;

const throwing: Codec<string, Value> = {
  encode: (value: Value): Value => value,
  decode(): never {
    throw thrown;
  },
};

/** The calls that take `"v"` out of what is at their key, by a codec that throws. */
const takes: Readonly<Record<string, (kv: Kv) => Promise<unknown>>> = {
  "fetchRemove()": (kv) => kv.fetchRemove("s"),
  "pop()": (kv) => kv.pop("a"),
  "popFirst()": (kv) => kv.popFirst("a"),
  "move()": (kv) => kv.move("a", "to", { take: "first", put: "last" }),
  "move() within one array": (kv) => kv.move("a", "a", { take: "first", put: "last" }),
};

function takeCase(name: string, take: (kv: Kv) => Promise<unknown>): Cases {
  return {
    [`${name} takes nothing where decode() throws`]: async ({ kv }) => {
      await kv.put("s", "v");
      await kv.append("a", "v", "w");
      await kv.append("to", "x");
      const before = await contents(kv);
      await rejects(take(kv.withCodec(throwing)), isThrown);
      deepStrictEqual(await contents(kv), before);
    },
    [`${name} takes nothing where bytes are no text`]: async ({ kv }) => {
      await kv.put("s", Uint8Array.of(0xff));
      await kv.append("a", Uint8Array.of(0xff), Uint8Array.of(0xff));
      await rejects(take(kv), typeError);
      const binary = kv.withCodec(bytes);
      deepStrictEqual(await binary.get("s"), Uint8Array.of(0xff));
      deepStrictEqual(await binary.range("a"), [Uint8Array.of(0xff), Uint8Array.of(0xff)]);
      strictEqual(await kv.has("to"), false);
    },
  };
}

const waitCases: Cases = {
  "pop() that waits takes nothing where decode() throws, and the next is served": async (
    { kv },
  ) => {
    const failing = rejects(kv.withCodec(throwing).popFirst("k", { wait: true }), isThrown);
    const next = kv.popFirst("k", { wait: true });
    await kv.append("k", "a", "b");
    await failing;
    strictEqual(await next, "a");
    deepStrictEqual(await kv.range("k"), ["b"]);
  },

  "pop() serves those who wait in the order of their calls": async ({ kv }) => {
    const waiting = [1, 2, 3, 4].map(() => kv.popFirst("k", { wait: true }));
    await kv.append("k", "a", "b");
    await kv.prepend("k", "c");
    await kv.append("from", "d");
    await kv.move("from", "k", { take: "first", put: "last" });
    deepStrictEqual(await Promise.all(waiting), ["a", "b", "c", "d"]);
    strictEqual(await kv.has("k"), false);
  },

  "pop() waits to the millisecond": async ({ kv, advance }) => {
    let settled = false;
    const waiting = kv.pop("k", { wait: 1_000 }).finally(() => settled = true);
    await advance(999);
    strictEqual(settled, false);
    await advance(1);
    strictEqual(settled, true);
    strictEqual(await waiting, null);
  },

  "pop() that times out in one turn with another leaves it waiting": async ({ kv, advance }) => {
    const short = kv.popFirst("k", { wait: 1_000 });
    const long = kv.popFirst("k", { wait: 1_001 });
    await advance(1_000);
    strictEqual(await short, null);
    await kv.append("k", "a");
    strictEqual(await long, "a");
  },

  "pop() for a signal that aborts several rejects each": async ({ kv }) => {
    const abort = new AbortController();
    const { signal } = abort;
    const waiting = [1, 2, 3].map(() => kv.pop("k", { wait: true, signal }));
    const rejected = waiting.map((call) => rejects(call, { name: "AbortError" }));
    abort.abort();
    await Promise.all(rejected);
    strictEqual((await kv.stats()).inFlight, 0);
  },

  "pop() that waits leaves no listener on its signal": async ({ kv, advance }) => {
    const { signal } = new AbortController();
    let listeners = 0;
    const [add, remove] = [signal.addEventListener, signal.removeEventListener];
    signal.addEventListener = (...args: unknown[]): void => {
      listeners++;
      add.apply(signal, args as never);
    };
    signal.removeEventListener = (...args: unknown[]): void => {
      listeners--;
      remove.apply(signal, args as never);
    };
    const served = kv.pop("k", { wait: true, signal });
    await kv.append("k", "a");
    strictEqual(await served, "a");
    const late = kv.pop("k", { wait: 10, signal });
    await advance(10);
    strictEqual(await late, null);
    strictEqual(listeners, 0);
  },

  "append() that serves one who waits leaves the array its expiry": async ({ kv }) => {
    const waiting = kv.popFirst("k", { wait: true });
    await kv.append("k", "a", "b");
    strictEqual(await waiting, "a");
    await kv.touch("k", 60_000);
    await kv.append("k", "c");
    deepStrictEqual(await contents(kv), [["k", ["b", "c"], true]]);
  },
};

const clockCases: Cases = {
  "get() finds a key until its deadline, and not at it": async ({ kv, advance }) => {
    await kv.putExpire("s", "v", 1_000);
    await kv.append("a", "v");
    await kv.touch("a", 1_000);
    await advance(999);
    strictEqual(await kv.get("s"), "v");
    strictEqual((await kv.inspect("s"))?.expiresIn, 1);
    strictEqual((await kv.inspect("a"))?.expiresIn, 1);
    await advance(1);
    strictEqual(await kv.get("s"), null);
    strictEqual(await kv.inspect("a"), null);
    deepStrictEqual(await listed(kv.keys()), []);
  },

  "inspect() tells the time that is left to the millisecond": async ({ kv, advance }) => {
    for (const expireIn of [1, 1_000, 86_400_000, 2 ** 40]) {
      await kv.putExpire("k", "v", expireIn);
      strictEqual((await kv.inspect("k"))?.expiresIn, expireIn);
    }
    await advance(12_345);
    strictEqual((await kv.inspect("k"))?.expiresIn, 2 ** 40 - 12_345);
  },

  "keys() gives no key that expires during the scan": async ({ kv, advance }) => {
    const names = Array.from({ length: 500 }, (_, index) => `k${index}`);
    await kv.putMany(names.map((name) => [name, "v"]), { expireIn: 1_000 });
    await kv.put("stays", "v");
    const scan = kv.keys();
    const seen: string[] = [];
    for (let step = 0; step < 100; step++) seen.push(String((await scan.next()).value));
    await advance(1_000);
    const rest = await listed(scan);
    deepStrictEqual(rest.filter((key) => key !== "stays"), []);
    strictEqual([...seen, ...rest].filter((key) => key === "stays").length, 1);
  },

  "put() with keepTtl at the last millisecond keeps the deadline": async ({ kv, advance }) => {
    await kv.putExpire("k", "v", 1_000);
    await advance(999);
    await kv.put("k", "w", { keepTtl: true });
    expiresWithin((await kv.inspect("k"))?.expiresIn, 1);
    await advance(1);
    strictEqual(await kv.has("k"), false);
  },
};

/** Fills a store with enough keys that going through them takes more than one turn. */
async function fill({ kv }: Subject): Promise<number> {
  const count = 30_000;
  await kv.putMany(Array.from({ length: count }, (_, index) => [`k${index}`, "v"]));
  return count;
}

const clearCases: Cases = {
  "clear() of many keys is seen in whole by the call after it": async (subject) => {
    const { kv } = subject;
    const count = await fill(subject);
    await kv.append("array", "old");
    const [cleared, got, had, put, got7, length, length2, popped] = await Promise.all([
      kv.clear({ prefix: "" }),
      kv.get("k29999"),
      kv.has("k5"),
      kv.put("k7", "new"),
      kv.get("k7"),
      kv.append("array", "new"),
      kv.append("array", "newer"),
      kv.pop("other"),
    ]);
    strictEqual(cleared, count + 1);
    deepStrictEqual([got, had, popped], [null, false, null]);
    deepStrictEqual([put, got7, length, length2], [true, "new", 1, 2]);
    deepStrictEqual(await contents(kv), [
      ["array", ["new", "newer"], false],
      ["k7", "new", false],
    ]);
  },

  "clear() of many keys counts each once, however they go": async (subject) => {
    const { kv } = subject;
    const count = await fill(subject);
    const clearing = kv.clear({ prefix: "k" });
    const again = kv.clear({ prefix: "k1" });
    const scanned = listed(kv.keys());
    for (let index = 0; index < count; index += 100) strictEqual(await kv.get(`k${index}`), null);
    deepStrictEqual(await scanned, []);
    deepStrictEqual([await clearing, await again], [count, 0]);
  },
};

/** What is true of stores in this process. */
export const inProcess: Cases = {
  ...Object.assign({}, ...Object.entries(takes).map(([name, take]) => takeCase(name, take))),
  ...waitCases,
  ...clockCases,
  ...clearCases,
};
