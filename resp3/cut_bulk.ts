/**
 * A bulk that a chunk cut. Its length is known by then, so it is read on into its final array, and
 * a socket may read straight into that.
 */

import { allocate, failEnd, NONE } from "./strings.ts";

const CR = 0x0d, LF = 0x0a;

/** The bulk that is being read, if one is cut. */
export class CutBulk {
  /** Its type; 0 while no bulk is cut. */
  type = 0;
  #bytes: Uint8Array = NONE;
  /** Where the next byte goes; past the end for CR and LF. */
  #at = 0;

  /** Begins a bulk. */
  open(type: number, length: number): void {
    this.#bytes = allocate(length);
    this.type = type;
    this.#at = 0;
  }

  /** Ends the bulk, which must be complete, and gives its bytes. */
  take(): Uint8Array {
    const bytes = this.#bytes;
    this.#bytes = NONE;
    this.type = 0;
    return bytes;
  }

  /** The rest of its array, `null` where all of its bytes are there. */
  get missing(): Uint8Array | null {
    return this.#at < this.#bytes.length ? this.#bytes.subarray(this.#at) : null;
  }

  /** Whether all of it is there, and the CRLF behind it. */
  get isComplete(): boolean {
    return this.#at === this.#bytes.length + 2;
  }

  /** Reads on from `chunk`, and gives where it stopped. */
  fill(chunk: Uint8Array, from: number): number {
    const bytes = this.#bytes;
    let to = from;
    if (this.#at < bytes.length) {
      to = Math.min(from + bytes.length - this.#at, chunk.length);
      const isInPlace = chunk.buffer === bytes.buffer && chunk.byteOffset + from === this.#at;
      if (!isInPlace) bytes.set(chunk.subarray(from, to), this.#at);
      this.#at += to - from;
    }
    while (this.#at >= bytes.length && to < chunk.length && !this.isComplete) {
      if (chunk[to] !== (this.#at === bytes.length ? CR : LF)) failEnd();
      this.#at++;
      to++;
    }
    return to;
  }
}
