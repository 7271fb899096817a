/**
 * Waiting pops: each element goes to one who waits, none is lost, and every wait ends.
 */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { bytes } from "../../kv/codec.ts";
import { closed, contents, rangeError, typeError, wrongTypeError } from "./expect.ts";
import { noNumbers } from "./samples.ts";
import type { Cases } from "./subject.ts";
import { along, type Take, WAIT_MS, waits, watch } from "./waits.ts";

function waitingCases(name: string, take: Take): Cases {
  return {
    [`${name} with wait takes an element that is there at once`]: async ({ kv }) => {
      await kv.append("k", "a");
      strictEqual(await take(kv, { wait: true }), "a");
      await kv.append("k", "b");
      strictEqual(await take(kv, { wait: 1_000 }), "b");
      strictEqual(await kv.has("k"), false);
    },
    [`${name} waits until an element comes`]: async ({ kv, advance }) => {
      for (const add of ["append", "prepend"] as const) {
        const waiting = take(kv, { wait: true });
        const state = watch(waiting);
        await advance(WAIT_MS);
        strictEqual(state.settled, false);
        strictEqual(await kv[add]("k", "come"), 1);
        strictEqual(await waiting, "come");
        strictEqual(await kv.has("k"), false);
      }
    },
    [`${name} waits until an element is moved there`]: async ({ kv, advance }) => {
      const waiting = take(kv, { wait: true });
      await advance(WAIT_MS);
      await kv.append("from", "moved");
      strictEqual(await kv.move("from", "k", along), "moved");
      strictEqual(await waiting, "moved");
      strictEqual(await kv.has("k"), false);
    },
    [`${name} gives null once its time is up`]: async ({ kv, advance }) => {
      const waiting = take(kv, { wait: WAIT_MS });
      await advance(WAIT_MS);
      strictEqual(await waiting, null);
      await kv.append("k", "late");
      await advance(WAIT_MS);
      deepStrictEqual(await contents(kv), [["k", ["late"], false]]);
    },
    [`${name} with the longest wait waits`]: async ({ kv, advance }) => {
      const waiting = take(kv, { wait: 2 ** 53 - 1 });
      const state = watch(waiting);
      await advance(WAIT_MS);
      strictEqual(state.settled, false);
      await kv.append("k", "come");
      strictEqual(await waiting, "come");
    },
    [`${name} without wait does not wait`]: async ({ kv }) => {
      strictEqual(await take(kv, {}), null);
      strictEqual(await take(kv, { wait: false }), null);
      strictEqual(await take(kv, { wait: undefined, signal: undefined }), null);
      strictEqual(await take(kv, { signal: new AbortController().signal }), null);
    },
    [`${name} with wait rejects where there is a string`]: async ({ kv }) => {
      await kv.put("k", "string");
      await rejects(take(kv, { wait: true }), wrongTypeError);
      await rejects(take(kv, { wait: 1_000 }), wrongTypeError);
      deepStrictEqual(await contents(kv), [["k", "string", false]]);
    },
    [`${name} that waits is not served by a string, nor ended by one`]: async (
      { kv, advance },
    ) => {
      const waiting = take(kv, { wait: true });
      const state = watch(waiting);
      await advance(WAIT_MS);
      for (const value of ["string", "another"]) {
        await kv.put("k", value);
        await advance(WAIT_MS);
        strictEqual(state.settled, false);
        strictEqual(await kv.get("k"), value);
        await kv.remove("k");
      }
      await kv.append("k", "element");
      strictEqual(await waiting, "element");
      strictEqual(await kv.has("k"), false);
    },
    [`${name} with a wait that is none rejects and takes nothing`]: async ({ kv }) => {
      await kv.append("k", "kept");
      for (const wait of [0, -1, 1.5, NaN, Infinity, 2 ** 53]) {
        await rejects(take(kv, { wait }), rangeError, `wait: ${wait}`);
      }
      for (const wait of noNumbers.filter((no) => no !== true) as number[]) {
        await rejects(take(kv, { wait }), typeError, `wait: ${String(wait)}`);
      }
      for (const signal of [5, {}, "abort"] as unknown as AbortSignal[]) {
        await rejects(take(kv, { wait: true, signal }), typeError);
      }
      deepStrictEqual(await contents(kv), [["k", ["kept"], false]]);
    },
    [`${name} rejects when the store is closed while it waits`]: async ({ kv, advance }) => {
      const waiting = take(kv, { wait: true });
      const rejected = rejects(waiting, closed);
      await advance(WAIT_MS);
      await kv.close();
      await rejected;
    },
  };
}

