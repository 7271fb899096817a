/**
 * Copies from store to store, and their two halves: what is read, and what is written.
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { bytes } from "../kv/codec.ts";
import type { Kv } from "../kv/kv.ts";
import { copy } from "../transfer/copy.ts";
import { readStore } from "../transfer/read_store.ts";
import { StoreWriter } from "../transfer/write_store.ts";
import { ManualClock } from "./support/manual_clock.ts";
import { openMemory } from "./support/memory_subject.ts";
import { contentOf, fillMixed } from "./support/mixed_store.ts";
import { Prng } from "./support/prng.ts";
import { beforeCall, failAtCall } from "./support/troubled_kv.ts";

const START_MS = Date.UTC(2026, 0, 1);

/** A clock that goes on by some milliseconds whenever someone looks. */
class WanderingClock extends ManualClock {
  readonly #prng: Prng;

  constructor(prng: Prng) {
    super(START_MS);
    this.#prng = prng;
  }

  override now(): number {
    this.step(this.#prng.below(4));
    return super.now();
  }
}

describe("copy", () => {
  it("keeps sorted dumps equal from store to store, however slow the stores are", async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const prng = new Prng(seed);
      const clock = new WanderingClock(prng);
      const now = () => clock.now();
      const stores = Array.from({ length: 5 }, () => openMemory(clock));
      await fillMixed(stores[0]!, 200, prng);
      const contents = [await contentOf(stores[0]!, now)];
      for (const [i, to] of stores.slice(1).entries()) {
        await copy(stores[i]!, to, { now });
        clock.step(prng.below(5_000));
        contents.push(await contentOf(to, now));
      }
      deepStrictEqual(new Set(contents).size, 1, `seed=${seed}`);
      for (const kv of stores) await kv.close();
    }
  });

  it("keeps sorted dumps equal where the store comes late to a call", async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const prng = new Prng(seed);
      const clock = new ManualClock(START_MS);
      const now = () => clock.now();
      await using from = openMemory(clock);
      await using to = openMemory(clock);
      await fillMixed(from, 100, prng);
      const stalling = beforeCall(to, (name) => {
        if (["put", "touch"].includes(name) && prng.chance(0.2)) clock.step(800);
      });
      await copy(from, stalling, { now });
      strictEqual(await contentOf(to, now), await contentOf(from, now), `seed=${seed}`);
    }
  });

  it("leads to the right store when it runs again after an end at any call", async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const prng = new Prng(seed);
      await using from = openMemory();
      await using to = openMemory();
      await fillMixed(from, 60, prng);
      for (let run = 0; run < 4; run++) {
        await copy(from, failAtCall(to, prng.below(120))).catch(() => "interrupted");
        await copy(failAtCall(from, prng.below(120)), to).catch(() => "interrupted");
      }
      await copy(from, to, { clear: prng.chance(0.5) });
      strictEqual(await contentOf(to), await contentOf(from), `seed=${seed}`);
    }
  });

  // A key that a copy had set to find out whether both stores are one stayed for ten seconds.
  it("leaves nothing of its own in the target, whichever call is its last", async () => {
    await using from = openMemory();
    await from.put("k", "v");
    await from.append("a", "v");
    const content = await contentOf(from);
    for (let calls = 0; calls < 8; calls++) {
      await using to = openMemory();
      await copy(from, failAtCall(to, calls)).catch(() => "interrupted");
      await copy(from, to);
      strictEqual(await contentOf(to), content, `${calls} calls`);
    }
  });

  it("refuses to copy a store to itself, and changes nothing", async () => {
    await using kv = openMemory();
    await kv.append("queue", "a", "b");
    const before = await contentOf(kv);
    await rejects(copy(kv, kv.withCodec(bytes) as unknown as Kv, { clear: true }), TypeError);
    strictEqual(await contentOf(kv), before);
  });

  it("copies the keys of a prefix only, and clears no others", async () => {
    await using from = openMemory();
    await using to = openMemory();
    await from.putMany([["a:1", "new"], ["b:1", "new"]]);
    await to.putMany([["a:2", "old"], ["b:2", "old"]]);
    const copied = await copy(from, to, { prefix: "a:", clear: true });
    deepStrictEqual(copied, { strings: 1, arrays: 0, elements: 0, expired: 0 });
    deepStrictEqual((await Array.fromAsync(to.keys())).sort(), ["a:1", "b:2"]);
  });

  it("sets a key for a moment, which is nobody's, and stays under the prefix", async () => {
    await using from = openMemory();
    await using to = openMemory();
    await from.put("app:k", "v");
    await to.append("jetkv:copying", "kept");
    const keys: string[] = [];
    const watched = new Proxy(to, {
      get(to, name) {
        const member: unknown = Reflect.get(to, name);
        if (typeof member !== "function") return member;
        const call = member.bind(to) as (...args: unknown[]) => unknown;
        if (name !== "put") return call;
        return (key: string, ...rest: unknown[]) => {
          keys.push(key);
          return call(key, ...rest);
        };
      },
    });
    await copy(from, watched, { prefix: "app:" });
    ok(keys.every((key) => key.startsWith("app:")), keys.join());
    deepStrictEqual(await to.range("jetkv:copying"), ["kept"]);
    strictEqual((await to.stats()).entries, 2);
  });
});

