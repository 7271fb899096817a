/**
 * A store on a scripted server, and the errors of its calls.
 */

import { ok } from "node:assert/strict";
import type { ValkeyKv } from "../../kv/backends.ts";
import { KvError } from "../../kv/errors.ts";
import { openKv } from "../../kv/open.ts";
import type { ValkeyOptions } from "../../kv/options.ts";
import { type Script, type ScriptedServer, startScripted } from "./scripted_server.ts";

/** Runs `run` with a store on a server that does what `script` says. */
export async function withServer(
  script: Script,
  run: (kv: ValkeyKv, server: ScriptedServer) => Promise<void>,
  options: Partial<ValkeyOptions> = {},
): Promise<void> {
  await using server = await startScripted(script);
  await using kv = await openKv({ ...options, backend: "valkey", port: server.port });
  await run(kv, server);
}

/** The error that the call rejects with, which must be one of ours. */
export async function errorOf(call: Promise<unknown>): Promise<KvError> {
  const error = await call.then(() => null, (error: unknown) => error);
  ok(error instanceof KvError, `the call must reject with a KvError, not ${String(error)}`);
  return error;
}
