/**
 * Arrays for peers that have only keys: each element under the array's name and a number.
 *
 * The numbers of the first and the next element are kept in memory, which is generous: a program
 * would have to store them too, or look for them at every start.
 */

interface Ends {
  first: number;
  next: number;
}

/** Hands out the numbers of elements, in order, at the moment of the call. */
export class ElementNumbers {
  readonly #ends = new Map<string, Ends>();

  /** The number for an element that is appended now. */
  append(key: string): number {
    let ends = this.#ends.get(key);
    if (ends === undefined) this.#ends.set(key, ends = { first: 0, next: 0 });
    return ends.next++;
  }

  /** The number of the element that is taken now, or `null` where none is left. */
  popFirst(key: string): number | null {
    const ends = this.#ends.get(key);
    return ends === undefined || ends.first === ends.next ? null : ends.first++;
  }
}

/** The calls of a peer that arrays are made of. */
export interface KeyCalls<Key> {
  get(key: Key): unknown;
  put(key: Key, value: string): Promise<unknown>;
  remove(key: Key): Promise<unknown>;
}

/** Arrays over keys: an append is one call of the peer, a pop two. */
export class KeyedArrays<Key = string> {
  readonly #numbers = new ElementNumbers();
  readonly #calls: KeyCalls<Key>;
  readonly #keyOf: (key: string, number: number) => Key;

  /** `keyOf` makes the key of an element; without it, the name and the number after a colon. */
  constructor(
    calls: KeyCalls<Key>,
    keyOf: (key: string, number: number) => Key = (key, number) => `${key}:${number}` as Key,
  ) {
    this.#calls = calls;
    this.#keyOf = keyOf;
  }

  append(key: string, value: string): Promise<unknown> {
    return this.#calls.put(this.#keyOf(key, this.#numbers.append(key)), value);
  }

  async popFirst(key: string): Promise<unknown> {
    const number = this.#numbers.popFirst(key);
    if (number === null) return null;
    const element = this.#keyOf(key, number);
    const value = await this.#calls.get(element);
    await this.#calls.remove(element);
    return value;
  }
}
