/**
 * Going through all keys by `SCAN`, page by page.
 *
 * The server gives each key that is there all the while at least once, and some twice: so the keys
 * that came are remembered until the scan ends.
 */

import { KeySet } from "../../internal/key_set.ts";
import { decodeValue } from "../../kv/codec.ts";
import type { Decoder } from "../../kv/store.ts";
import type { Reply } from "../../resp3/mod.ts";
import { GET_PAGE, SCAN, scanArguments } from "./commands.ts";
import { oddAnswer, Request } from "./request.ts";

/** Keys that the server looks at for a page. */
const KEYS_A_PAGE = 1000;
/** Values that are asked for at a time. */
const VALUES_A_PAGE = 64;

/** Sends a request and gives its answer. */
export type Ask = <R>(request: Request) => Promise<R>;

/** Gives pages of keys that begin with `prefix`, each key once. */
export async function* scanKeys(
  ask: Ask,
  prefix: string,
  stringsOnly: boolean,
): AsyncGenerator<string[], void> {
  const seen = new KeySet();
  const args = scanArguments(prefix, { count: KEYS_A_PAGE, stringsOnly });
  let cursor = "0";
  do {
    const request = new Request(SCAN, null, cursor, args, null);
    const [next, found] = await ask<readonly Reply[]>(request);
    if (typeof next !== "string" || !Array.isArray(found)) throw oddAnswer(request);
    cursor = next;
    const page: string[] = [];
    for (const key of found as Reply[]) {
      // A key that is not UTF-8 was written by another client, and can be no key here.
      if (typeof key === "string" && seen.add(key)) page.push(key);
    }
    if (page.length > 0) yield page;
  } while (cursor !== "0");
}

/** Gives the strings whose keys begin with `prefix`, each once. */
export async function* scanEntries<T>(
  ask: Ask,
  prefix: string,
  decoder: Decoder<T>,
): AsyncGenerator<[string, T], void> {
  for await (const keys of scanKeys(ask, prefix, true)) {
    for (let at = 0; at < keys.length; at += VALUES_A_PAGE) {
      const page = keys.slice(at, at + VALUES_A_PAGE);
      const request = new Request(GET_PAGE, null, page[0]!, page.slice(1), decoder);
      const values = await ask<readonly Reply[]>(request);
      for (const [i, key] of page.entries()) {
        const value = values[i];
        // `null` for a key that is gone or holds an array by now.
        if (typeof value === "string" || value instanceof Uint8Array) {
          yield [key, decodeValue(value, decoder)];
        }
      }
    }
  }
}
