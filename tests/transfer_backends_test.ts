/**
 * A store goes from backend to backend, through memory, files and a Valkey server, and stays the
 * same store.
 */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { openStorageKv } from "../backends/file/file_kv.ts";
import type { FileKv } from "../kv/backends.ts";
import { openKv } from "../kv/open.ts";
import { copy } from "../transfer/copy.ts";
import { dump } from "../transfer/dump.ts";
import { restore } from "../transfer/restore.ts";
import { CrashStorage } from "./support/crash_storage.ts";
import { chunksOf, contentOf, fillMixed, textOf } from "./support/mixed_store.ts";
import { Prng } from "./support/prng.ts";
import { findValkey } from "./support/valkey_server.ts";

const KEY_COUNT = 10_000;

const server = await findValkey();

/** A file store on a disk in memory, and on the machine's clock, which Valkey has too. */
async function openFile(): Promise<FileKv> {
  return await openStorageKv(new CrashStorage(), {
    path: "a.db",
    addressSpaceSize: 4096,
    cacheBytes: 2 ** 20,
    durability: "process",
  });
}

describe("A dump of a server that others use", () => {
  it("names what it cannot read, and leaves it out by a prefix", {
    skip: "reason" in server ? server.reason : false,
  }, async () => {
    if ("reason" in server) return;
    const { url, database } = server;
    await using valkey = await openKv({ backend: "valkey", url, database });
    await valkey.clear({ prefix: "" });
    await valkey.put("ours:k", "v");
    // None of ours either, but nothing to stumble over.
    const tooLong = "k".repeat(70_000);
    await valkey.command("SET", tooLong, "v");
    for (
      const [kind, ...command] of [
        ["hash", "HSET", "theirs", "field", "1"],
        ["set", "SADD", "theirs", "member"],
        ["sorted set", "ZADD", "theirs", "1", "member"],
        ["stream", "XADD", "theirs", "*", "field", "1"],
      ] as const
    ) {
      await valkey.command(...command);
      await rejects(contentOf(valkey), {
        name: "KvError",
        code: "wrong_type",
        message: `Cannot inspect "theirs": it holds a ${kind}, which JetKV does not read`,
      });
      strictEqual((await textOf(dump(valkey, { prefix: "ours:" }))).split("\n").length, 4);
      await valkey.delete("theirs");
    }
    strictEqual((await contentOf(valkey)).split("\n").length, 4);
    await valkey.command("DEL", tooLong);
    await valkey.clear({ prefix: "" });
  });
});

describe("A copy from a server to itself", () => {
  it("is refused, by whichever URLs, and changes nothing", {
    skip: "reason" in server ? server.reason : false,
  }, async () => {
    if ("reason" in server) return;
    const { url, database } = server;
    await using from = await openKv({ backend: "valkey", url, database });
    await using to = await openKv({ backend: "valkey", url, database });
    await from.clear({ prefix: "" });
    await from.append("queue", "a", "b");
    const content = await contentOf(from);
    for (const prefix of ["", "q", "q".repeat(1_000)]) {
      await rejects(copy(from, to, { prefix, clear: true }), /Cannot copy a store to itself/);
    }
    strictEqual(await contentOf(from), content);
    await from.clear({ prefix: "" });
  });
});

describe("Sorted dumps stay equal", () => {
  it("from memory to a file and back", async () => {
    await using memory = await openKv();
    await using file = await openFile();
    await using back = await openKv();
    await fillMixed(memory, KEY_COUNT, new Prng(1));
    const content = await contentOf(memory);
    await copy(memory, file);
    strictEqual(await contentOf(file), content);
    await restore(back, chunksOf(await contentOf(file)));
    strictEqual(await contentOf(back), content);
    deepStrictEqual(await file.check(), []);
  });

  it("from memory to a file, to Valkey, to a file", {
    skip: "reason" in server ? server.reason : false,
  }, async () => {
    if ("reason" in server) return;
    await using memory = await openKv();
    await using file = await openFile();
    await using valkey = await openKv({
      backend: "valkey",
      url: server.url,
      database: server.database,
    });
    await using other = await openFile();
    await fillMixed(memory, KEY_COUNT, new Prng(2));
    const content = await contentOf(memory);
    await copy(memory, file);
    await copy(file, valkey, { clear: true });
    strictEqual(await contentOf(valkey), content);
    await copy(valkey, other);
    strictEqual(await contentOf(other), content);
    await valkey.clear({ prefix: "" });
  });
});
