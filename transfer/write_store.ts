/**
 * Writes pieces to a store, in such a way that writing the same pieces again, from the start and
 * after an end at any moment, leads to the same store.
 *
 * A string is one `put`. An array is deleted and appended to, so a second run begins it anew; each
 * part gets its expiry at once, for there may be no second run before that. What has expired since
 * it was read is deleted, just as it would be gone had it been written in time. Nothing has to be
 * remembered between the runs.
 *
 * A store counts the time that a key has left from when it comes to the call. Where it was busy for
 * long, the expiry is set once more, so that a deadline is right to much less than half a second.
 *
 * Calls are made without waiting for each, up to a bound of calls and bytes; a store takes them in
 * their order. What a first run left half-way (one array at most, and only until the next run) is
 * the price of writing in place, which every backend can do.
 */

import type { Kv, Value } from "../kv/kv.ts";
import { expireIn, type Now } from "./deadlines.ts";
import { asEntryError } from "./entry_error.ts";
import type { Piece } from "./piece.ts";

/** Calls that are under way at once: more made no store faster, and took memory. */
const CALLS_MAX = 256;
/** Bytes of values that are under way at once, unless one value is longer. */
const BYTES_MAX = 2 ** 20;
/** A deadline that a store takes later than this after it was asked for is set again. */
const LATE_MS_MAX = 250;
/** The most attempts: a store that is as slow each time is beyond help. */
const SET_AGAIN_MAX = 8;
/** Elements that one call appends. */
const ELEMENTS_A_CALL = 1_024;

/** A key and when it expires. */
interface Expiring {
  readonly key: string;
  readonly expires: number;
}

/** An array that is written. */
interface OpenArray {
  readonly key: string;
  readonly expires: number | null;
}

/** Writes pieces to a store; call {@linkcode StoreWriter.finish} in the end. */
export class StoreWriter {
  readonly #kv: Kv<unknown, Value>;
  readonly #now: Now;
  readonly #underWay: Promise<void>[] = [];
  readonly #keysUnderWay = new Set<string>();
  #bytesUnderWay = 0;
  #failure: { readonly error: unknown } | null = null;
  /** Keys whose expiry was late: their time began when the store came to them. */
  #late: Expiring[] = [];
  /** The array that pieces belong to; `null` where its elements are not wanted. */
  #array: OpenArray | null = null;

  constructor(kv: Kv<unknown, Value>, now: Now = Date.now) {
    this.#kv = kv;
    this.#now = now;
  }

  /**
   * Takes a piece; waits where too much is under way. Rejects once a call has failed.
   *
   * @returns Whether it is wanted: not where its key has expired by now.
   * @throws {EntryError} If an entry is too long for the store.
   */
  async write(piece: Piece): Promise<boolean> {
    if (piece.type !== "elements") {
      this.#closeArray();
      // One that comes twice must not get its first expiry behind its second value.
      if (this.#keysUnderWay.has(piece.key)) await this.#drain();
    }
    let isWanted: boolean;
    if (piece.type === "string") isWanted = this.#putString(piece.key, piece.value, piece.expires);
    else {
      if (piece.type === "array") this.#openArray(piece.key, piece.expires);
      isWanted = this.#array !== null;
      if (this.#array !== null) await this.#append(this.#array, piece.elements);
    }
    await this.#throttle();
    return isWanted;
  }

  /** Waits until all that was written is in the store. */
  async finish(): Promise<void> {
    this.#closeArray();
    await this.#drain();
  }

  /** Puts a string; tells whether it is wanted. */
  #putString(key: string, value: Value, expires: number | null): boolean {
    const startMs = this.#now();
    const ms = expires === null ? Infinity : expireIn(expires, startMs);
    if (ms < 1) this.#start(key, this.#kv.delete(key));
    else if (expires === null) this.#start(key, this.#kv.put(key, value), value.length);
    else {
      const call = this.#kv.put(key, value, { expireIn: ms });
      this.#start(key, this.#noteIfLate(call, { key, expires }, startMs), value.length);
    }
    return ms >= 1;
  }

  #openArray(key: string, expires: number | null): void {
    this.#start(key, this.#kv.delete(key));
    const isExpired = expires !== null && expireIn(expires, this.#now()) < 1;
    this.#array = isExpired ? null : { key, expires };
  }

  /** Gives the array its expiry once more, now that all of it is on its way. */
  #closeArray(): void {
    if (this.#array === null) return;
    const { key, expires } = this.#array;
    this.#array = null;
    if (expires !== null) this.#expire({ key, expires });
  }

  #expire({ key, expires }: Expiring): void {
    const startMs = this.#now();
    const ms = expireIn(expires, startMs);
    if (ms < 1) return this.#start(key, this.#kv.delete(key));
    this.#start(key, this.#noteIfLate(this.#kv.touch(key, ms), { key, expires }, startMs));
  }

  /** Waits for a call that sets an expiry counted from `startMs`. */
  async #noteIfLate(call: Promise<unknown>, expiring: Expiring, startMs: number): Promise<void> {
    await call;
    if (this.#now() - startMs > LATE_MS_MAX) this.#late.push(expiring);
  }

  async #append({ key, expires }: OpenArray, elements: readonly Value[]): Promise<void> {
    let chunk: Value[] = [];
    let bytes = 0;
    for (const [i, element] of elements.entries()) {
      chunk.push(element);
      bytes += element.length;
      const isLast = i === elements.length - 1;
      if (!isLast && chunk.length < ELEMENTS_A_CALL && bytes < BYTES_MAX) continue;
      const ms = expires === null ? Infinity : expireIn(expires, this.#now());
      if (ms < 1) {
        // What would come now would be an array anew, and stay.
        this.#array = null;
        return this.#start(key, this.#kv.delete(key));
      }
      this.#start(key, this.#kv.append(key, ...chunk), bytes);
      if (expires !== null) this.#start(key, this.#kv.touch(key, ms));
      chunk = [];
      bytes = 0;
      await this.#throttle();
    }
  }

  #start(key: string, call: Promise<unknown>, bytes = 0): void {
    this.#keysUnderWay.add(key);
    this.#bytesUnderWay += bytes;
    // A failure is kept for the next to ask: left alone it would end the program.
    const keep = (error: unknown): void =>
      void (this.#failure ??= { error: asEntryError(key, error) });
    this.#underWay.push(call.then(() => {}, keep));
  }

  async #throttle(): Promise<void> {
    const isFull = this.#underWay.length >= CALLS_MAX || this.#bytesUnderWay >= BYTES_MAX;
    if (isFull) await this.#drain();
  }

  async #drain(): Promise<void> {
    for (let i = 0;; i++) {
      this.#bytesUnderWay = 0;
      await Promise.all(this.#underWay.splice(0));
      if (this.#failure !== null) throw this.#failure.error;
      const late = this.#late;
      this.#late = [];
      if (late.length === 0 || i === SET_AGAIN_MAX) return this.#keysUnderWay.clear();
      for (const expiring of late) {
        this.#expire(expiring);
        // Each by itself: where the store stalls, all that are under way are late.
        await Promise.all(this.#underWay.splice(0));
      }
    }
  }
}
