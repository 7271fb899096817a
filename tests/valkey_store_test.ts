/**
 * What only a Valkey store meets: keys of other clients, scripts that the server forgets, waits
 * over few connections, and a server that other programs use at the same time.
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import * as scripts from "../backends/valkey/scripts.ts";
import type { ValkeyKv } from "../kv/backends.ts";
import { bytes } from "../kv/codec.ts";
import { openKv } from "../kv/open.ts";
import type { ValkeyOptions } from "../kv/options.ts";
import { listed, sorted, wrongTypeError } from "./conformance/expect.ts";
import { along } from "./conformance/waits.ts";
import { findValkey, PATIENT } from "./support/valkey_server.ts";

const server = await findValkey();
const skip = "reason" in server ? server.reason : false;

type Case = (kv: ValkeyKv, options: ValkeyOptions) => Promise<void>;

/** A case on an empty database. */
function test(title: string, run: Case, more: Partial<ValkeyOptions> = {}): void {
  it(title, { skip, timeout: 60_000 }, async () => {
    if ("reason" in server) return;
    const { url, database } = server;
    const options: ValkeyOptions = { ...PATIENT, ...more, backend: "valkey", url, database };
    await using kv = await openKv(options);
    await kv.command("FLUSHDB");
    await run(kv, options);
  });
}

describe("Valkey store and keys of other clients", () => {
  test("a key of another type is wrong for every call but those that take any", async (kv) => {
    await kv.command("HSET", "hash", "field", "value");
    const calls = [
      kv.get("hash"),
      kv.fetchRemove("hash"),
      kv.append("hash", "a"),
      kv.pop("hash"),
      kv.popFirst("hash", { wait: true }),
      kv.length("hash"),
      kv.range("hash"),
      kv.inspect("hash"),
      kv.increment("hash"),
      kv.putIfEqual("hash", "a", "b"),
      kv.removeIfEqual("hash", "a"),
      kv.getMany(["hash"]),
      kv.move("hash", "to", { take: "first", put: "last" }),
    ]; // deno-fmt-ignore-line
    for (const call of calls) await rejects(call, wrongTypeError);
    strictEqual(await kv.remove("hash"), false);
    strictEqual(await kv.has("hash"), true);
    deepStrictEqual(await listed(kv.keys()), ["hash"]);
    deepStrictEqual(await listed(kv.entries()), []);
    strictEqual(await kv.command("HGET", "hash", "field") as string, "value");
    strictEqual(await kv.delete("hash"), true);
  });

  test("a key that is not UTF-8 is passed over", async (kv) => {
    await kv.command("SET", Uint8Array.of(0xff, 0xfe), "v");
    await kv.put("key", "v");
    deepStrictEqual(await listed(kv.keys()), ["key"]);
    deepStrictEqual(await listed(kv.entries()), [["key", "v"]]);
  });

  test("a prefix is taken literally", async (kv) => {
    const odd = ["*", "?", "[a]", "\\", "^", "a*b", "[^a]", "\\*", "{a}", "é*", "-", "["];
    for (const prefix of odd) await kv.put(`${prefix}:key`, "v");
    await kv.put("plain", "v");
    for (const prefix of odd) {
      const expected = odd.filter((other) => `${other}:key`.startsWith(prefix));
      deepStrictEqual(await sorted(kv.keys({ prefix })), expected.map((p) => `${p}:key`).sort());
    }
  });

  test("numbers past 2^53 are left alone by increment()", async (kv) => {
    for (
      const text of [
        "9007199254740992",
        "-9007199254740992",
        "9223372036854775807",
        "-9223372036854775808",
        "9007199254740993",
      ]
    ) {
      for (const by of [1, -1, 10, -10, 2 ** 53 - 1, -(2 ** 53 - 1)]) {
        await kv.put("n", text, { expireIn: 60_000 });
        await rejects(kv.increment("n", by), { code: "not_a_number" }, `${text} + ${by}`);
        strictEqual(await kv.get("n"), text);
        ok((await kv.inspect("n"))!.expiresIn !== null);
      }
    }
  });
});

describe("Valkey store and scripts", () => {
  it("know each script by the SHA-1 of its text", () => {
    for (const [name, { text, sha1 }] of Object.entries(scripts)) {
      strictEqual(createHash("sha1").update(text).digest("hex"), sha1, name);
      ok(text.length < 600, `${name} is long`);
    }
  });

  test("work again after the server has forgotten them", async (kv) => {
    for (let round = 0; round < 3; round++) {
      strictEqual(await kv.increment("n"), round + 1);
      strictEqual(await kv.remove("missing"), false);
      await kv.command("SCRIPT", "FLUSH");
    }
  });

  // The server keeps some 500 scripts that came by EVAL, and forgets those unused for longest.
  test("keep the order of calls, however many others run scripts", async (kv, options) => {
    await using other = await openKv(options);
    await kv.put("job", "old");
    strictEqual(await kv.remove("job"), true);
    for (let i = 0; i < 600; i++) await other.command("EVAL", `return ${i}`, 0);
    await kv.put("job", "old");
    await Promise.all([kv.remove("job"), kv.put("job", "new")]);
    strictEqual(await kv.get("job"), "new");
  });

  test("keep the order of calls behind a SCRIPT FLUSH of their own", async (kv) => {
    await kv.put("job", "old");
    strictEqual(await kv.remove("job"), true);
    await kv.put("job", "old");
    await Promise.all([
      kv.command("script", "flush"),
      kv.remove("job"),
      kv.put("job", "new"),
    ]);
    strictEqual(await kv.get("job"), "new");
  });

  test("keep the order of calls around them, from the first use on", async (kv) => {
    for (let round = 0; round < 50; round++) {
      const calls = [
        kv.put("k", "a"),
        kv.remove("k"),
        kv.put("k", "b"),
        kv.putIfEqual("k", "b", "c"),
        kv.get("k"),
        kv.removeIfEqual("k", "c"),
        kv.increment("k"),
        kv.fetchRemove("k"),
      ];
      deepStrictEqual(await Promise.all(calls), [true, true, true, true, "c", true, 1, "1"]);
    }
  });
});

