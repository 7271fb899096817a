/**
 * HalfSipHash-1-3: a keyed hash of 32 bits for tables. Who does not know the key cannot choose
 * texts that collide, so nobody outside can make a table slow.
 *
 * Why this one: it is made of 32-bit additions, rotations and exclusive ors, which is what a
 * JavaScript number does fast; about 40 ns for 16 bytes.
 *
 * Source: J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF", and the authors'
 * reference `halfsiphash.c`.
 */

/** The key of a hash: 64 random bits. */
export interface HashKey {
  readonly low: number;
  readonly high: number;
}

/** Makes a key nobody can guess. */
export function randomHashKey(): HashKey {
  const [low, high] = crypto.getRandomValues(new Uint32Array(2)) as unknown as [number, number];
  return { low, high };
}

/** Hashes the first `length` of `bytes` to a whole number from 0 to 2^32 − 1. */
export function halfSipHash(bytes: Uint8Array, length: number, { low, high }: HashKey): number {
  let v0 = low | 0;
  let v1 = high | 0;
  let v2 = (0x6c796765 ^ low) | 0;
  let v3 = (0x74656462 ^ high) | 0;
  const whole = length & ~3;
  // One round for each four bytes, one for the rest and the length, three to finish.
  const steps = (whole >>> 2) + 4;
  for (let step = 0, at = 0; step < steps; step++, at += 4) {
    let word = 0;
    if (at < whole) {
      word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    } else if (at === whole) {
      word = length << 24;
      for (let i = whole; i < length; i++) word |= bytes[i]! << ((i & 3) << 3);
    } else if (at === whole + 4) {
      v2 ^= 0xff;
    }
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return (v1 ^ v3) >>> 0;
}
