/**
 * What a connection hands to its socket: memory that stays as it is until it is written, and what a
 * written byte says about the server.
 */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConnectSocket } from "../backends/valkey/socket.ts";
import { openValkeyKv } from "../backends/valkey/valkey_kv.ts";
import { type CheckedValkeyOptions, checkKvOptions } from "../kv/checked_options.ts";
import type { KvError } from "../kv/errors.ts";
import type { ValkeyOptions } from "../kv/options.ts";
import { memoryServer } from "./support/memory_socket.ts";

function checked(options: Partial<ValkeyOptions> = {}): CheckedValkeyOptions {
  return checkKvOptions({ ...options, backend: "valkey" }) as CheckedValkeyOptions;
}

describe("Valkey client writes", () => {
  // A buffer that left in pieces was used again once the first of them was written.
  it("buffers that leave in pieces: none is used again before its last piece", async () => {
    for (const bufferSize of [2 ** 13, 2 ** 16, 2 ** 17]) {
      const keys = Array.from({ length: 3_000 }, (_, i) => `${i}`);
      const expected = keys.values();
      const wrong: string[] = [];
      const server = memoryServer(([, key, value]) => {
        if (key !== expected.next().value || !value!.startsWith(`${key} `)) wrong.push(key!);
        return "+OK\r\n";
      });
      await using kv = await openValkeyKv(checked({ bufferSize }), server.connect);
      await Promise.all(keys.map((key) => kv.put(key, `${key} `.padEnd(10_000))));
      deepStrictEqual(wrong, [], `bufferSize: ${bufferSize}`);
    }
  });

  it("few calls of a turn leave in one write; many in parts, the first at once", async () => {
    const server = memoryServer(() => "$2\r\nhi\r\n");
    let writes = 0;
    const connect: ConnectSocket = async (...target) => {
      const socket = await server.connect(...target);
      return {
        write(bytes): void {
          writes++;
          socket.write(bytes);
        },
        close: () => socket.close(),
      };
    };
    await using kv = await openValkeyKv(checked(), connect);
    for (const [count, inTurn, inAll] of [[7, 0, 1], [64, 5, 6]]) {
      writes = 0;
      const calls = Array.from({ length: count! }, () => kv.get("k"));
      strictEqual(writes, inTurn);
      await Promise.all(calls);
      strictEqual(writes, inAll);
    }
  });
});

describe("Valkey client without memory for a value", () => {
  // Half a command stayed in the buffer, and the server took the next one for its rest.
  it("rejects that call, and sends those around it", async () => {
    const seen: string[] = [];
    const server = memoryServer((command) => {
      seen.push(command.join(" "));
      return "+OK\r\n";
    });
    await using kv = await openValkeyKv(checked(), server.connect);
    const { encode } = TextEncoder.prototype;
    const calls: Promise<boolean>[] = [];
    TextEncoder.prototype.encode = () => {
      throw new RangeError("out of memory");
    };
    try {
      calls.push(kv.put("a", "1"), kv.put("b", "é".repeat(2 ** 20)), kv.put("c", "3"));
    } finally {
      TextEncoder.prototype.encode = encode;
    }
    await rejects(calls[1]!, { name: "RangeError", message: "out of memory" });
    deepStrictEqual(await Promise.all([calls[0], calls[2]]), [true, true]);
    deepStrictEqual(seen, ["SET a 1", "SET c 3"]);
  });
});

describe("Valkey client and values that no server takes", () => {
  it("rejects them before anything is sent", async () => {
    const seen: string[] = [];
    const server = memoryServer(([name]) => {
      seen.push(name!);
      return ":1\r\n";
    });
    await using kv = await openValkeyKv(checked(), server.connect);
    const long = new Uint8Array(2 ** 29 + 1);
    const calls = [
      kv.put("k", long),
      kv.putMany([["a", "small"], ["b", long]]),
      kv.append("k", "small", long),
      kv.putIfEqual("k", "small", long),
      kv.putIfEqual("k", long, "small"),
      kv.removeIfEqual("k", long),
      kv.put("k", "é".repeat(2 ** 28 + 1)),
    ]; // deno-fmt-ignore-line
    for (const [i, call] of calls.entries()) {
      const bytes = 2 ** 29 + (i === 6 ? 2 : 1);
      await rejects(call, {
        name: "RangeError",
        message: `Cannot store a value of ${bytes} bytes on Valkey: at most 536870912`,
      });
    }
    strictEqual(await kv.length("k"), 1);
    deepStrictEqual(seen, ["LLEN"]);
  });
});

describe("Valkey client and a frozen server", () => {
  const options = checked({ readTimeout: 40, reconnect: false });

  // Each write that the system took began the silence anew, so the calls never settled.
  it("calls time out, though the system takes all that is written", async () => {
    const server = memoryServer(() => "");
    await using kv = await openValkeyKv(options, server.connect);
    let code = "";
    for (let i = 0; i < 1_000 && code === ""; i++) {
      kv.get("k").catch((error: KvError) => code ||= error.code);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    strictEqual(code, "timeout");
  });

  it("an upload that goes on is a sign of life, however long it takes", async () => {
    const server = memoryServer(() => "+OK\r\n");
    await using kv = await openValkeyKv(options, server.connect);
    server.isSlow = true;
    const value = new Uint8Array(2 ** 23);
    strictEqual(await kv.put("k", value), true);
  });
});
