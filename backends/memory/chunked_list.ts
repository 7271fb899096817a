/**
 * A list that grows and shrinks at its end, in chunks: no call copies more than one of them, which
 * a plain array does with all it holds, and what is popped gives its memory back.
 *
 * Cost: O(1) for each call. One look at memory more than an array.
 */

const CHUNK_SHIFT = 10;
const CHUNK_LENGTH = 1 << CHUNK_SHIFT;

/** A list of `T`. An index is from 0 to before `length`. */
export class ChunkedList<T> {
  /** Full ones, but for the last; none is empty. */
  readonly #chunks: T[][] = [];
  #length = 0;

  /** How many values there are. */
  get length(): number {
    return this.#length;
  }

  /** Reads the value at `index`. */
  at(index: number): T {
    return this.#chunks[index >>> CHUNK_SHIFT]![index & (CHUNK_LENGTH - 1)]!;
  }

  /** Puts another value at `index`. */
  set(index: number, value: T): void {
    this.#chunks[index >>> CHUNK_SHIFT]![index & (CHUNK_LENGTH - 1)] = value;
  }

  /** Adds a value after the last. */
  push(value: T): void {
    const at = this.#length++;
    if ((at & (CHUNK_LENGTH - 1)) === 0) this.#chunks.push([value]);
    else this.#chunks[at >>> CHUNK_SHIFT]!.push(value);
  }

  /** Takes the last value of a list that is not empty. */
  pop(): T {
    const at = --this.#length;
    const value = this.#chunks[at >>> CHUNK_SHIFT]!.pop()!;
    if ((at & (CHUNK_LENGTH - 1)) === 0) this.#chunks.pop();
    return value;
  }

  /** Removes all. */
  clear(): void {
    this.#chunks.length = this.#length = 0;
  }
}
