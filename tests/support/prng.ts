/**
 * Random numbers that a seed repeats: a counter in steps of the golden ratio, each scrambled by two
 * multiplications (the finisher of MurmurHash3). Good enough to choose operations, not for secrets.
 */

const GOLDEN = 0x9e3779b9;

/** A sequence of random choices. */
export class Prng {
  #counter: number;

  /** @param seed Any whole number; its low 32 bits count. */
  constructor(seed: number) {
    this.#counter = seed | 0;
  }

  /** A whole number from 0 to 2^32 − 1. */
  next(): number {
    this.#counter = (this.#counter + GOLDEN) | 0;
    let bits = this.#counter;
    bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
    return (bits ^ (bits >>> 16)) >>> 0;
  }

  /** A whole number from 0 to `bound` − 1. */
  below(bound: number): number {
    return Math.floor(this.next() / 2 ** 32 * bound);
  }

  /** True `share` of the time. */
  chance(share: number): boolean {
    return this.next() < share * 2 ** 32;
  }

  /** One of `items`, which are not none. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** Random bytes. */
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}
