/**
 * Going through all keys by `SCAN`, page by page.
 *
 * The server gives each key that is there all the while at least once, and some twice. What it
 * gives to go on from means nothing to a server that was started anew, which may be the one behind
 * every new connection: there the scan begins again. Who lists keys remembers those that came, and
 * passes over what comes twice; who removes them does not, for there they may be back.
 */

import { fitsIn } from "../../internal/bytes.ts";
import { type Decoder, decodeValue } from "../../kv/codec.ts";
import { KvConnectionError, KvError } from "../../kv/errors.ts";
import { KEY_BYTES_MAX } from "../../kv/kv.ts";
import type { Reply } from "../../resp3/mod.ts";
import { scanArguments } from "./arguments.ts";
import { ENTRY_LIFE, GET_ENTRY, SCAN } from "./commands.ts";
import { KeySet } from "./key_set.ts";
import { NO_ARGUMENTS, oddAnswerError, Request } from "./request.ts";

/** Keys that the server looks at for a page. */
const KEYS_A_PAGE = 1000;
/** Values that are asked for at a time. */
const VALUES_A_PAGE = 64;
/** The most times that a scan begins again. */
const RESTARTS_MAX = 16;

/** What a scan needs of the one who has the connection. */
export interface ScanServer {
  /** Sends a request and gives its answer. */
  ask<R>(request: Request): Promise<R>;
  /** Connections made anew so far. */
  readonly reconnects: number;
}

/** Gives pages of keys that begin with `prefix`, each key at least once. */
export async function* scanPages(
  server: ScanServer,
  prefix: string,
  stringsOnly = false,
): AsyncGenerator<string[], void> {
  const args = scanArguments(prefix, { count: KEYS_A_PAGE, stringsOnly });
  let cursor = "0";
  let { reconnects } = server;
  for (let restartCount = 0;;) {
    const request = new Request(SCAN, null, cursor, args, null);
    const [next, found] = await server.ask<readonly Reply[]>(request);
    if (typeof next !== "string" || !Array.isArray(found)) throw oddAnswerError(request);
    const isStale = server.reconnects !== reconnects;
    const page = (found as Reply[]).filter(isKey);
    if (page.length > 0) yield page;
    if (!isStale && next === "0") return;
    if (isStale && ++restartCount > RESTARTS_MAX) throw lostTooOftenError();
    cursor = isStale ? "0" : next;
    if (isStale) ({ reconnects } = server);
  }
}

/** Gives pages of keys that begin with `prefix`, each key once. */
export async function* scanKeys(
  server: ScanServer,
  prefix: string,
  stringsOnly: boolean,
): AsyncGenerator<string[], void> {
  const seen = new KeySet();
  for await (const page of scanPages(server, prefix, stringsOnly)) {
    const keys = page.filter((key) => seen.add(key));
    if (keys.length > 0) yield keys;
  }
}

/** Whether another client's key can be one here: it is UTF-8, and not too long. */
function isKey(key: Reply): key is string {
  return typeof key === "string" && fitsIn(key, KEY_BYTES_MAX);
}

function lostTooOftenError(): KvConnectionError {
  const why = `the connection was lost over ${RESTARTS_MAX} times meanwhile`;
  return new KvConnectionError("unknown", `Cannot list keys: ${why}`);
}

/** Gives the strings whose keys begin with `prefix`, each once. */
export async function* scanEntries<T>(
  server: ScanServer,
  prefix: string,
  decoder: Decoder<T>,
): AsyncGenerator<[string, T], void> {
  for await (const keys of scanKeys(server, prefix, true)) {
    for (let at = 0; at < keys.length; at += VALUES_A_PAGE) {
      const page = keys.slice(at, at + VALUES_A_PAGE);
      // One by one, and not by one `MGET`: its answer could be more than a decoder takes.
      const fetched = await Promise.all(page.map((key) => fetchString(server, key, decoder)));
      for (const [i, { value, untilMs }] of fetched.entries()) {
        const key = page[i]!;
        // Whoever goes through the entries may take long over those before.
        const isPast = performance.now() >= untilMs;
        const found = isPast ? await getString(server, key, decoder) : value;
        if (found !== null) yield [key, decodeValue(found, decoder)];
      }
    }
  }
}

/** A string, and until when it may be given out. */
interface Fetched {
  readonly value: string | Uint8Array | null;
  /** By `performance.now()`. */
  readonly untilMs: number;
}

async function fetchString(
  server: ScanServer,
  key: string,
  decoder: Decoder<unknown>,
): Promise<Fetched> {
  const nowMs = performance.now();
  const [value, leftMs] = await Promise.all([
    getString(server, key, decoder),
    server.ask<number>(new Request(ENTRY_LIFE, key, null, NO_ARGUMENTS, null)),
  ]);
  // -2: it was gone by then; -1: it does not expire.
  return { value: leftMs === -2 ? null : value, untilMs: leftMs < 0 ? Infinity : nowMs + leftMs };
}

/** The string at `key`; `null` where it is gone, or an array by now. */
async function getString(
  server: ScanServer,
  key: string,
  decoder: Decoder<unknown>,
): Promise<string | Uint8Array | null> {
  try {
    return await server.ask(new Request(GET_ENTRY, key, null, NO_ARGUMENTS, decoder));
  } catch (error) {
    if (error instanceof KvError && error.code === "wrong_type") return null;
    throw error;
  }
}