describe("readStore() of a server", () => {
  /** A store that says to be on a server, and to have lost its connection to it. */
  function onServer(kv: Kv, runIds: readonly string[]): Kv {
    let asked = 0;
    return new Proxy(kv, {
      get(kv, name) {
        if (name === "backend") return "valkey";
        if (name === "stats") return async () => ({ ...await kv.stats(), reconnects: asked });
        if (name === "command") return () => Promise.resolve(`run_id:${runIds[asked++]}\r\n`);
        const member: unknown = Reflect.get(kv, name);
        return typeof member === "function" ? member.bind(kv) : member;
      },
    });
  }

  // Half of what a backup had was missing, and it was called whole.
  it("rejects in the end if it was started anew meanwhile", async () => {
    await using kv = openMemory();
    await kv.put("k", "v");
    strictEqual((await Array.fromAsync(readStore(onServer(kv, ["a", "a"])))).length, 1);
    await rejects(Array.fromAsync(readStore(onServer(kv, ["a", "b"]))), {
      name: "KvConnectionError",
      message: /^Cannot read all of the store: its server was started anew meanwhile/,
    });
  });
});

describe("StoreWriter", () => {
  // An array that a killed copy had begun had no expiry: it stayed where the source had lost it.
  it("gives each part of an array its expiry, and adds nothing once it has passed", async () => {
    const clock = new ManualClock(START_MS);
    await using kv = openMemory(clock);
    const writer = new StoreWriter(kv, () => clock.now());
    const expires = START_MS / 1_000 + 60;
    await writer.write({ type: "array", key: "a", expires, elements: ["1", "2"] });
    strictEqual((await kv.inspect("a"))?.expiresIn, 60_000);
    await writer.write({ type: "elements", elements: ["3"] });
    deepStrictEqual(await kv.inspect("a"), { type: "array", length: 3, expiresIn: 60_000 });
    await clock.advance(60_000);
    await writer.write({ type: "elements", elements: ["4"] });
    strictEqual(await writer.write({ type: "elements", elements: ["5"] }), false);
    await writer.finish();
    strictEqual(await kv.inspect("a"), null);
  });

  it("gives a key that comes twice the expiry that came last", async () => {
    const clock = new ManualClock(START_MS);
    await using kv = openMemory(clock);
    const stalling = beforeCall(kv, (name) => {
      if (["put", "touch"].includes(name)) clock.step(800);
    });
    const writer = new StoreWriter(stalling, () => clock.now());
    const expires = START_MS / 1_000 + 60;
    // So long that what is under way is waited for in the midst of it.
    const elements = Array.from({ length: 2 ** 10 }, () => "e".repeat(2 ** 10));
    for (const key of ["string", "array"]) {
      if (key === "string") await writer.write({ type: "string", key, expires, value: "first" });
      else await writer.write({ type: "array", key, expires, elements });
      await writer.write({ type: "string", key, expires: null, value: "last" });
    }
    await writer.finish();
    for (const key of ["string", "array"]) strictEqual((await kv.inspect(key))?.expiresIn, null);
  });
});
