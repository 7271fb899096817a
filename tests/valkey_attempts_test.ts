/**
 * Attempts to connect: how many, how soon, and what becomes of a connection that is lost as soon as
 * it is there.
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConnectSocket } from "../backends/valkey/socket.ts";
import { openValkeyKv } from "../backends/valkey/valkey_kv.ts";
import { type CheckedValkeyOptions, checkKvOptions } from "../kv/checked_options.ts";
import { KvConnectionError } from "../kv/errors.ts";
import type { ValkeyOptions } from "../kv/options.ts";
import { type MemoryServer, memoryServer } from "./support/memory_socket.ts";
import { encodeText } from "./support/resp_writer.ts";
import { errorOf } from "./support/scripted_kv.ts";
import { PATIENT } from "./support/valkey_server.ts";

/** More turns than pass between a greeting and the first command. */
const TURNS = 16;
/** Long enough for hundreds of attempts that follow each other at once. */
const WHILE_MS = 200;
/** More than are made meanwhile if each waits twice as long as the one before: that takes 20 s. */
const ATTEMPTS_MAX = 12;

function lazy(options: Partial<ValkeyOptions> = {}): CheckedValkeyOptions {
  const all = { ...PATIENT, connectMode: "lazy", ...options, backend: "valkey" } as const;
  return checkKvOptions(all) as CheckedValkeyOptions;
}

/** Hangs up so many turns after the greeting of one connection. */
function hangUpAfter(server: MemoryServer, turns: number, victim: number): void {
  let number = 0;
  server.onGreeted = async (hangUp) => {
    if (++number !== victim) return;
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    hangUp();
  };
}

