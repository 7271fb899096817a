/**
 * Reads what RESP writes as one line of text: numbers, lengths and the like. Each function takes
 * the bytes of a line from `start` to `end`, without its type and its CRLF.
 */

import { RespError } from "./types.ts";

const ZERO = 0x30, MINUS = 0x2d, PLUS = 0x2b, QUESTION = 0x3f, T = 0x74, F = 0x66;
const INT64_MAX = 2n ** 63n - 1n;
const INT64_DIGITS = 19;
/** Digits of a length, few enough that it is exact. */
const LENGTH_DIGITS_MAX = 15;

const ascii = new TextDecoder();

function textOf(line: Uint8Array, start: number, end: number): string {
  return ascii.decode(line.subarray(start, end));
}

/** Throws for a value that is not written as its type demands. */
export function failValue(what: string): never {
  throw new RespError(`Cannot decode a ${what}: it is malformed`);
}

/** Reads a number of 64 bits; a bigint where a number would not be exact. */
export function readNumber(line: Uint8Array, start: number, end: number): number | bigint {
  const sign = line[start];
  if (sign === MINUS || sign === PLUS) start++;
  if (start >= end || end - start > INT64_DIGITS) failValue("number");
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = line[at]! - ZERO;
    if (digit < 0 || digit > 9) failValue("number");
    value = value * 10 + digit;
  }
  if (value <= Number.MAX_SAFE_INTEGER) return sign === MINUS && value !== 0 ? -value : value;
  const exact = BigInt(textOf(line, start, end));
  if (exact > INT64_MAX + (sign === MINUS ? 1n : 0n)) failValue("number");
  return sign === MINUS ? -exact : exact;
}

/**
 * Reads the length of a string or of an aggregate.
 *
 * @param mayBeOpen Whether `-1` (RESP2's null) and `?` (a streamed one) are allowed.
 * @returns The length, or -1, or `Infinity` for `?`.
 */
export function readLength(
  line: Uint8Array,
  start: number,
  end: number,
  mayBeOpen: boolean,
): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = line[at]! - ZERO;
    if (digit < 0 || digit > 9) return readOpenLength(line, start, end, mayBeOpen);
    value = value * 10 + digit;
  }
  if (start >= end || end - start > LENGTH_DIGITS_MAX) failValue("length");
  return value;
}

function readOpenLength(line: Uint8Array, start: number, end: number, mayBeOpen: boolean): number {
  if (!mayBeOpen) failValue("length");
  if (end - start === 1 && line[start] === QUESTION) return Infinity;
  if (end - start === 2 && line[start] === MINUS && line[start + 1] === ZERO + 1) return -1;
  failValue("length");
}

/** Reads `t` or `f`. */
export function readBoolean(line: Uint8Array, start: number, end: number): boolean {
  const value = line[start];
  if (end - start !== 1 || (value !== T && value !== F)) failValue("boolean");
  return value === T;
}

/** Reads a double, an infinity or a NaN. */
export function readDouble(line: Uint8Array, start: number, end: number): number {
  const text = textOf(line, start, end);
  if (/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return Number(text);
  if (/^[+-]?inf$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (!/^[+-]?nan$/i.test(text)) failValue("double");
  return NaN;
}

/** Reads a whole number of any size. */
export function readBigNumber(line: Uint8Array, start: number, end: number): bigint {
  const text = textOf(line, start, end);
  if (!/^[+-]?\d+$/.test(text)) failValue("big number");
  return BigInt(text.startsWith("+") ? text.slice(1) : text);
}