describe("Valkey store and waiting calls", () => {
  test("take no more connections than poolSize", async (kv) => {
    const waiting = Array.from({ length: 10 }, (_, i) => kv.popFirst(`jobs:${i}`, { wait: true }));
    const countOf = async (): Promise<number> =>
      String(await kv.command("CLIENT", "LIST")).split("name=few").length - 1;
    while (await countOf() < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    for (let look = 0; look < 20; look++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      strictEqual(await countOf(), 3);
    }
    for (let i = 0; i < 10; i++) await kv.append(`jobs:${i}`, `job ${i}`);
    deepStrictEqual(await Promise.all(waiting), waiting.map((_, i) => `job ${i}`));
  }, { poolSize: 3, clientName: "few" });

  test("wait even where there is but one connection", async (kv) => {
    const waiting = kv.pop("jobs", { wait: true });
    const moving = kv.move("from", "to", { ...along, wait: true });
    strictEqual(await kv.pop("jobs", { wait: 20 }), null);
    await kv.putMany([["jobs", "a string that comes and goes"], ["from", "another"]]);
    await new Promise((resolve) => setTimeout(resolve, 120));
    await kv.removeMany(["jobs", "from"]);
    await kv.append("jobs", "element");
    await kv.append("from", "moved");
    strictEqual(await waiting, "element");
    strictEqual(await moving, "moved");
  }, { poolSize: 1 });

  test("reject for a string where the element is to go, with one connection", async (kv) => {
    await kv.put("to", "string");
    const waiting = kv.move("from", "to", { ...along, wait: true });
    const rejected = rejects(waiting, wrongTypeError);
    await kv.put("from", "string");
    await new Promise((resolve) => setTimeout(resolve, 120));
    await kv.remove("from");
    await kv.append("from", "a");
    await rejected;
    deepStrictEqual(await kv.range("from"), ["a"]);
  }, { poolSize: 1 });

  test("lose no element to aborts while others append", async (kv, options) => {
    await using other = await openKv(options);
    const binary = kv.withCodec(bytes);
    const added = 300;
    let taken = 0;
    const adding = (async () => {
      for (let i = 0; i < added; i++) await other.append("jobs", `${i}`);
    })();
    for (let i = 0; i < 200; i++) {
      const abort = new AbortController();
      const pops = [1, 2, 3].map(() => binary.popFirst("jobs", { wait: 50, signal: abort.signal }));
      setTimeout(() => abort.abort(), i % 7);
      for (const outcome of await Promise.allSettled(pops)) {
        if (outcome.status === "fulfilled" && outcome.value !== null) taken++;
      }
    }
    await adding;
    strictEqual(taken + await kv.length("jobs"), added);
  });

  test("end with close() and lose no element to it", async (kv, options) => {
    for (let round = 0; round < 20; round++) {
      await using closing = await openKv(options);
      const waiting = closing.popFirst("jobs", { wait: true }).catch(() => null);
      await closing.flush();
      const added = kv.append("jobs", "element");
      await closing.close();
      await added;
      const taken = await waiting;
      strictEqual(await kv.popFirst("jobs"), taken === null ? "element" : null);
    }
  });
});

describe("Valkey store on a busy server", () => {
  test("keeps batches in order among other calls", async (kv) => {
    const keys = Array.from({ length: 10_000 }, (_, i) => `k${i}`);
    const calls = [
      kv.putMany(keys.map((key) => [key, "first"])),
      kv.put("k9999", "second"),
      kv.getMany(keys),
      kv.removeMany(keys),
      kv.get("k9999"),
    ] as const;
    const [, , values, removed, last] = await Promise.all(calls);
    strictEqual(values.filter((value) => value === "first").length, 9_999);
    strictEqual(values[9_999], "second");
    ok(removed.every(Boolean));
    strictEqual(last, null);
  });

  test("stores what it was given, also if the caller gives the memory away at once", async (kv) => {
    const values = Array.from({ length: 20 }, (_, i) => new Uint8Array(300_000).fill(i));
    const calls = values.map((value, i) => kv.put(`k${i}`, value));
    for (const { buffer } of values) structuredClone(buffer, { transfer: [buffer] });
    ok((await Promise.all(calls)).every(Boolean));
    for (const i of values.keys()) {
      const found = await kv.withCodec(bytes).get(`k${i}`);
      ok(found?.length === 300_000 && found.every((byte) => byte === i), `k${i}`);
    }
  });

  test("moves values of many megabytes both ways", async (kv) => {
    const binary = kv.withCodec(bytes);
    for (const size of [2 ** 15, 2 ** 15 + 1, 2 ** 20, 2 ** 25 + 3]) {
      const value = new Uint8Array(size).map((_, i) => i * 7 + (i >> 8));
      const calls = [binary.put("a", value), kv.put("b", "small"), binary.get("a"), kv.get("b")];
      const [, , found, small] = await Promise.all(calls);
      strictEqual(small, "small");
      ok(found instanceof Uint8Array && found.length === size);
      ok(found.every((byte, i) => byte === value[i]), `${size} bytes differ`);
    }
  });
});
