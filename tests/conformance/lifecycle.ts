/**
 * Lifecycle: a store works until it is closed, ends what waits, and then says so.
 */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { json } from "../../kv/codec.ts";
import type { Kv } from "../../kv/kv.ts";
import { closed, listed } from "./expect.ts";
import type { Cases } from "./subject.ts";

/** What is true of the life of a store. */
export const lifecycle: Cases = {
  "a new store is empty": async ({ kv }) => {
    deepStrictEqual(await listed(kv.keys()), []);
    strictEqual(await kv.clear({ prefix: "" }), 0);
  },

  "close() can be called twice, and at once": async ({ kv }) => {
    await kv.put("k", "v");
    deepStrictEqual(await Promise.all([kv.close(), kv.close()]), [undefined, undefined]);
    strictEqual(await kv.close(), undefined);
    await rejects(kv.get("k"), closed);
  },

  "close() lets the calls before it finish": async ({ kv }) => {
    const calls = Array.from({ length: 100 }, (_, index) => kv.put(`k${index}`, "v"));
    const read = kv.get("k99");
    await kv.close();
    deepStrictEqual(await Promise.all(calls), calls.map(() => true));
    strictEqual(await read, "v");
  },

  "close() holds for the calls made before it is done": async ({ kv }) => {
    const closing = kv.close();
    const late = rejects(kv.put("k", "v"), closed);
    await closing;
    await late;
  },

  "close() ends every call that waits": async ({ kv, advance }) => {
    const waiting = [
      kv.pop("a", { wait: true }),
      kv.popFirst("a", { wait: 600_000 }),
      kv.pop("b", { wait: true, signal: new AbortController().signal }),
      kv.move("c", "d", { take: "first", put: "last", wait: true }),
    ].map((call) => rejects(call, closed));
    await advance(50);
    await kv.close();
    await Promise.all(waiting);
  },

  "close() ends a call that waits behind a long one": async ({ kv }) => {
    const keys = Array.from({ length: 3_000 }, (_, index) => `k${index}`);
    const long = kv.getMany(keys);
    const waiting = rejects(kv.pop("a", { wait: true }), closed);
    await Promise.all([long, kv.close()]);
    await waiting;
  },

  "close() ends a scan": async ({ kv }) => {
    await kv.putMany(Array.from({ length: 500 }, (_, index) => [`k${index}`, "v"]));
    const scan = kv.keys();
    await scan.next();
    await kv.close();
    await rejects(listed(scan), closed);
  },

  // One call of those made together threw, and nobody heard of the others' rejections.
  "close() ends a scan that asks for its first page": async ({ kv }) => {
    await kv.putMany(Array.from({ length: 500 }, (_, index) => [`k${index}`, "v"]));
    const scans = [listed(kv.keys()), listed(kv.entries())];
    const outcomes = Promise.allSettled(scans);
    await kv.close();
    for (const outcome of await outcomes) {
      if (outcome.status === "rejected") strictEqual(outcome.reason.code, "closed");
      else strictEqual(outcome.value.length, 500);
    }
    // A rejection that was left behind fails this case, not the next.
    await new Promise((resolve) => setTimeout(resolve, 0));
  },

  "close() ends a scan after its last key": async ({ kv }) => {
    await kv.put("k", "v");
    const scans = [kv.keys(), kv.entries()];
    for (const scan of scans) strictEqual((await scan.next()).done, false);
    await kv.close();
    for (const scan of scans) await rejects(scan.next(), closed);
  },

  "empty batches reject once the store is closed": async ({ kv }) => {
    await kv.close();
    await rejects(kv.getMany([]), closed);
    await rejects(kv.putMany([]), closed);
    await rejects(kv.removeMany([]), closed);
  },

  "stats() rejects once the store is closed": async ({ kv }) => {
    await kv.close();
    await rejects(kv.stats(), closed);
  },

  "pop() with wait rejects once the store is closed": async ({ kv }) => {
    await kv.close();
    await rejects(kv.pop("k", { wait: true }), closed);
    await rejects(kv.move("k", "k", { take: "first", put: "last", wait: 1 }), closed);
  },

  "views are closed with their store": async ({ kv }) => {
    const view = kv.namespace("n:");
    const typed = kv.withCodec(json<number>());
    await kv.close();
    await rejects(view.get("k"), closed);
    await rejects(typed.put("k", 1), closed);
    await rejects(kv.namespace("m:").get("k"), closed);
    await rejects(listed(view.keys()), closed);
  },

  "close() of a view closes the store": async ({ kv }) => {
    await kv.namespace("n:").withCodec(json<number>()).close();
    await rejects(kv.get("k"), closed);
    strictEqual(await kv.close(), undefined);
  },

  "await using closes a store when its block ends": async ({ kv }) => {
    let leaked: Kv;
    {
      await using scoped = kv;
      await scoped.put("k", "v");
      leaked = scoped;
    }
    await rejects(leaked.get("k"), closed);
  },

  "await using closes a store when its block throws": async ({ kv }) => {
    const thrown = new Error("thrown in the block");
    async function use(): Promise<void> {
      await using scoped = kv.namespace("n:");
      await scoped.put("k", "v");
      throw thrown;
    }
    await rejects(use(), (error) => error === thrown);
    await rejects(kv.get("k"), closed);
  },
};