const queueCases: Cases = {
  "popFirst() serves those who wait in the order in which they came": async ({ kv, advance }) => {
    const waiting: Promise<string | null>[] = [];
    for (let index = 0; index < 3; index++) {
      waiting.push(kv.popFirst("k", { wait: true }));
      await advance(WAIT_MS);
    }
    for (const job of ["a", "b", "c"]) await kv.append("k", job);
    deepStrictEqual(await Promise.all(waiting), ["a", "b", "c"]);
  },

  "popFirst() gives one element to one of two who wait": async ({ kv, advance }) => {
    const first = kv.popFirst("k", { wait: true });
    await advance(WAIT_MS);
    const second = kv.popFirst("k", { wait: true });
    const state = watch(second);
    await advance(WAIT_MS);
    await kv.append("k", "one");
    strictEqual(await first, "one");
    await advance(WAIT_MS);
    strictEqual(state.settled, false);
    await kv.append("k", "two");
    strictEqual(await second, "two");
  },

  "append() of several values serves several who wait": async ({ kv, advance }) => {
    const waiting: Promise<string | null>[] = [];
    for (let index = 0; index < 3; index++) {
      waiting.push(kv.popFirst("k", { wait: true }));
      await advance(WAIT_MS);
    }
    strictEqual(await kv.append("k", "a", "b", "c", "d"), 4);
    deepStrictEqual(await Promise.all(waiting), ["a", "b", "c"]);
    deepStrictEqual(await kv.range("k"), ["d"]);
  },

  "append() of several values gives each who waits its own end": async ({ kv, advance }) => {
    const last = kv.pop("k", { wait: true });
    await advance(WAIT_MS);
    const first = kv.popFirst("k", { wait: true });
    await advance(WAIT_MS);
    await kv.append("k", "a", "b", "c");
    strictEqual(await last, "c");
    strictEqual(await first, "a");
    deepStrictEqual(await kv.range("k"), ["b"]);
  },

  "prepend() of several values serves popFirst() with the one it leaves first": async (
    { kv, advance },
  ) => {
    const waiting = kv.popFirst("k", { wait: true });
    await advance(WAIT_MS);
    await kv.prepend("k", "a", "b");
    strictEqual(await waiting, "b");
    deepStrictEqual(await kv.range("k"), ["a"]);
  },

  "pop() that waits goes before one that comes later": async ({ kv, advance }) => {
    const waiting = kv.popFirst("k", { wait: true });
    await advance(WAIT_MS);
    const added = kv.append("k", "a");
    const later = kv.popFirst("k");
    strictEqual(await added, 1);
    strictEqual(await waiting, "a");
    strictEqual(await later, null);
  },

  "pop() that timed out or was aborted leaves its turn to the next": async ({ kv, advance }) => {
    const abort = new AbortController();
    const aborted = kv.pop("k", { wait: true, signal: abort.signal }).catch(() => "aborted");
    await advance(WAIT_MS);
    const late = kv.pop("k", { wait: WAIT_MS });
    await advance(WAIT_MS);
    strictEqual(await late, null);
    const next = kv.pop("k", { wait: true });
    await advance(WAIT_MS);
    abort.abort();
    strictEqual(await aborted, "aborted");
    await kv.append("k", "a");
    strictEqual(await next, "a");
  },

  "pop() with wait serves a pool of workers each job once": async ({ kv }) => {
    const done: string[] = [];
    async function work(): Promise<void> {
      for (;;) {
        const job = await kv.popFirst("jobs", { wait: true });
        if (job === null || job === "stop") return;
        done.push(job);
      }
    }
    const workers = [work(), work(), work()];
    const jobs = Array.from({ length: 200 }, (_, index) => `job ${index}`);
    for (const job of jobs) await kv.append("jobs", job);
    await kv.append("jobs", "stop", "stop", "stop");
    await Promise.all(workers);
    deepStrictEqual(done.sort(), jobs.sort());
    strictEqual(await kv.has("jobs"), false);
  },

  "pop() that waits holds up no other call": async ({ kv, advance }) => {
    const waiting = kv.pop("k", { wait: true });
    const others = Array.from({ length: 12 }, (_, index) => kv.pop(`k${index}`, { wait: true }));
    await advance(WAIT_MS);
    strictEqual(await kv.put("s", "v"), true);
    strictEqual(await kv.get("s"), "v");
    strictEqual(await kv.pop("other"), null);
    deepStrictEqual(await kv.range("k"), []);
    strictEqual(await kv.has("k"), false);
    await Promise.all(others.map((_, index) => kv.append(`k${index}`, `${index}`)));
    deepStrictEqual(await Promise.all(others), others.map((_, index) => `${index}`));
    await kv.append("k", "end");
    strictEqual(await waiting, "end");
  },

  "pop() that waits for one key takes nothing from another": async ({ kv, advance }) => {
    const waiting = kv.pop("k", { wait: true });
    const state = watch(waiting);
    await advance(WAIT_MS);
    await kv.append("K", "other");
    await kv.append("k2", "other");
    await kv.append("", "other");
    await advance(WAIT_MS);
    strictEqual(state.settled, false);
    await kv.append("k", "mine");
    strictEqual(await waiting, "mine");
  },

  "pop() that waits takes empty and binary elements": async ({ kv, advance }) => {
    const empty = kv.pop("k", { wait: true });
    await advance(WAIT_MS);
    await kv.append("k", "");
    strictEqual(await empty, "");
    const binary = kv.withCodec(bytes).pop("k", { wait: true });
    await advance(WAIT_MS);
    await kv.append("k", Uint8Array.of(255, 13, 10, 0));
    deepStrictEqual(await binary, Uint8Array.of(255, 13, 10, 0));
  },
};

