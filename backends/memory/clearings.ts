/**
 * The clearings of a memory store that are under way.
 *
 * A large store is cleared in slices, but all at once for those who look: a clearing covers each
 * key of its prefix that is there as it starts, and none of them is found from then on, though some
 * still take room. A key that is put meanwhile is not covered, so each clearing remembers these.
 */

/** Removes what a clearing covers and no call has met yet, a little a step; the last ends it. */
type Walk = Generator<void, undefined>;

/** A clearing of all keys with a prefix. */
export class Clearing {
  readonly prefix: string;
  /** Keys of this prefix that were put since it started. */
  readonly spared: Set<string> = new Set();
  /** How many keys it has removed. */
  count = 0;
  readonly walk: Walk;

  constructor(prefix: string, makeWalk: (clearing: Clearing) => Walk) {
    this.prefix = prefix;
    this.walk = makeWalk(this);
  }
}

/** The clearings under way. */
export class Clearings {
  readonly #all: Clearing[] = [];

  /** Whether none is under way. */
  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  /** The one that was started first. */
  get first(): Clearing | undefined {
    return this.#all[0];
  }

  /** Starts to clear what is there with `prefix`, by the walk that `makeWalk` makes. */
  start(prefix: string, makeWalk: (clearing: Clearing) => Walk): Clearing {
    const clearing = new Clearing(prefix, makeWalk);
    this.#all.push(clearing);
    return clearing;
  }

  /** Ends `clearing`: nothing that it covers is left. */
  end(clearing: Clearing): void {
    this.#all.splice(this.#all.indexOf(clearing), 1);
  }

  /** The first clearing that covers `key`. */
  covering(key: string): Clearing | undefined {
    return this.#all.find(({ prefix, spared }) => key.startsWith(prefix) && !spared.has(key));
  }

  /** Spares `key`, which is put now: no clearing under way covers it from now on. */
  spare(key: string): void {
    for (const { prefix, spared } of this.#all) {
      if (key.startsWith(prefix)) spared.add(key);
    }
  }
}
