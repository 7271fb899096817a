/**
 * The arguments of commands: how a call's options are said to the server.
 */

import { byteLength, fitsIn } from "../../internal/bytes.ts";
import type { Value } from "../../kv/kv.ts";
import type { End, StorePut } from "../../kv/store.ts";
import type { Argument } from "../../resp3/mod.ts";
import { NO_ARGUMENTS } from "./request.ts";

/** The longest value that a server takes: past it, it hangs up. */
const VALUE_BYTES_MAX = 2 ** 29;

/**
 * Checks the length of a value.
 *
 * @throws {RangeError} If it is more than a server takes.
 */
export function checkLength(value: Value): Value {
  if (fitsIn(value, VALUE_BYTES_MAX)) return value;
  throw new RangeError(
    `Cannot store a value of ${byteLength(value)} bytes on Valkey: at most ${VALUE_BYTES_MAX}`,
  );
}

const IF_ABSENT: readonly Argument[] = ["NX"];
const KEEP_TTL: readonly Argument[] = ["KEEPTTL"];

/** The arguments of `SET` after the value. */
export function setArguments({ expireIn, ifAbsent, keepTtl }: StorePut): readonly Argument[] {
  if (expireIn > 0) return ifAbsent ? ["PX", expireIn, "NX"] : ["PX", expireIn];
  if (keepTtl) return ifAbsent ? ["KEEPTTL", "NX"] : KEEP_TTL;
  return ifAbsent ? IF_ABSENT : NO_ARGUMENTS;
}

/** The arguments of `LRANGE` for the rules of `Array#slice`. */
export function rangeArguments(start: number, end: number): readonly Argument[] {
  const bound = Number.MAX_SAFE_INTEGER;
  const isEmpty = start === Infinity || end === 0 || end === -Infinity;
  if (isEmpty) return [1, 0]; // asked all the same: the key may hold a string
  const first = Math.max(start, -bound);
  const last = end === Infinity ? -1 : Math.max(end, -bound) - 1;
  return [Math.min(first, bound), Math.min(last, bound)].map((index) => BigInt(index).toString());
}

/** The words for the two ends in `LMOVE`. */
export function endWord(end: End): string {
  return end === "first" ? "LEFT" : "RIGHT";
}

const TEXT_OF_GLOB = /[*?[\]\\^]/g;

/** The arguments of `SCAN` after the cursor. The prefix is taken literally. */
export function scanArguments(
  prefix: string,
  { count, stringsOnly }: { count: number; stringsOnly: boolean },
): readonly Argument[] {
  return [
    ...(prefix === "" ? [] : ["MATCH", `${prefix.replace(TEXT_OF_GLOB, "\\$&")}*`]),
    "COUNT",
    count,
    ...(stringsOnly ? ["TYPE", "string"] : []),
  ];
}