const moveCases: Cases = {
  "pop() that waits ends in time, also behind a call of many keys": async ({ kv, advance }) => {
    let isDone = false;
    const many = Array.from({ length: 100_000 }, (_, index) => [`k${index}`, "v"] as const);
    const long = kv.putMany(many).then(() => isDone = true);
    const abort = new AbortController();
    const aborted = rejects(kv.pop("k", { wait: true, signal: abort.signal }), {
      name: "AbortError",
    });
    const timed = kv.pop("k", { wait: WAIT_MS });
    abort.abort();
    await aborted;
    await advance(WAIT_MS);
    strictEqual(await timed, null);
    if (kv.backend === "file") strictEqual(isDone, false);
    const patient = kv.pop("k", { wait: true });
    await kv.append("k", "came");
    strictEqual(await patient, "came");
    await long;
  },

  "move() with wait puts the element where it was told": async ({ kv, advance }) => {
    await kv.append("to", "x");
    for (const put of ["first", "last"] as const) {
      const waiting = kv.move("from", "to", { take: "last", put, wait: true });
      await advance(WAIT_MS);
      await kv.append("from", put);
      strictEqual(await waiting, put);
    }
    deepStrictEqual(await contents(kv), [["to", ["first", "x", "last"], false]]);
  },

  "move() that waits serves a pop() that waits at its end": async ({ kv, advance }) => {
    const moving = kv.move("a", "b", { ...along, wait: true });
    await advance(WAIT_MS);
    const popping = kv.pop("b", { wait: true });
    await advance(WAIT_MS);
    await kv.append("a", "through");
    strictEqual(await moving, "through");
    strictEqual(await popping, "through");
    deepStrictEqual(await contents(kv), []);
  },

  "move() that waits in a ring passes an element on": async ({ kv, advance }) => {
    const there = kv.move("a", "b", { ...along, wait: true });
    await advance(WAIT_MS);
    const back = kv.move("b", "a", { ...along, wait: true });
    await advance(WAIT_MS);
    await kv.append("a", "ball");
    strictEqual(await there, "ball");
    strictEqual(await back, "ball");
    deepStrictEqual(await contents(kv), [["a", ["ball"], false]]);
  },

  "move() with wait to a string rejects if there is an element": async ({ kv }) => {
    await kv.append("from", "a");
    await kv.put("to", "string");
    await rejects(kv.move("from", "to", { ...along, wait: true }), wrongTypeError);
    deepStrictEqual(await contents(kv), [["from", ["a"], false], ["to", "string", false]]);
  },

  "move() that waits rejects if there is a string once an element comes": async (
    { kv, advance },
  ) => {
    await kv.put("to", "string");
    const waiting = kv.move("from", "to", { ...along, wait: true });
    const rejected = rejects(waiting, wrongTypeError);
    await advance(WAIT_MS);
    await kv.append("from", "a");
    await rejected;
    deepStrictEqual(await contents(kv), [["from", ["a"], false], ["to", "string", false]]);
  },

  "move() that waits with a string at each key waits until an element comes": async (
    { kv, advance },
  ) => {
    await kv.put("to", "string");
    const waiting = kv.move("from", "to", { ...along, wait: true });
    const state = watch(waiting);
    const rejected = rejects(waiting, wrongTypeError);
    await advance(WAIT_MS);
    await kv.put("from", "string");
    await advance(WAIT_MS);
    strictEqual(state.settled, false);
    await kv.remove("from");
    await kv.append("from", "a");
    await rejected;
    deepStrictEqual(await contents(kv), [["from", ["a"], false], ["to", "string", false]]);
  },

  "move() within one array that waits turns what comes": async ({ kv, advance }) => {
    const waiting = kv.move("k", "k", { ...along, wait: true });
    await advance(WAIT_MS);
    await kv.append("k", "a", "b");
    strictEqual(await waiting, "a");
    deepStrictEqual(await kv.range("k"), ["b", "a"]);
  },
};

/** What is true of calls that wait. */
export const blocking: Cases = {
  ...Object.assign({}, ...Object.entries(waits).map(([name, take]) => waitingCases(name, take))),
  ...queueCases,
  ...moveCases,
};
