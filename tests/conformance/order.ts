/**
 * Order: calls take effect in the order in which they were made, awaited or not, and a loop of
 * awaited calls leaves room for everything else.
 */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { bytes } from "../../kv/codec.ts";
import { notANumber, wrongTypeError } from "./expect.ts";
import type { Cases } from "./subject.ts";

/** More calls than any store answers before a timer of 0 milliseconds is due. */
const CALLS_MAX = 2_000_000;

type Bytes = Uint8Array<ArrayBuffer>;
const BEFORE: Bytes = Uint8Array.of(1, 2, 3);

/** What is true of the order of calls. */
export const order: Cases = {
  "put(), increment() and get() of one turn take effect in their order": async ({ kv }) => {
    const answers = await Promise.all([
      kv.get("k"),
      kv.put("k", "41"),
      kv.increment("k"),
      kv.get("k"),
      kv.put("k", "new"),
      kv.get("k"),
      kv.remove("k"),
      kv.get("k"),
    ]);
    deepStrictEqual(answers, [null, true, 42, "42", true, "new", true, null]);
  },

  "append(), pop() and range() of one turn take effect in their order": async ({ kv }) => {
    const answers = await Promise.all([
      kv.append("k", "a", "b"),
      kv.prepend("k", "c"),
      kv.popFirst("k"),
      kv.range("k"),
      kv.move("k", "to", { take: "last", put: "first" }),
      kv.length("k"),
      kv.pop("k"),
      kv.has("k"),
      kv.range("to"),
    ]);
    deepStrictEqual(answers, [2, 3, "c", ["a", "b"], "b", 1, "a", false, ["b"]]);
  },

  "put() of one turn is seen by calls of every kind": async ({ kv }) => {
    const answers = await Promise.all([
      kv.put("k", "v", { expireIn: 60_000 }),
      kv.has("k"),
      kv.putIfEqual("k", "v", "w"),
      kv.getMany(["k", "j"]),
      kv.putMany([["j", "x"]]),
      kv.removeIfEqual("k", "v"),
      kv.fetchRemove("k"),
      kv.inspect("k"),
      kv.removeMany(["k", "j"]),
      kv.delete("j"),
    ]);
    deepStrictEqual(
      answers,
      [true, true, true, ["w", null], undefined, false, "w", null, [false, true], false],
    );
  },

  "putMany() of one turn is seen in whole by the call after it": async ({ kv }) => {
    const names = Array.from({ length: 2_000 }, (_, index) => `k${index}`);
    const [, values, , gone] = await Promise.all([
      kv.putMany(names.map((name) => [name, name])),
      kv.getMany(names),
      kv.removeMany(names),
      kv.getMany(names),
    ]);
    deepStrictEqual(values, names);
    deepStrictEqual(gone, names.map(() => null));
  },

  "stats() counts the keys of the calls before it, and of none after it": async ({ kv }) => {
    const [, counted] = await Promise.all([
      kv.put("before", "v"),
      kv.stats(),
      kv.put("after", "v"),
      kv.get("missing"),
    ]);
    strictEqual(counted.entries, 1);
    strictEqual(counted.misses, 0);
  },

  "a call that rejects leaves the order of the others": async ({ kv }) => {
    const wrongOnes = [
      kv.put("k", "text"),
      rejects(kv.append("k", "x"), wrongTypeError),
      rejects(kv.increment("k"), notANumber),
      rejects(kv.put("k", "never", { expireIn: 0 }), RangeError),
      rejects(kv.get(5 as never), TypeError),
    ];
    strictEqual(await kv.get("k"), "text");
    await Promise.all(wrongOnes);
    strictEqual(await kv.get("k"), "text");
  },

  "put() issued a thousand times at once ends with the last": async ({ kv }) => {
    const writes = Array.from({ length: 1_000 }, (_, index) => kv.put("k", String(index)));
    const last = kv.get("k");
    deepStrictEqual(await Promise.all(writes), writes.map(() => true));
    strictEqual(await last, "999");
  },

  "get() answers each of a thousand calls with its own value": async ({ kv }) => {
    const names = Array.from({ length: 1_000 }, (_, index) => `k${index}`);
    await Promise.all(names.map((name, index) => kv.put(name, "x".repeat(index))));
    const values = await Promise.all(names.map((name) => kv.get(name)));
    deepStrictEqual(values.map((value) => value?.length), names.map((_, index) => index));
  },

  "calls that wait behind a long one take bytes as they are when they are made": async ({ kv }) => {
    const binary = kv.withCodec(bytes);
    await binary.putMany([["equal", BEFORE], ["same", BEFORE]]);
    const values = Array.from({ length: 5 }, () => BEFORE.slice());
    const [put, appended, expected, replacing, removed] = values as [
      Bytes,
      Bytes,
      Bytes,
      Bytes,
      Bytes,
    ];
    const many = Array.from({ length: 3_000 }, (_, i) => [`many${i}`, BEFORE.slice()] as const);
    const made = Promise.all([
      binary.putMany(many),
      binary.put("put", put),
      binary.append("array", appended),
      binary.putIfEqual("equal", expected, replacing),
      binary.removeIfEqual("same", removed),
    ]);
    for (const value of [...values, ...many.map(([, value]) => value)]) value.fill(9);
    deepStrictEqual((await made).slice(1), [true, 1, true, true]);
    deepStrictEqual(await binary.getMany(["put", "equal", "many2999"]), [BEFORE, BEFORE, BEFORE]);
    deepStrictEqual(await binary.range("array"), [BEFORE]);
  },

  "pop() that waits takes its turn among calls behind a long one": async ({ kv }) => {
    await kv.append("a", "1", "2");
    const many = Array.from({ length: 500 }, (_, i) => [`many${i}`, "v"] as const);
    const made = [
      kv.putMany(many),
      kv.popFirst("a", { wait: 50 }),
      kv.length("a"),
      kv.popFirst("a", { wait: 50 }),
      kv.length("a"),
    ];
    deepStrictEqual((await Promise.all(made)).slice(1), ["1", 1, "2", 0]);
  },

  "get() awaited in a loop lets timers run": async ({ kv }) => {
    await kv.put("k", "v");
    let ran = false;
    setTimeout(() => ran = true, 0);
    for (let call = 0; call < CALLS_MAX && !ran; call++) await kv.get("k");
    strictEqual(ran, true);
  },

  "put(), append() and popFirst() awaited in a loop let timers run": async ({ kv }) => {
    let ran = false;
    setTimeout(() => ran = true, 0);
    for (let call = 0; call < CALLS_MAX / 4 && !ran; call++) {
      await kv.put("s", "v");
      await kv.append("a", "v");
      await kv.popFirst("a");
    }
    strictEqual(ran, true);
  },

  "calls that fail, awaited in a loop, let timers run": async ({ kv }) => {
    await kv.put("s", "v");
    let ran = false;
    setTimeout(() => ran = true, 0);
    for (let call = 0; call < CALLS_MAX / 4 && !ran; call++) {
      await rejects(kv.append("s", "v"), wrongTypeError);
      await rejects(kv.pop("s", { wait: true }), wrongTypeError);
      await rejects(kv.increment("s"), notANumber);
    }
    strictEqual(ran, true);
  },

  "calls of a closed store, awaited in a loop, let timers run": async ({ kv }) => {
    await kv.close();
    const calls: (() => Promise<unknown>)[] = [
      () => kv.pop("k", { wait: true }),
      () => kv.putMany([["k", "v"]]),
      () => kv.clear({ prefix: "" }),
      () => kv.stats(),
      () => kv.keys().next(),
      () => kv.entries().next(),
      () => kv.keys({ limit: -1 }).next(),
    ];
    for (const call of calls) {
      let ran = false;
      setTimeout(() => ran = true, 0);
      for (let count = 0; count < CALLS_MAX / 4 && !ran; count++) await call().catch(() => {});
      strictEqual(ran, true, `${call}`);
    }
  },

  "keys() awaited in a loop lets timers run": async ({ kv }) => {
    await kv.putMany(Array.from({ length: 2_000 }, (_, index) => [`k${index}`, "v"]));
    let ran = false;
    setTimeout(() => ran = true, 0);
    for (let scan = 0; scan < CALLS_MAX / 2_000 && !ran; scan++) {
      for await (const _ of kv.keys()) if (ran) break;
    }
    strictEqual(ran, true);
  },
};
