/**
 * Keeps codecs from calling the store that they decode for.
 *
 * A store decodes in the middle of a call: when it has found a value, and before it takes it away,
 * so that a codec that throws leaves the data alone. A call of the store from there would change
 * what was found.
 */

import type { Codec } from "./codec.ts";

/** Knows whether a codec is decoding. One for each store and all of its views. */
export class CodecGuard {
  #isDecoding = false;

  /** @throws {TypeError} If a codec is decoding. */
  check(): void {
    if (!this.#isDecoding) return;
    throw new TypeError("Cannot call a store from a codec: it is decoding for that store");
  }

  /** The codec as the store may use it. */
  guard<T, Input>(codec: Codec<T, Input>): Codec<T, Input> {
    return {
      encode: (value) => codec.encode(value),
      decode: (bytes) => this.#decode(() => codec.decode(bytes)),
      ...(codec.decodeText !== undefined && {
        decodeText: (text: string) => this.#decode(() => codec.decodeText!(text)),
      }),
    };
  }

  #decode<T>(decode: () => T): T {
    this.#isDecoding = true;
    try {
      return decode();
    } finally {
      this.#isDecoding = false;
    }
  }
}
