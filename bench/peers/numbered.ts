/**
 * Arrays for peers that have only keys: each element under the array's name and a number.
 *
 * The numbers of the first and the next element are kept in memory by the adapter, which is
 * generous: a program would have to store them too, or look for them at every start.
 */

interface Ends {
  first: number;
  next: number;
}

/** Hands out the numbers of elements, in order, at the moment of the call. */
export class NumberedArrays {
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
