/**
 * Writes pieces to a store, in such a way that writing the same pieces again, from the start and
 * after an end at any moment, leads to the same store.
 *
 * A string is one `put`. An array is deleted, appended to, and given its expiry last, so a second
 * run begins it anew. What has expired since it was read is deleted, just as it would be gone had
 * it been written in time. Nothing has to be remembered between the runs.
 *
 * Calls are made without waiting for each, up to a bound of calls and bytes; a store takes them in
 * their order. What a first run left half-way (one array at most, and only until the next run) is
 * the price of writing in place, which every backend can do.
 */

import type { Kv, Value } from "../kv/kv.ts";
import { expireIn, type Now } from "./deadlines.ts";
import type { Piece } from "./piece.ts";

/** Calls that are under way at once. */
const CALLS_MAX = 1_024;
/** Bytes of values that are under way at once, one long value apart. */
const BYTES_MAX = 2 ** 20;
/** Elements that one call appends. */
const ELEMENTS_A_CALL = 1_024;

/** Writes pieces to a store; call {@linkcode StoreWriter.finish} in the end. */
export class StoreWriter {
  readonly #kv: Kv<unknown, Value>;
  readonly #now: Now;
  readonly #underWay: Promise<void>[] = [];
  #bytesUnderWay = 0;
  #failure: { readonly error: unknown } | null = null;
  /** The array that pieces belong to; `null` where its elements are not wanted. */
  #array: { readonly key: string; readonly expires: number | null } | null = null;

  constructor(kv: Kv<unknown, Value>, now: Now = Date.now) {
    this.#kv = kv;
    this.#now = now;
  }

  /** Takes a piece; waits where too much is under way. Rejects once a call has failed. */
  async write(piece: Piece): Promise<void> {
    if (piece.type !== "elements") this.#closeArray();
    if (piece.type === "string") this.#putString(piece.key, piece.value, piece.expires);
    else {
      if (piece.type === "array") this.#openArray(piece.key, piece.expires);
      if (this.#array !== null) await this.#append(this.#array.key, piece.elements);
    }
    await this.#throttle();
  }

  /** Waits until all that was written is in the store. */
  async finish(): Promise<void> {
    this.#closeArray();
    await this.#settle();
  }

  #putString(key: string, value: Value, expires: number | null): void {
    if (expires === null) return this.#start(this.#kv.put(key, value), value.length);
    const ms = expireIn(expires, this.#now);
    if (ms < 1) return this.#start(this.#kv.delete(key));
    this.#start(this.#kv.put(key, value, { expireIn: ms }), value.length);
  }

  #openArray(key: string, expires: number | null): void {
    this.#start(this.#kv.delete(key));
    const isExpired = expires !== null && expireIn(expires, this.#now) < 1;
    this.#array = isExpired ? null : { key, expires };
  }

  /** Gives the array its expiry. Earlier, it could expire before its last elements come. */
  #closeArray(): void {
    if (this.#array === null) return;
    const { key, expires } = this.#array;
    this.#array = null;
    if (expires === null) return;
    const ms = expireIn(expires, this.#now);
    this.#start(ms < 1 ? this.#kv.delete(key) : this.#kv.touch(key, ms));
  }

  async #append(key: string, elements: readonly Value[]): Promise<void> {
    let chunk: Value[] = [];
    let bytes = 0;
    for (const [i, element] of elements.entries()) {
      chunk.push(element);
      bytes += element.length;
      const isLast = i === elements.length - 1;
      if (!isLast && chunk.length < ELEMENTS_A_CALL && bytes < BYTES_MAX) continue;
      this.#start(this.#kv.append(key, ...chunk), bytes);
      chunk = [];
      bytes = 0;
      await this.#throttle();
    }
  }

  #start(call: Promise<unknown>, bytes = 0): void {
    this.#bytesUnderWay += bytes;
    // A failure is kept for the next to ask: left alone it would end the program.
    this.#underWay.push(call.then(() => {}, (error) => void (this.#failure ??= { error })));
  }

  async #throttle(): Promise<void> {
    const isFull = this.#underWay.length >= CALLS_MAX || this.#bytesUnderWay >= BYTES_MAX;
    if (isFull) await this.#settle();
  }

  async #settle(): Promise<void> {
    this.#bytesUnderWay = 0;
    await Promise.all(this.#underWay.splice(0));
    if (this.#failure !== null) throw this.#failure.error;
  }
}
