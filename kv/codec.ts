/**
 * Codecs: what turns a program's values into the bytes a store keeps, and back.
 */

import type { Value } from "./kv.ts";

/**
 * Turns values of a program into what a store keeps, and back.
 *
 * @example A codec for dates
 * ```ts
 * import { type Codec, openKv } from "@jetkv/jetkv";
 *
 * const text = new TextDecoder();
 * const date: Codec<Date> = {
 *   encode: (value) => value.toISOString(),
 *   decode: (bytes) => new Date(text.decode(bytes)),
 * };
 * await using kv = await openKv();
 * const seen = kv.withCodec(date);
 * await seen.put("ada", new Date(0));
 * console.log((await seen.get("ada"))?.getTime()); // 0
 * ```
 */
export interface Codec<T, Input = T> {
  /**
   * Turns a value into text or bytes. What it throws, the call rejects with, before any effect.
   * Long bytes must be made anew each time: on Valkey they are sent later, and not copied.
   */
  encode(value: Input): Value;
  /**
   * Turns stored bytes into a value. The bytes are the decoder's own. What it throws, the call
   * rejects with; on memory and file nothing has changed then, on Valkey a popped or fetched value
   * has left the store. It may not call the store, which is in the middle of a call and rejects
   * with a `TypeError`.
   */
  decode(bytes: Uint8Array): T;
  /**
   * Does what `decode` does, for a store that has the value at hand as text: a faster way for
   * codecs whose bytes are UTF-8. A codec that has it must give the same for a text and for its
   * UTF-8 bytes.
   */
  decodeText?(text: string): T;
}

/** The part of a codec that reads. */
export type Decoder<T> = Pick<Codec<T>, "decode" | "decodeText">;

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch (cause) {
    const found = "its bytes are not UTF-8; withCodec(bytes) reads them";
    throw new TypeError(`Cannot read a value as text: ${found}`, { cause });
  }
}

/**
 * Values as text, the codec of a store as it is opened. Takes bytes too; bytes that are not UTF-8
 * reject with a `TypeError` when read, rather than turn into replacement characters.
 */
export const text: Codec<string, Value> = {
  encode: (value: Value): Value => value,
  decode: textOf,
  decodeText: (value: string): string => value,
};

/**
 * Values as bytes. Takes text too, as its UTF-8.
 *
 * @example
 * ```ts
 * import { bytes, openKv } from "@jetkv/jetkv";
 *
 * await using kv = await openKv();
 * const binary = kv.withCodec(bytes);
 * await binary.put("pixel", Uint8Array.of(255, 0, 128));
 * console.log((await binary.get("pixel"))?.[2]); // 128
 * ```
 */
export const bytes: Codec<Uint8Array, Value> = {
  encode: (value: Value): Value => value,
  decode: (value: Uint8Array): Uint8Array => value,
};

/**
 * Makes a codec of values as JSON.
 *
 * `T` is a promise of the caller's about what the store holds: nothing checks it when a value is
 * read. A stored `null` reads as a missing key does, and ends a loop that pops until `null` comes.
 *
 * @returns A codec that rejects with a `TypeError` for what JSON has no text for (`undefined`, a
 * function, a cycle), and with a `SyntaxError` for stored bytes that are not JSON.
 *
 * @example
 * ```ts
 * import { json, openKv } from "@jetkv/jetkv";
 *
 * await using kv = await openKv();
 * const users = kv.namespace("users:").withCodec(json<{ name: string }>());
 * await users.put("42", { name: "Ada" });
 * console.log((await users.get("42"))?.name); // Ada
 * ```
 */
export function json<T>(): Codec<T> {
  return {
    encode(value: T): string {
      const encoded: string | undefined = JSON.stringify(value);
      if (encoded === undefined) {
        throw new TypeError(`Cannot encode a value as JSON: it is of type ${typeof value}`);
      }
      return encoded;
    },
    decode: (value: Uint8Array): T => parseJson(textOf(value)) as T,
    decodeText: (value: string): T => parseJson(value) as T,
  };
}

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    // Without the cause: the runtime's message shows the value.
    throw new SyntaxError("Cannot read a value as JSON: its text is not JSON");
  }
}

/**
 * Reads a stored value, kept as text or as bytes, by `decoder`. The bytes must be the decoder's to
 * keep.
 */
export function decodeValue<T>(value: Value, decoder: Decoder<T>): T {
  if (typeof value !== "string") return decoder.decode(value);
  if (decoder.decodeText !== undefined) return decoder.decodeText(value);
  return decoder.decode(utf8.encode(value));
}
