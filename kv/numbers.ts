/**
 * Numbers as text, by Valkey's rule for `INCRBY`, within what a JavaScript number holds exactly.
 */

import { KvError, show } from "./errors.ts";
import type { Value } from "./kv.ts";

const WHOLE = /^(?:0|-?[1-9][0-9]*)$/;

/** No whole number within ±(2^53 − 1) is written with more characters. */
const CHARACTERS_MAX = "-9007199254740991".length;

/**
 * Adds `by` to the number that `value` spells.
 *
 * @param key For the message.
 * @throws {KvError} `not_a_number` if it spells none, or the sum is outside ±(2^53 − 1).
 */
export function addToNumber(key: string, value: Value, by: number): number {
  const text = typeof value === "string" ? value : asciiOf(value);
  const number = text.length <= CHARACTERS_MAX && WHOLE.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(number)) {
    const found = "its value is no whole number within ±(2^53 − 1)";
    throw new KvError("not_a_number", `Cannot increment ${show(key)}: ${found}`);
  }
  const sum = number + by;
  if (!Number.isSafeInteger(sum)) {
    const found = "the sum is outside ±(2^53 − 1)";
    throw new KvError("not_a_number", `Cannot increment ${show(key)} by ${by}: ${found}`);
  }
  return sum;
}

/** Bytes as characters, one each: no byte outside ASCII is part of a number. */
function asciiOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, CHARACTERS_MAX + 1));
}
