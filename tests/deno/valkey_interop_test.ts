/**
 * Other clients read what the Valkey store wrote, and the other way round: `npm:ioredis`, and
 * `jsr:@db/redis` where JSR can be reached.
 */

import { assertEquals } from "@std/assert";
import type { ValkeyKv } from "../../kv/backends.ts";
import { bytes } from "../../kv/codec.ts";
import { openKv } from "../../kv/open.ts";
import { isAllowed } from "../support/environment.ts";
import { findValkey, PATIENT } from "../support/valkey_server.ts";

/** What the test asks of another client. */
interface Client {
  run(...args: (string | number)[]): Promise<unknown>;
  close(): void;
}

const server = await findValkey();
const isIgnored = "reason" in server || !isAllowed("env");

const TEXTS = ["", "plain", "é€😀", "\r\n$5\r\n", "\0", "x".repeat(100_000)];

async function exchange(kv: ValkeyKv, other: Client): Promise<void> {
  await kv.command("FLUSHDB");
  for (const text of TEXTS) {
    await kv.put("ours", text, { expireIn: 60_000 });
    assertEquals(await other.run("GET", "ours"), text);
    await other.run("SET", "theirs", text, "PX", 60_000);
    assertEquals(await kv.get("theirs"), text);
    assertEquals((await kv.inspect("theirs"))?.length, new TextEncoder().encode(text).length);
  }
  await kv.append("list", ...TEXTS);
  assertEquals(await other.run("LRANGE", "list", 0, -1), TEXTS);
  await other.run("LPUSH", "list", "first");
  assertEquals(await kv.popFirst("list"), "first");
  assertEquals(await other.run("RPOP", "list"), TEXTS.at(-1));
  await other.run("SET", "n", 41);
  assertEquals(await kv.increment("n"), 42);
  assertEquals(await other.run("INCR", "n"), 43);
  await other.run("HSET", "hash", "field", "value");
  assertEquals(await kv.remove("hash"), false);

  const waiting = kv.popFirst("jobs", { wait: 5_000 });
  await other.run("RPUSH", "jobs", "job");
  assertEquals(await waiting, "job");
  const binary = kv.withCodec(bytes);
  await binary.put("bytes", new Uint8Array(256).map((_, i) => i));
  assertEquals(await other.run("STRLEN", "bytes"), 256);
}

async function interoperate(open: (port: number, database: number) => Promise<Client>) {
  if ("reason" in server) return;
  const { port, database, url } = server;
  await using kv = await openKv({ ...PATIENT, backend: "valkey", url, database });
  const other = await open(port, database);
  try {
    await exchange(kv, other);
  } finally {
    other.close();
  }
}

Deno.test("ValkeyKv shares its data with ioredis", { ignore: isIgnored }, async () => {
  const { Redis } = await import("ioredis");
  await interoperate((port, database) => {
    const client = new Redis({ port, db: database });
    return Promise.resolve({
      run: (name, ...args) => client.call(String(name), ...args),
      close: () => client.disconnect(),
    });
  });
});

/** Not a literal, so that checking this file does not need JSR. */
const DB_REDIS: string = "jsr:@db/redis@^0.40.0";

interface DbRedis {
  connect(options: object): Promise<{
    sendCommand(name: string, args: unknown[]): Promise<unknown>;
    close(): void;
  }>;
}

const dbRedis: DbRedis | null = isIgnored ? null : await import(DB_REDIS).catch(() => null);

Deno.test({
  name: "ValkeyKv shares its data with @db/redis" +
    (dbRedis === null && !isIgnored ? " (skipped: JSR not reachable)" : ""),
  ignore: dbRedis === null,
  fn: () =>
    interoperate(async (port, database) => {
      const client = await dbRedis!.connect({ hostname: "127.0.0.1", port, db: database });
      return {
        run: (name, ...args) => client.sendCommand(String(name), args),
        close: () => client.close(),
      };
    }),
});
