/**
 * Text and bytes: how long text is as UTF-8, turning one into the other, and comparing.
 */

const utf8 = new TextEncoder();

/** UTF-8 bytes that one UTF-16 unit takes at most. */
export const BYTES_A_UNIT_MAX = 3;

const ASCII_END = 0x80;
const TWO_BYTES_END = 0x800;
const SURROGATES_START = 0xd800;
const SURROGATES_END = 0xe000;

/**
 * Counts the bytes of well-formed `text` as UTF-8, without encoding it.
 *
 * Cost: O(length), about a nanosecond a character.
 */
export function utf8Length(text: string): number {
  const { length } = text;
  let bytes = length;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < ASCII_END) continue;
    // A surrogate pair is two units and four bytes, so each of its halves counts two.
    const isThreeBytes = unit >= TWO_BYTES_END &&
      (unit < SURROGATES_START || unit >= SURROGATES_END);
    bytes += isThreeBytes ? 2 : 1;
  }
  return bytes;
}

/** Counts the bytes of a value: those of its UTF-8 if it is text. */
export function byteLength(value: string | Uint8Array): number {
  return typeof value === "string" ? utf8Length(value) : value.length;
}

/** Tells whether a value has at most `bytesMax` bytes. Text that must have fewer is not counted. */
export function fitsIn(value: string | Uint8Array, bytesMax: number): boolean {
  return value.length * BYTES_A_UNIT_MAX <= bytesMax || byteLength(value) <= bytesMax;
}

/** Gives the bytes of a value: new ones if it is text, else the value itself. */
export function toBytes(value: string | Uint8Array): Uint8Array {
  return typeof value === "string" ? utf8.encode(value) : value;
}

/**
 * Tells whether a value is bytes that can be read. A proxy of them cannot, though it passes
 * `instanceof`, and neither can bytes whose memory was given away, which have no length then.
 */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && value instanceof Uint8Array &&
    (value.length > 0 || hasMemory(value));
}

function hasMemory(bytes: Uint8Array): boolean {
  try {
    new Uint8Array(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Tells whether two values are the same bytes. */
export function equalBytes(a: string | Uint8Array, b: string | Uint8Array): boolean {
  if (typeof a === "string" && typeof b === "string") return a === b;
  const left = toBytes(a);
  const right = toBytes(b);
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) {
    if (left[i] !== right[i]) return false;
  }
  return true;
}

/** Gives a value that nobody else can change: a copy of bytes, or the text itself. */
export function own(value: string | Uint8Array): string | Uint8Array {
  // Not `slice`, for that of a Node `Buffer` shares its memory.
  return typeof value === "string" ? value : new Uint8Array(value);
}
