/**
 * The bounds of the Valkey client: what it holds for a million calls at once, and for a server that
 * reads nothing.
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { openValkeyKv } from "../backends/valkey/valkey_kv.ts";
import { type CheckedValkeyOptions, checkKvOptions } from "../kv/checked_options.ts";
import { KvError } from "../kv/errors.ts";
import type { ValkeyOptions } from "../kv/options.ts";
import { memoryServer } from "./support/memory_socket.ts";

/** What `connection.ts` allows, and a write that is begun below the bound. */
const IN_FLIGHT_MAX = 4096;
const UNWRITTEN_BYTES_MAX = 2 ** 23 + 2 ** 17;

function checked(options: Partial<ValkeyOptions> = {}): CheckedValkeyOptions {
  return checkKvOptions({ ...options, backend: "valkey" }) as CheckedValkeyOptions;
}

describe("Valkey client bounds", () => {
  it("a million calls at once: each has its own answer", { timeout: 120_000 }, async () => {
    const server = memoryServer(([, key]) => `$${key!.length}\r\n${key}\r\n`);
    await using kv = await openValkeyKv(checked(), server.connect);
    const count = 1_000_000;
    let rightCount = 0;
    const calls: Promise<void>[] = [];
    for (let i = 0; i < count; i++) {
      const key = `key:${i}`;
      calls.push(kv.get(key).then((value) => void (rightCount += value === key ? 1 : 0)));
    }
    await Promise.all(calls);
    strictEqual(rightCount, count);
    ok(server.unansweredMax <= IN_FLIGHT_MAX, `${server.unansweredMax} in flight`);
    ok(server.unwrittenBytesMax <= UNWRITTEN_BYTES_MAX, `${server.unwrittenBytesMax} bytes`);
  });

  it("a server that forgets scripts: each call has its own answer", async () => {
    const server = memoryServer(([name, , , key]) =>
      name === "EVAL" ? `:${key}\r\n` : name === "EVALSHA" ? "-NOSCRIPT gone\r\n" : "+OK\r\n"
    );
    await using kv = await openValkeyKv(checked(), server.connect);
    const numbers = Array.from({ length: 20_000 }, (_, i) => i);
    deepStrictEqual(await Promise.all(numbers.map((i) => kv.increment(`${i}`))), numbers);
    ok(server.unansweredMax <= IN_FLIGHT_MAX, `${server.unansweredMax} in flight`);
  });

  // The call rejected with NOSCRIPT: there was no room to send the text.
  it("a server that forgets a script while it is behind: the call has its answer", async () => {
    let useCount = 0;
    const server = memoryServer(([name]) => {
      if (name === "EVALSHA") return ++useCount === 1 ? ":0\r\n" : "-NOSCRIPT gone\r\n";
      return name === "EVAL" ? ":1\r\n" : "+OK\r\n";
    });
    await using kv = await openValkeyKv(checked(), server.connect);
    strictEqual(await kv.remove("k"), false);
    server.isSlow = true;
    const removed = kv.remove("k");
    const puts = Array.from({ length: 24 }, (_, i) => kv.put(`${i}`, new Uint8Array(2 ** 20)));
    strictEqual(await removed, true);
    server.isSlow = false;
    ok((await Promise.all(puts)).every(Boolean));
  });

  it("a server that reads nothing: bytes wait with their callers, all calls settle", async () => {
    const server = memoryServer(() => "+OK\r\n");
    const options = checked({ readTimeout: 100, connectTimeout: 100, reconnect: false });
    await using kv = await openValkeyKv(options, server.connect);
    server.isReading = false;
    for (const value of ["x".repeat(1_000), new Uint8Array(100_000)]) {
      const calls = Array.from({ length: 20_000 }, (_, i) => kv.put(`key:${i}`, value));
      const outcomes = await Promise.allSettled(calls);
      ok(
        outcomes.every((outcome) =>
          outcome.status === "rejected" && outcome.reason instanceof KvError
        ),
      );
      ok(server.unwrittenBytesMax <= UNWRITTEN_BYTES_MAX, `${server.unwrittenBytesMax} bytes`);
    }
    server.isReading = true;
    await kv.connect();
    strictEqual(await kv.put("k", "v"), true);
  });

  it("calls that wait copy their bytes", async () => {
    const seen: string[] = [];
    const server = memoryServer((command) => {
      seen.push(command[2]!);
      return "+OK\r\n";
    });
    await using kv = await openValkeyKv(checked({ connectMode: "lazy" }), server.connect);
    const value = new Uint8Array(3).fill(0x61);
    const call = kv.put("k", value);
    value.fill(0x62);
    await call;
    strictEqual(seen[0], "aaa");
  });
});
