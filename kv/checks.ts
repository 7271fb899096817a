/**
 * Checks of what callers pass in. Each returns the checked value or throws, before any effect: a
 * `TypeError` where the type is wrong or text is not well-formed, a `RangeError` where a number or
 * a length is out of its range.
 */

import { fitsIn, isBytes } from "../internal/bytes.ts";
import type {
  ClearOptions,
  MoveOptions,
  PopOptions,
  PutManyOptions,
  PutOptions,
  ScanOptions,
} from "./call_types.ts";
import type { Codec } from "./codec.ts";
import { show } from "./errors.ts";
import { KEY_BYTES_MAX, type Value } from "./kv.ts";
import { type End, replacing, type StoreMove, type StorePut, type StoreWait } from "./store.ts";

/** Checks a key, or the prefix of one. */
export function checkKey(key: string, kind: "key" | "prefix" = "key"): string {
  if (typeof key === "string" && key.isWellFormed() && fitsIn(key, KEY_BYTES_MAX)) return key;
  throw keyError(key, kind);
}

/** Checks what a codec made of a value. */
export function checkValue(value: Value): Value {
  if (typeof value === "string" ? value.isWellFormed() : isBytes(value)) return value;
  throw valueError(value);
}

// Apart from the checks, which all calls run: V8 has room for so much code in their callers only.

function keyError(key: unknown, kind: string): TypeError | RangeError {
  if (typeof key !== "string") {
    return new TypeError(`Cannot use ${kindOf(key)} as a ${kind}: it must be a string`);
  }
  if (!key.isWellFormed()) {
    return new TypeError(`Cannot use ${show(key)} as a ${kind}: it has a lone surrogate`);
  }
  return new RangeError(`Cannot use ${show(key)} as a ${kind}: it is over ${KEY_BYTES_MAX} bytes`);
}

function valueError(value: unknown): TypeError {
  if (typeof value === "string") {
    return new TypeError("Cannot store text as a value: it has a lone surrogate");
  }
  const isGone = ArrayBuffer.isView(value) && value instanceof Uint8Array;
  const found = isGone ? "bytes whose memory was given away" : kindOf(value);
  const isJson = ["object", "number", "boolean"].includes(typeof value) && value !== null &&
    !isGone;
  const hint = isJson ? "; withCodec(json()) takes others" : "";
  return new TypeError(
    `Cannot store ${found} as a value: it must be a string or a Uint8Array${hint}`,
  );
}

/** Checks a codec, before anything is read by it. */
export function checkCodec<T, Input>(codec: Codec<T, Input>): Codec<T, Input> {
  if (typeof codec !== "object" || codec === null) {
    throw new TypeError(`Cannot take ${kindOf(codec)} as a codec: it must be an object`);
  }
  const { encode, decode, decodeText } = codec;
  const areFunctions = typeof encode === "function" && typeof decode === "function" &&
    (decodeText === undefined || typeof decodeText === "function");
  if (areFunctions) return codec;
  throw new TypeError(
    "Cannot take an object as a codec: it must have the functions encode and decode",
  );
}

/** Checks what a batch is made of. Text is an iterable too, but never what was meant. */
export function checkIterable(items: Iterable<unknown>, name: string, of: string): void {
  if (typeof items === "object" && items !== null && Symbol.iterator in items) return;
  throw new TypeError(`Cannot take ${kindOf(items)} as ${name}: pass an array of ${of}`);
}

/** Checks a duration in milliseconds. */
export function checkDuration(ms: number, name: string): number {
  return checkWhole(ms, name, 1);
}

