/**
 * What the cases look for in a store: its errors, as `assert.rejects` takes them, and its contents.
 */

import { ok } from "node:assert/strict";
import type { Kv } from "../../kv/kv.ts";

/** The key holds the other type. */
export const wrongTypeError = { name: "KvError", code: "wrong_type" };
/** The text is no whole number, or the sum too large. */
export const notANumber = { name: "KvError", code: "not_a_number" };
/** The store was closed. */
export const closed = { name: "KvError", code: "closed" };
/** Misuse: an argument of the wrong kind. */
export const typeError = { name: "TypeError" };
/** Misuse: an argument outside its range. */
export const rangeError = { name: "RangeError" };

/** What a key holds: a string, the elements of an array, or nothing. */
export type Held = string | string[] | null;

/** Reads what is at `key`, whatever its type. */
export async function held(kv: Kv, key: string): Promise<Held> {
  const inspection = await kv.inspect(key);
  if (inspection === null) return null;
  return inspection.type === "string" ? await kv.get(key) : await kv.range(key);
}

/** Reads the whole store, with the keys in order and whether each has an expiry. */
export async function contents(kv: Kv): Promise<[key: string, held: Held, expires: boolean][]> {
  const rows: [string, Held, boolean][] = [];
  for (const key of await sorted(kv.keys())) {
    const inspection = await kv.inspect(key);
    rows.push([key, await held(kv, key), inspection !== null && inspection.expiresIn !== null]);
  }
  return rows;
}

/** Takes all that an iterator gives. */
export async function listed<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Takes all that a scan gives, in the order of the keys. */
export async function sorted<T extends string | [string, unknown]>(
  items: AsyncIterable<T>,
): Promise<T[]> {
  const list = await listed(items);
  const keyOf = (item: T): string => typeof item === "string" ? item : item[0];
  return list.sort((a, b) => keyOf(a) < keyOf(b) ? -1 : 1);
}

/** How much real time may pass during a case whose store has a clock that is not ours. */
const REAL_MS_MAX = 5_000;

/** Holds that `expiresIn` is `expected` milliseconds, less what a slow machine took. */
export function expiresWithin(expiresIn: number | null | undefined, expected: number): void {
  ok(typeof expiresIn === "number", `expires in ${expiresIn}, not in ${expected}`);
  ok(Number.isInteger(expiresIn), `expires in ${expiresIn}: not whole`);
  ok(expiresIn <= expected, `expires in ${expiresIn}, after ${expected}`);
  ok(expiresIn > expected - REAL_MS_MAX, `expires in ${expiresIn}, long before ${expected}`);
}
