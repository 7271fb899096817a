/**
 * Checks of what callers pass in. Each returns the checked value or throws, before any effect: a
 * `TypeError` where the type is wrong or text is not well-formed, a `RangeError` where a number or
 * a length is out of its range.
 */

import { utf8Length } from "../internal/bytes.ts";
import { show } from "./errors.ts";
import { KEY_BYTES_MAX, type MoveOptions, type PopOptions, type PutOptions } from "./kv.ts";
import type { Value } from "./kv.ts";
import type { End, StoreMove, StorePut, StoreWait } from "./store.ts";

/** No character takes more than three bytes of UTF-8 for each of its UTF-16 code units. */
const BYTES_A_UNIT_MAX = 3;

/** Checks a key, or the prefix of one. */
export function checkKey(key: string): string {
  if (typeof key !== "string") {
    throw new TypeError(`Cannot use a ${typeName(key)} as a key: it must be a string`);
  }
  if (!key.isWellFormed()) {
    throw new TypeError(`Cannot use ${show(key)} as a key: it has a lone surrogate`);
  }
  if (key.length * BYTES_A_UNIT_MAX > KEY_BYTES_MAX && utf8Length(key) > KEY_BYTES_MAX) {
    throw new RangeError(`Cannot use ${show(key)} as a key: it is over ${KEY_BYTES_MAX} bytes`);
  }
  return key;
}

/** Checks what a codec made of a value. */
export function checkValue(value: Value): Value {
  if (typeof value === "string") {
    if (value.isWellFormed()) return value;
    throw new TypeError("Cannot store text as a value: it has a lone surrogate");
  }
  if (value instanceof Uint8Array) return value;
  throw new TypeError(
    `Cannot store a ${typeName(value)} as a value: it must be a string or a Uint8Array`,
  );
}

/** Checks a duration in milliseconds. */
export function checkDuration(ms: number, name: string): number {
  return checkWhole(ms, name, 1);
}

/** Checks a whole number from `min` to 2^53 − 1. */
export function checkWhole(number: number, name: string, min: number): number {
  checkNumber(number, name);
  if (Number.isSafeInteger(number) && number >= min) return number;
  throw new RangeError(
    `Cannot take ${number} as ${name}: it must be a whole number from ${min} to 2^53 − 1`,
  );
}

/** Checks what `increment` adds. */
export function checkStep(by: number): number {
  checkNumber(by, "by");
  if (Number.isSafeInteger(by)) return by;
  throw new RangeError(`Cannot take ${by} as by: it must be a whole number within ±(2^53 − 1)`);
}

/** Checks an index of `range`, and rounds it as `Array#slice` does. */
export function checkIndex(index: number, name: string): number {
  checkNumber(index, name);
  return Number.isNaN(index) ? 0 : Math.trunc(index);
}

const PLAIN_PUT: StorePut = { expireIn: 0, ifAbsent: false, keepTtl: false };

/** Checks the options of `put`. */
export function checkPut(options: PutOptions | undefined): StorePut {
  if (options === undefined) return PLAIN_PUT;
  checkOptions(options, "put", PUT_OPTIONS);
  const { expireIn, ifAbsent = false, keepTtl = false } = options;
  checkFlag(ifAbsent, "ifAbsent");
  checkFlag(keepTtl, "keepTtl");
  if (expireIn === undefined) return { expireIn: 0, ifAbsent, keepTtl };
  if (keepTtl) throw new TypeError("Cannot put with both expireIn and keepTtl: choose one");
  return { expireIn: checkDuration(expireIn, "expireIn"), ifAbsent, keepTtl };
}

const NO_WAIT: StoreWait = { waitMs: 0, signal: undefined };

/** Checks the options of a pop. An aborted signal throws its reason. */
export function checkPop(options: PopOptions | undefined, action: string): StoreWait {
  if (options === undefined) return NO_WAIT;
  checkOptions(options, action, POP_OPTIONS);
  return checkWait(options);
}

/** Checks the options of `move`. */
export function checkMove(options: MoveOptions): StoreMove {
  checkOptions(options, "move", MOVE_OPTIONS);
  const take = checkEnd(options.take, "take");
  const put = checkEnd(options.put, "put");
  return { take, put, ...checkWait(options) };
}

/** Checks that `options` is an object that has no property but the known ones. */
export function checkOptions(options: object, action: string, known: readonly string[]): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`Cannot ${action} with a ${typeName(options)} as options`);
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new TypeError(
      `Cannot ${action} with the option ${show(name)}: known are ${known.join(", ")}`,
    );
  }
}

/** Checks that a given option is a boolean. */
export function checkFlag(flag: boolean, name: string): boolean {
  if (typeof flag === "boolean") return flag;
  throw new TypeError(`Cannot take a ${typeName(flag)} as ${name}: it must be true or false`);
}

const PUT_OPTIONS = ["expireIn", "ifAbsent", "keepTtl"];
const POP_OPTIONS = ["wait", "signal"];
const MOVE_OPTIONS = ["take", "put", ...POP_OPTIONS];

function checkWait({ wait = false, signal }: PopOptions): StoreWait {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`Cannot take a ${typeName(signal)} as signal: it must be an AbortSignal`);
  }
  signal?.throwIfAborted();
  if (wait === false) return { waitMs: 0, signal };
  return { waitMs: wait === true ? Infinity : checkDuration(wait, "wait"), signal };
}

function checkEnd(end: End, name: string): End {
  if (end === "first" || end === "last") return end;
  throw new TypeError(`Cannot take ${show(String(end))} as ${name}: it must be "first" or "last"`);
}

function checkNumber(number: number, name: string): void {
  if (typeof number === "number") return;
  throw new TypeError(`Cannot take a ${typeName(number)} as ${name}: it must be a number`);
}

function typeName(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}
