/**
 * Strings of a reply: the memory that they take, and text or bytes out of it. Whatever is given out
 * owns its memory.
 */

import { RespError } from "./types.ts";

/** Gives the text of UTF-8 bytes, U+FFFD for those that are none. It must own its memory. */
export type Utf8Reader = (bytes: Uint8Array, start: number, end: number) => string;

const lossyUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const strictUtf8 = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** The reader of text that every runtime has. */
export const readUtf8: Utf8Reader = (bytes, start, end) =>
  lossyUtf8.decode(bytes.subarray(start, end));

/** The bytes as text if they are UTF-8 and no longer than a string may be, else a copy of them. */
export function textOr(
  read: Utf8Reader,
  bytes: Uint8Array,
  start: number,
  end: number,
): string | Uint8Array {
  try {
    const text = read(bytes, start, end);
    if (!text.includes("\ufffd")) return text;
    return strictUtf8.decode(bytes.subarray(start, end)); // U+FFFD may be what stood there
  } catch {
    return bytes.slice(start, end);
  }
}

/** No bytes. */
export const NONE: Uint8Array = new Uint8Array(0);

/** Throws for a string with anything but CRLF behind it. */
export function failEnd(): never {
  throw new RespError("Cannot decode a string: CRLF must follow it");
}

/** Takes memory. A limit may be set past what the machine has. */
export function allocate(bytes: number): Uint8Array {
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw new RespError(`Cannot decode a string of ${bytes} bytes: out of memory`, { cause });
  }
}

/** Joins the pieces of a streamed string. */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = allocate(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