async function passTime(): Promise<void> {
  for (let ms = 0; ms < WHILE_MS; ms += 10) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe("Valkey client waits for a connection that never comes", () => {
  const nobody: ConnectSocket = () => Promise.reject(new Error("nobody listens"));

  it("and rejects after the shortest time too", { timeout: 20_000 }, async () => {
    await using kv = await openValkeyKv(lazy({ connectTimeout: 1 }), nobody);
    strictEqual((await errorOf(kv.get("k"))).code, "connection");
  });

  // Each turn that came late was a reason to wait for longer.
  it("and rejects while the program is busy in each turn", { timeout: 20_000 }, async () => {
    await using kv = await openValkeyKv(lazy({ connectTimeout: 40 }), nobody);
    const busy = setInterval(() => {
      const untilMs = performance.now() + 50;
      while (performance.now() < untilMs);
    }, 0);
    strictEqual((await errorOf(kv.get("k"))).code, "connection");
    clearInterval(busy);
  });
});

describe("Valkey client loses a connection as soon as it is there", () => {
  // Its words may be read before whoever connects hears that there is a connection: on Deno they
  // were, and the client said that it had a bug.
  it("to a server with no room for another client: its words are the error", async () => {
    const full: ConnectSocket = (_target, handlers) => {
      handlers.onData(encodeText("-ERR max number of clients reached\r\n"));
      handlers.onClosed(undefined);
      return Promise.resolve({ write: () => {}, close: () => {} });
    };
    const error = await errorOf(openValkeyKv(lazy({ connectMode: "auto", port: 7 }), full));
    strictEqual(error.code, "server");
    const words = "ERR max number of clients reached";
    strictEqual(error.message, `Cannot connect to 127.0.0.1:7: the server answered "${words}"`);
  });

  // It was taken for a good one, and calls waited on it for ever.
  it("a call goes to the next one", { timeout: 20_000 }, async () => {
    for (let turns = 0; turns < TURNS; turns++) {
      const server = memoryServer(() => "$1\r\na\r\n");
      hangUpAfter(server, turns, 1);
      await using kv = await openValkeyKv(lazy(), server.connect);
      strictEqual(await kv.get("k"), "a");
    }
  });

  it("connect() rejects, or it is there", { timeout: 20_000 }, async () => {
    for (let turns = 0; turns < TURNS; turns++) {
      const server = memoryServer(() => "$1\r\na\r\n");
      hangUpAfter(server, turns, 1);
      await using kv = await openValkeyKv(lazy({ connectMode: "manual" }), server.connect);
      const error = await kv.connect().then(() => null, (error: unknown) => error);
      if (error === null) continue;
      ok(error instanceof KvConnectionError);
      strictEqual(error.outcome, "not_sent");
      match(
        error.message,
        /^Cannot connect to 127\.0\.0\.1:6379: the connection was lost at once$/,
      );
    }
  });

  it("a waiting pop asks on, where it was for that", { timeout: 20_000 }, async () => {
    for (let turns = 0; turns < TURNS; turns++) {
      const server = memoryServer(() => "_\r\n");
      hangUpAfter(server, turns, 2);
      await using kv = await openValkeyKv(lazy(), server.connect);
      const call = kv.pop("k", { wait: 5 });
      strictEqual(await call.catch((error) => error.outcome === "unknown" ? null : error), null);
    }
  });
});

describe("Valkey client keeps calls for the next connection", () => {
  it("a read that was sent and waits in vain: its outcome is unknown", async () => {
    let hangUp = (): void => {};
    const server = memoryServer(([, key]) => {
      if (key === "a") return "$1\r\na\r\n";
      server.isUp = false;
      hangUp();
      return "";
    });
    server.onGreeted = (end) => hangUp = end;
    await using kv = await openValkeyKv(lazy({ connectTimeout: 50 }), server.connect);
    while (await kv.get("a").catch(() => null) === null);
    const sent = errorOf(kv.get("k"));
    while (server.openCount > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const unsent = errorOf(kv.get("k"));
    for (const [call, outcome] of [[sent, "unknown"], [unsent, "not_sent"]] as const) {
      const error = await call;
      ok(error instanceof KvConnectionError);
      strictEqual(error.outcome, outcome);
    }
  });

  it("a write that was encoded and not sent, and waits in vain: it is not_sent", async () => {
    const server = memoryServer(() => "+OK\r\n");
    let cut = (): void => {};
    server.onGreeted = (hangUp) => cut = hangUp;
    await using kv = await openValkeyKv(lazy({ connectTimeout: 50 }), server.connect);
    await kv.connect();
    server.isUp = false;
    const error = errorOf(kv.put("k", "v"));
    cut();
    strictEqual(((await error) as KvConnectionError).outcome, "not_sent");
  });

  it("a write that was encoded and not sent: with the bytes that it was given", async () => {
    const seen: string[] = [];
    let hangUp = (): void => {};
    const server = memoryServer(([, , value]) => {
      seen.push(value!);
      return "+OK\r\n";
    });
    server.onGreeted = (end) => hangUp = end;
    await using kv = await openValkeyKv(lazy(), server.connect);
    await kv.connect();
    const value = new Uint8Array(3).fill(0x61);
    const call = kv.put("k", value);
    hangUp();
    value.fill(0x62);
    strictEqual(await call, true);
    deepStrictEqual(seen, ["aaa"]);
  });
});

describe("Valkey client tries to connect", () => {
  it("later and later to a server that greets and hangs up", async () => {
    const server = memoryServer(() => "_\r\n");
    server.onGreeted = (hangUp) => hangUp();
    await using kv = await openValkeyKv(lazy(), server.connect);
    kv.get("k").catch(() => {});
    await passTime();
    ok(server.attemptCount <= ATTEMPTS_MAX, `${server.attemptCount} attempts`);
    server.onGreeted = (hangUp) => void setTimeout(hangUp, 1);
    await passTime();
    ok(server.attemptCount <= ATTEMPTS_MAX, `${server.attemptCount} attempts`);
  });

  it("at once where the last connection was of use", async () => {
    let hangUp = (): void => {};
    const server = memoryServer(() => "$1\r\na\r\n");
    server.onGreeted = (end) => hangUp = end;
    await using kv = await openValkeyKv(lazy(), server.connect);
    for (let round = 1; round < 30; round++) {
      strictEqual(await kv.get("k"), "a");
      hangUp();
      strictEqual(server.attemptCount, round + 1);
    }
  });

  it("at once where the last one lasted, though nobody asked it anything", async () => {
    let hangUp = (): void => {};
    const server = memoryServer(() => "");
    server.onGreeted = (end) => hangUp = end;
    await using kv = await openValkeyKv(lazy(), server.connect);
    await kv.connect();
    const { now } = performance;
    performance.now = () => now.call(performance) + 60_000;
    try {
      hangUp();
      strictEqual(server.attemptCount, 2);
    } finally {
      performance.now = now;
    }
  });

  it("at once where the last failure was long ago", async () => {
    const server = memoryServer(() => "$1\r\na\r\n");
    server.isUp = false;
    await using kv = await openValkeyKv(lazy(), server.connect);
    for (let round = 0; round < 3; round++) await errorOf(kv.connect());
    await passTime();
    server.isUp = true;
    const { attemptCount } = server;
    const value = kv.get("k");
    strictEqual(server.attemptCount, attemptCount + 1);
    strictEqual(await value, "a");
  });

  it("once for all who call connect(), in the background too", async () => {
    const server = memoryServer(() => "$1\r\na\r\n");
    let hangUp = (): void => {};
    server.onGreeted = (end) => hangUp = end;
    await using kv = await openValkeyKv(lazy(), server.connect);
    await kv.connect();
    server.isUp = false;
    hangUp();
    for (let round = 0; round < 3; round++) {
      const calls = Array.from({ length: 20 }, () => errorOf(kv.connect()));
      await Promise.all(calls);
    }
    await passTime();
    ok(server.attemptCount <= ATTEMPTS_MAX, `${server.attemptCount} attempts`);
    server.isUp = true;
    await kv.connect();
    const { attemptCount } = server;
    await passTime();
    strictEqual(server.attemptCount, attemptCount);
    strictEqual(server.openCount, 1);
  });

  // Tries that followed each other at once held up the connection that they waited for.
  it("while a program tries again and again", async () => {
    const server = memoryServer(() => "$1\r\na\r\n");
    await using kv = await openValkeyKv(lazy({ connectMode: "manual" }), server.connect);
    setTimeout(() => void kv.connect(), 0);
    let value: string | null = null;
    for (let tries = 0; tries < 2_000_000 && value === null; tries++) {
      value = await kv.get("k").catch(() => null);
    }
    strictEqual(value, "a");
  });

  it("for calls that were made before close()", async () => {
    const server = memoryServer(([, key]) => `$1\r\n${key}\r\n`);
    const kv = await openValkeyKv(lazy(), server.connect);
    const calls = Promise.all([kv.get("a"), kv.get("b")]);
    await kv.close();
    deepStrictEqual(await calls, ["a", "b"]);
    strictEqual(server.openCount, 0);
  });

  it(
    "not after close(), which ends an attempt that is under way",
    { timeout: 20_000 },
    async () => {
      const connect: ConnectSocket = (_target, _handlers, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(new Error("given up")));
        });
      const kv = await openValkeyKv(lazy({ connectTimeout: 2 ** 30 }), connect);
      const error = errorOf(kv.connect());
      await kv.close();
      strictEqual((await error).code, "connection");
    },
  );

  it("not after close(), which came while connect() failed", async () => {
    const server = memoryServer(() => "$1\r\na\r\n");
    let hangUp = (): void => {};
    server.onGreeted = (end) => hangUp = end;
    const kv = await openValkeyKv(lazy(), server.connect);
    await kv.connect();
    server.isUp = false;
    hangUp();
    const call = errorOf(kv.connect());
    await kv.close();
    await call;
    server.isUp = true;
    const { attemptCount } = server;
    await passTime();
    strictEqual(server.attemptCount, attemptCount);
  });

  it("by itself in lazy mode, also after a connect() that failed", async () => {
    const server = memoryServer(() => "$1\r\na\r\n");
    server.isUp = false;
    await using kv = await openValkeyKv(lazy(), server.connect);
    await Promise.all([errorOf(kv.connect()), errorOf(kv.connect())]);
    await passTime();
    strictEqual(server.attemptCount, 1);
    server.isUp = true;
    strictEqual(await kv.get("k"), "a");
  });

  it("not by itself in manual mode, whoever has called connect() in vain", async () => {
    const server = memoryServer(() => "$1\r\na\r\n");
    server.isUp = false;
    await using kv = await openValkeyKv(lazy({ connectMode: "manual" }), server.connect);
    await Promise.all([errorOf(kv.connect()), errorOf(kv.connect())]);
    server.isUp = true;
    match((await errorOf(kv.get("k"))).message, /call connect\(\)$/);
    strictEqual(server.attemptCount, 1);
  });
});
