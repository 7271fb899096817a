/**
 * Keys and values that stores have stumbled over. Every subject that stores something stores these.
 */

const MEGABYTE = 1 << 20;

/** Values by what is special about them. */
export const values: Readonly<Record<string, string>> = {
  "an empty value": "",
  "a value that begins with CRLF": "\r\nafter",
  "a value of CRLF alone": "\r\n",
  "a value that looks like a reply of a server": "$5\r\nhello\r\n*1\r\n_\r\n",
  "a value that begins with NUL": "\0after",
  "a value with NUL inside": "before\0after",
  "a value of spaces": "   ",
  "a value with a byte order mark": "\uFEFFmarked",
  "a value with quotes and escapes": "'\"`\\n\\u0000${}",
  "a value of four-byte characters": "🦕🌍𝄞",
  "a value of combining characters": "e\u0301 is not \u00e9",
  "a value with the last code point": "\u{10FFFF}",
  "a value with U+FFFD of its own": "\uFFFD",
  "a number as a value": "12345678901234567890",
  "a value of 3 MiB": "0123456789abcdef".repeat(3 * MEGABYTE / 16),
  "a value of 3 MiB in three-byte characters": "€".repeat(MEGABYTE),
};

/** Keys that must all differ from one another. */
export const keys: readonly string[] = [
  "",
  " ",
  "  ",
  "a",
  "A",
  "a ",
  "a b",
  "0",
  "00",
  "-1",
  "*",
  "?",
  "[a]",
  "[^a]",
  "a-c",
  "\\",
  "\\*",
  "\r\n",
  "a\r\nb",
  "\n",
  "\0",
  "a\0",
  "\t",
  "\x7f",
  "{a}",
  "$5",
  "\u00e9",
  "e\u0301",
  "\u212b",
  "\u00c5",
  "\uFEFF",
  "\uFEFFa",
  "\uFFFD",
  "🦕",
  "\u{10FFFF}",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "length",
  "undefined",
  "null",
  "../a",
  "%00",
];

/** Bytes that are not UTF-8: each by itself makes the text they are in unreadable. */
export const notUtf8: readonly Uint8Array[] = [
  Uint8Array.of(0xff),
  Uint8Array.of(0x61, 0x80),
  Uint8Array.of(0xc3),
  Uint8Array.of(0xc0, 0xaf),
  Uint8Array.of(0xed, 0xa0, 0x80),
  Uint8Array.of(0xf5, 0x80, 0x80, 0x80),
];

/** Text that is not well-formed, as neither key nor value may be. */
export const loneSurrogates: readonly string[] = ["\ud800", "\udc00", "a\ud83e", "\udd95b"];

/** What is no duration: of another type, and out of range. */
export const noNumbers: readonly unknown[] = ["1000", null, true, 1000n, {}, [], new Date(1)];
export const noDurations: readonly number[] = [
  0,
  -0,
  -1,
  0.5,
  1.5,
  NaN,
  Infinity,
  -Infinity,
  2 ** 53,
];
