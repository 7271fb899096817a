/**
 * Reads a store as pieces.
 *
 * Keys come in batches, and the calls for a batch are made at once, so that a server answers them
 * in one round trip. What is under way at a time is bounded in bytes: the length of a string is
 * known before it is read, that of elements is guessed from those read last.
 *
 * It is no snapshot. Each string is as it was at one moment, and so is each array of few elements;
 * a key that comes or goes meanwhile comes or not; a long array that changes meanwhile may come
 * with elements twice or left out.
 */

import { KvError } from "../kv/errors.ts";
import type { Kv, Value } from "../kv/kv.ts";
import { type Found, inspectDeadline, type Now } from "./deadlines.ts";
import { type ArrayPiece, type Piece, type StringPiece, values } from "./piece.ts";
import { checkSame, serverOf } from "./server.ts";
import { sortedKeys } from "./sorted_keys.ts";

/** Keys that are inspected at once. */
const KEYS_A_BATCH = 256;
/** Bytes of values that are asked for at once, unless one value is longer. */
const BYTES_A_FETCH = 2 ** 20;
/** Elements that are asked for at once; more would make a pause that is felt. */
const ELEMENTS_A_FETCH = 16_384;
/** Elements of an array that are read together with other keys. */
const FIRST_ELEMENTS = 64;
/** A guess for the first elements: too big costs a round trip, too small memory. */
const ELEMENT_BYTES_GUESS = 16_384;
/** What a value takes in memory besides its bytes. */
const VALUE_OVERHEAD_BYTES = 32;

/** Which keys to read, and how. */
export interface ReadOptions {
  /** Only keys that begin with this text. Default `""`: all. */
  readonly prefix?: string | undefined;
  /** In the order of the keys' bytes. Default `false`: in any order, which is faster. */
  readonly sort?: boolean | undefined;
  /** Ends the reading: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Tells the time. Default: the machine's clock. */
  readonly now?: Now | undefined;
}

/**
 * Gives what `kv` holds, the pieces of an array one after the other.
 *
 * @throws {KvConnectionError} In the end, if the server was started anew meanwhile: what it lost
 * would be missing.
 */
export async function* readStore(kv: Kv, options: ReadOptions = {}): AsyncGenerator<Piece, void> {
  const server = await serverOf(kv);
  const reader = new Reader(kv.withCodec(values), options);
  for await (const keys of reader.batches()) yield* reader.read(keys);
  if (server !== null) checkSame(server, await serverOf(kv));
}

/** A key that is to be read. */
interface Wanted extends Found {
  readonly key: string;
}

class Reader {
  readonly #kv: Kv<Value>;
  readonly #options: ReadOptions;
  readonly #now: Now;
  #elementBytes = ELEMENT_BYTES_GUESS;

  constructor(kv: Kv<Value>, options: ReadOptions) {
    this.#kv = kv;
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  async *batches(): AsyncGenerator<string[], void> {
    const { prefix = "", sort = false } = this.#options;
    const keys = sort ? sortedKeys(this.#kv, prefix) : this.#kv.keys({ prefix });
    let batch: string[] = [];
    for await (const key of keys) {
      if (batch.push(key) < KEYS_A_BATCH) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  /** Reads these keys, in their order. */
  async *read(keys: readonly string[]): AsyncGenerator<Piece, void> {
    this.#options.signal?.throwIfAborted();
    const found = await Promise.all(keys.map((key) => this.#inspect(key)));
    let group: Wanted[] = [];
    let bytes = 0;
    for (const wanted of found) {
      if (wanted === null) continue;
      const cost = this.#cost(wanted);
      if (bytes + cost > BYTES_A_FETCH && group.length > 0) {
        yield* this.#fetch(group);
        group = [];
        bytes = 0;
      }
      group.push(wanted);
      bytes += cost;
    }
    yield* this.#fetch(group);
  }

  async #inspect(key: string): Promise<Wanted | null> {
    const found = await inspectDeadline(() => this.#kv.inspect(key), this.#now);
    return found === null ? null : { key, ...found };
  }

  #cost({ type, length }: Found): number {
    return type === "string" ? length : this.#firstElements(length) * this.#elementBytes;
  }

  #firstElements(length: number): number {
    return Math.min(length, FIRST_ELEMENTS, this.#elementsAFetch());
  }

  /** How many elements are likely to be as long as a fetch may be. */
  #elementsAFetch(): number {
    const count = Math.floor(BYTES_A_FETCH / this.#elementBytes);
    return Math.min(Math.max(count, 1), ELEMENTS_A_FETCH);
  }

  async *#fetch(group: readonly Wanted[]): AsyncGenerator<Piece, void> {
    this.#options.signal?.throwIfAborted();
    const fetched = await Promise.all(group.map((wanted) => this.#fetchFirst(wanted)));
    for (const [i, piece] of fetched.entries()) {
      const { key, length } = group[i]!;
      if (piece === null) continue;
      if (piece === "other type") yield* this.read([key]);
      else {
        yield piece;
        if (piece.type !== "array") continue;
        this.#learn(piece.elements);
        if (piece.elements.length < length) yield* this.#fetchMore(key, piece.elements.length);
      }
    }
  }

  /** Reads a string, or the first elements of an array; `null` where the key has gone. */
  async #fetchFirst(
    { key, type, expires, length }: Wanted,
  ): Promise<StringPiece | ArrayPiece | null | "other type"> {
    try {
      if (type === "string") {
        const value = await this.#kv.get(key);
        return value === null ? null : { type, key, expires, value };
      }
      const elements = await this.#kv.range(key, 0, this.#firstElements(length));
      return elements.length === 0 ? null : { type, key, expires, elements };
    } catch (error) {
      if (error instanceof KvError && error.code === "wrong_type") return "other type";
      throw error;
    }
  }

  async *#fetchMore(key: string, from: number): AsyncGenerator<Piece, void> {
    for (let at = from;;) {
      this.#options.signal?.throwIfAborted();
      const count = this.#elementsAFetch();
      const elements = await this.#kv.range(key, at, at + count);
      if (elements.length > 0) yield { type: "elements", elements };
      if (elements.length < count) return;
      this.#learn(elements);
      at += count;
    }
  }

  #learn(elements: readonly Value[]): void {
    const bytes = elements.reduce((sum, value) => sum + value.length + VALUE_OVERHEAD_BYTES, 0);
    this.#elementBytes = Math.ceil(bytes / elements.length);
  }
}
