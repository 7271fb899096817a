/**
 * What one reply may take: its items and bytes, counted before memory is taken for them.
 */

import { LIMITS, type Limits, RespError } from "./types.ts";

/** The limits of a decoder, and what the reply that is being read has used of them. */
export class Budget {
  readonly #limits: Limits;
  #items = 0;
  #bytes = 0;
  #streamedBytes = 0;

  constructor(limits: Partial<Limits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  /** The longest line, in bytes. */
  get lineBytesMax(): number {
    return this.#limits.lineBytesMax;
  }

  /** Begins a reply. */
  reset(): void {
    this.#items = 0;
    this.#bytes = 0;
  }

  /** Begins a streamed string. No two are open at a time. */
  startStream(): void {
    this.#streamedBytes = 0;
  }

  /** Takes items of an aggregate. */
  takeItems(count: number): void {
    this.#items += count;
    if (this.#items > this.#limits.itemsMax) {
      throw new RespError(`Cannot decode a reply of over ${this.#limits.itemsMax} items`);
    }
  }

  /** Takes the bytes of a string. */
  takeBytes(count: number): void {
    this.#checkString(count);
    this.#bytes += count;
    if (this.#bytes > this.#limits.replyBytesMax) {
      throw new RespError(`Cannot decode a reply of over ${this.#limits.replyBytesMax} bytes`);
    }
  }

  /** Takes a piece of the streamed string. It counts as an item, for it takes an array. */
  takeChunk(bytes: number): void {
    this.takeItems(1);
    this.#streamedBytes += bytes;
    this.#checkString(this.#streamedBytes);
    this.takeBytes(bytes);
  }

  /** Checks that one more aggregate may be open. */
  checkDepth(depth: number): void {
    const { depthMax } = this.#limits;
    if (depth < depthMax) return;
    throw new RespError(`Cannot decode replies nested deeper than ${depthMax}: the limit`);
  }

  #checkString(bytes: number): void {
    const max = this.#limits.bulkBytesMax;
    if (bytes > max) {
      throw new RespError(`Cannot decode a string of ${bytes} bytes: at most ${max}`);
    }
  }
}
