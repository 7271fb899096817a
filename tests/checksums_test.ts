/**
 * Checksums and hashes against published vectors.
 */

import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert/strict";
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
  it("gives the published hashes of the bytes 0, 1, 2 and so on", () => {
    // Linux, lib/tests/siphash_kunit.c, `test_vectors_hsiphash` for 32 bits: of 0 to 23 bytes.
    // deno-fmt-ignore
    const vectors = [
      0x5814c896, 0xe7e864ca, 0xbc4b0e30, 0x01539939, 0x7e059ea6, 0x88e3d89b,
      0xa0080b65, 0x9d38d9d6, 0x577999b1, 0xc839caed, 0xe4fa32cf, 0x959246ee,
      0x6b28096c, 0x66dd9cd6, 0x16658a7c, 0xd0257b04, 0x8b31d501, 0x2b1cd04b,
      0x06712339, 0x522aca67, 0x911bb605, 0x90a65f0e, 0xf826ef7b, 0x62512deb,
    ];
    const key = { low: 0x03020100, high: 0x07060504 };
    const bytes = Uint8Array.from(vectors, (_, i) => i);
    deepStrictEqual(vectors.map((_, length) => halfSipHash(bytes, length, key)), vectors);
  });

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
