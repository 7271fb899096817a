/**
 * Aborting a waiting pop: it ends the waiting, and costs no element.
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { Value } from "../../kv/kv.ts";
import { contents } from "./expect.ts";
import type { Cases } from "./subject.ts";
import { type Take, WAIT_MS, waits } from "./waits.ts";

function abortCases(name: string, take: Take): Cases {
  return {
    [`${name} with a signal that has aborted rejects and takes nothing`]: async ({ kv }) => {
      const reason = new Error("given up");
      const signal = AbortSignal.abort(reason);
      await kv.append("k", "kept");
      await rejects(take(kv, { wait: true, signal }), (error) => error === reason);
      await rejects(take(kv, { wait: 1_000, signal }), (error) => error === reason);
      deepStrictEqual(await contents(kv), [["k", ["kept"], false]]);
    },
    [`${name} aborted while it waits rejects with the reason`]: async ({ kv, advance }) => {
      const abort = new AbortController();
      const reason = new Error("given up");
      const waiting = take(kv, { wait: true, signal: abort.signal });
      const rejected = rejects(waiting, (error) => error === reason);
      await advance(WAIT_MS);
      abort.abort(reason);
      await rejected;
      await kv.append("k", "later");
      await advance(WAIT_MS);
      deepStrictEqual(await contents(kv), [["k", ["later"], false]]);
    },
    [`${name} aborted in the turn in which it was called rejects`]: async ({ kv, advance }) => {
      const abort = new AbortController();
      const waiting = take(kv, { wait: true, signal: abort.signal });
      abort.abort();
      await rejects(waiting, { name: "AbortError" });
      await kv.append("k", "later");
      await advance(WAIT_MS);
      deepStrictEqual(await contents(kv), [["k", ["later"], false]]);
    },
    [`${name} gives the element that came before the abort`]: async ({ kv, advance }) => {
      const abort = new AbortController();
      const waiting = take(kv, { wait: true, signal: abort.signal });
      await advance(WAIT_MS);
      await kv.append("k", "came");
      abort.abort();
      strictEqual(await waiting, "came");
      strictEqual(await kv.has("k"), false);
    },
    [`${name} gives the element whose reading aborts it`]: async ({ kv, advance }) => {
      const abort = new AbortController();
      const stopping = kv.withCodec({
        encode: (value: Value): Value => value,
        decode: (bytes: Uint8Array): string => {
          abort.abort();
          return new TextDecoder().decode(bytes);
        },
      });
      const waiting = take(stopping, { wait: true, signal: abort.signal });
      await advance(WAIT_MS);
      await kv.append("k", "stop");
      strictEqual(await waiting, "stop");
    },
    [`${name} loses no element to an abort that races with it`]: async ({ kv, advance }) => {
      for (let turns = 0; turns < 24; turns++) {
        const abort = new AbortController();
        const waiting = take(kv, { wait: true, signal: abort.signal }).catch(() => "aborted");
        if (turns % 2 === 0) await advance(1);
        const added = kv.append("k", "element");
        for (let turn = 0; turn < turns / 2; turn++) await Promise.resolve();
        abort.abort();
        await added;
        const taken = await waiting;
        ok(taken === "element" || taken === "aborted");
        strictEqual(await kv.pop("k"), taken === "element" ? null : "element");
      }
    },
    [`${name} leaves a signal that outlives it alone`]: async ({ kv, advance }) => {
      const abort = new AbortController();
      const waiting = take(kv, { wait: true, signal: abort.signal });
      await advance(WAIT_MS);
      await kv.append("k", "a");
      strictEqual(await waiting, "a");
      abort.abort();
      await kv.append("k", "b");
      strictEqual(await take(kv, { wait: true }), "b");
    },
  };
}

/** What is true of calls that wait and are aborted. */
export const aborting: Cases = Object.assign(
  {},
  ...Object.entries(waits).map(([name, take]) => abortCases(name, take)),
);
