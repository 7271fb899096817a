/**
 * Checksums and hashes against published vectors.
 */

import { notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { crc32c } from "../internal/crc32c.ts";
import { halfSipHash, randomHashKey } from "../internal/hash.ts";

const utf8 = new TextEncoder();

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

describe("crc32c()", () => {
  /** RFC 3720, appendix B.4, and the check value of the CRC catalogue. */
  const vectors: [string, Uint8Array, number][] = [
    ["32 zeros", new Uint8Array(32), 0x8a9136aa],
    ["32 bytes of FF", new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ["0 to 31", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ["31 to 0", Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    ["123456789", utf8.encode("123456789"), 0xe3069283],
    ["nothing", new Uint8Array(), 0],
  ];
  for (const [name, bytes, expected] of vectors) {
    it(`gives the published sum of ${name}`, () => strictEqual(crc32c(viewOf(bytes)), expected));
  }

  it("sums a part of an array", () => {
    strictEqual(crc32c(viewOf(utf8.encode("<123456789>")), 1, 10), 0xe3069283);
  });
});

describe("halfSipHash()", () => {
  it("differs by key, by length and by every bit", () => {
    const key = { low: 0x03020100, high: 0x07060504 };
    const bytes = Uint8Array.from({ length: 16 }, (_, i) => i);
    const seen = new Set<number>();
    for (let length = 0; length <= 16; length++) seen.add(halfSipHash(bytes, length, key));
    strictEqual(seen.size, 17);
    const whole = halfSipHash(bytes, 16, key);
    for (let bit = 0; bit < 128; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      notStrictEqual(halfSipHash(bytes, 16, key), whole);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
    notStrictEqual(halfSipHash(bytes, 16, { low: 0, high: 0 }), whole);
  });

  it("spreads keys that follow one another", () => {
    const key = randomHashKey();
    const counts = new Uint32Array(256);
    for (let i = 0; i < 25_600; i++) {
      const bytes = utf8.encode(`key:${i}`);
      counts[halfSipHash(bytes, bytes.length, key) >>> 24]!++;
    }
    // A hundred each, give or take six times the spread of chance.
    ok(counts.every((count) => count > 40 && count < 160));
  });
});
