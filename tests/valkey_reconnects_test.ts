/**
 * Connections that were lost leave nothing behind. In a file of its own, because it looks at the
 * memory of the whole isolate.
 */

import { ok, strictEqual } from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { KvConnectionError } from "../kv/errors.ts";
import { openKv } from "../kv/open.ts";
import { startScripted } from "./support/scripted_server.ts";
import { PATIENT } from "./support/valkey_server.ts";

const RECONNECTS = 12_000;

describe("Valkey client", () => {
  it("leaves nothing behind after 12,000 reconnects", { timeout: 120_000 }, async () => {
    await using server = await startScripted(([name], peer) => {
      if (name === "DEL") peer.hangUp();
      return undefined;
    });
    await using kv = await openKv({ ...PATIENT, backend: "valkey", port: server.port });
    /** Cuts the connection so often; gives the least memory in use meanwhile. */
    const cut = async (times: number): Promise<number> => {
      let least = Infinity;
      for (let i = 0; i < times; i++) {
        await kv.flush(); // a connection that has answered nothing is followed later and later
        const error = await kv.delete("k").then(() => null, (error: unknown) => error);
        ok(error instanceof KvConnectionError, String(error));
        least = Math.min(least, process.memoryUsage().heapUsed);
      }
      return least;
    };
    const before = await cut(RECONNECTS / 3);
    await cut(RECONNECTS / 3);
    const grown = await cut(RECONNECTS / 3) - before;
    // A connection takes over 32 KB of the heap, here and at the server.
    ok(grown < RECONNECTS / 3 * 20_000, `${grown} bytes more`);
    await kv.flush();
    strictEqual(server.openCount, 1);
    ok(server.peers.length >= RECONNECTS);
  });
});
