/**
 * Which server a store is on: reading goes on over a connection made anew, and behind it may be a
 * server that was started anew and has lost what it held, or another one.
 */

import type { ValkeyKv } from "../kv/backends.ts";
import { KvConnectionError, KvServerError } from "../kv/errors.ts";
import type { Kv } from "../kv/kv.ts";

/** What is known of a server. */
interface Server {
  /** Connections made anew so far. */
  readonly reconnects: number;
  /** Random, and another for each time that a server is started; `undefined` where it is secret. */
  readonly runId: string | undefined;
}

/** Asks the server of `kv`; `null` where there is none, or it tells nothing. */
export async function serverOf(kv: Kv): Promise<Server | null> {
  if (kv.backend !== "valkey") return null;
  try {
    const { reconnects } = await kv.stats();
    const info = String(await (kv as ValkeyKv).command("INFO", "server"));
    return { reconnects, runId: /^run_id:(\w+)/m.exec(info)?.[1] };
  } catch (error) {
    if (error instanceof KvServerError) return null; // not permitted
    throw error;
  }
}

/**
 * Checks that a server is the one that it was.
 *
 * @throws {KvConnectionError} If it may be another.
 */
export function checkSame(before: Server, after: Server | null): void {
  if (after === null || after.reconnects === before.reconnects) return;
  if (after.runId !== undefined && after.runId === before.runId) return;
  const why = "its server was started anew meanwhile, or is another, and may lack what was there";
  throw new KvConnectionError("unknown", `Cannot read all of the store: ${why}`);
}