/** Checks a whole number from `min` to `max`, 2^53 − 1 if it is not given. */
export function checkWhole(
  number: number,
  name: string,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  checkNumber(number, name);
  if (Number.isSafeInteger(number) && number >= min && number <= max) return number;
  const end = max === Number.MAX_SAFE_INTEGER ? "2^53 − 1" : max;
  throw new RangeError(
    `Cannot take ${number} as ${name}: it must be a whole number from ${min} to ${end}`,
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

const PLAIN_PUT = replacing(0);

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

/** Checks the options of `putMany`; gives its `expireIn`, 0 for none. */
export function checkPutMany(options: PutManyOptions | undefined): number {
  if (options === undefined) return 0;
  checkOptions(options, "putMany", ["expireIn"]);
  return options.expireIn === undefined ? 0 : checkDuration(options.expireIn, "expireIn");
}

/** Checks the options of `clear`; gives the prefix, which is still to be checked as a key. */
export function checkClear(options: ClearOptions): string {
  checkOptions(options, "clear", ["prefix"]);
  if (options.prefix !== undefined) return options.prefix;
  throw new TypeError('Cannot clear without a prefix: pass { prefix: "" } to remove all');
}

/** Checks the options of a scan; the prefix is still to be checked as a key. */
export function checkScan(
  options: ScanOptions | undefined,
  action: string,
): { prefix: string; limit: number } {
  if (options !== undefined) checkOptions(options, action, ["prefix", "limit"]);
  const { prefix = "", limit } = options ?? {};
  return { prefix, limit: limit === undefined ? Infinity : checkWhole(limit, "limit", 0) };
}

const NO_WAIT: StoreWait = { waitMs: 0, signal: undefined };

/** Checks the options of a pop. An aborted signal throws its reason. */
export function checkPop(options: PopOptions | undefined): StoreWait {
  if (options === undefined) return NO_WAIT;
  checkOptions(options, "pop", POP_OPTIONS);
  return checkWait(options);
}

/** Checks the options of `move`. */
export function checkMove(options: MoveOptions): StoreMove {
  checkOptions(options, "move", MOVE_OPTIONS);
  const take = checkEnd(options.take, "take");
  const put = checkEnd(options.put, "put");
  return { take, put, ...checkWait(options) };
}

/**
 * Checks that `options` is a plain object that has no property but the known ones. Of an array, a
 * map or an object of a class, what it holds would be passed over in silence.
 */
export function checkOptions(options: object, action: string, known: readonly string[]): void {
  if (!isPlain(options)) {
    const isPrefix = typeof options === "string" && known.includes("prefix");
    const example = isPrefix ? `{ prefix: ${show(options)} }` : "a plain object";
    throw new TypeError(`Cannot ${action} with ${kindOf(options)} as options: pass ${example}`);
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
  throw new TypeError(`Cannot take ${kindOf(flag)} as ${name}: it must be true or false`);
}

const PUT_OPTIONS = ["expireIn", "ifAbsent", "keepTtl"];
const POP_OPTIONS = ["wait", "signal"];
const MOVE_OPTIONS = ["take", "put", ...POP_OPTIONS];

function checkWait({ wait = false, signal }: PopOptions): StoreWait {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`Cannot take ${kindOf(signal)} as signal: it must be an AbortSignal`);
  }
  signal?.throwIfAborted();
  if (wait === false) return { waitMs: 0, signal };
  if (wait === true) return { waitMs: Infinity, signal };
  // In Redis it waits for ever.
  if (wait === 0) throw new RangeError("Cannot take 0 as wait: true waits until an element comes");
  if (typeof wait === "number") return { waitMs: checkDuration(wait, "wait"), signal };
  throw new TypeError(`Cannot take ${kindOf(wait)} as wait: it must be a number, true or false`);
}

function checkEnd(end: End, name: string): End {
  if (end === "first" || end === "last") return end;
  const found = typeof end === "string" ? show(end) : kindOf(end);
  throw new TypeError(`Cannot take ${found} as ${name}: it must be "first" or "last"`);
}

function checkNumber(number: number, name: string): void {
  if (typeof number === "number") return;
  throw new TypeError(`Cannot take ${kindOf(number)} as ${name}: it must be a number`);
}

/** Tells whether `value` is an object literal, of whatever realm, or has no prototype. */
export function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** What a message says that a value is: "a number", "an array", "null". */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return `${value}`;
  const kind = Array.isArray(value) ? "array" : typeof value;
  return `${/^[ao]/.test(kind) ? "an" : "a"} ${kind}`;
}
