/**
 * What a bench measures: JetKV, a peer, or a bound, all behind one small interface.
 *
 * An adapter adds nothing that a program using the peer would not write, and takes the peer's
 * fastest way to do the work. A method that can pass the peer's own promise on does so: another
 * `async` around it would cost the peer a tenth of a microsecond.
 */

/** An open store under measurement. */
export interface Subject {
  get(key: string): Promise<unknown>;
  put(key: string, value: string): Promise<unknown>;
  remove(key: string): Promise<unknown>;
  append(key: string, value: string): Promise<unknown>;
  popFirst(key: string): Promise<unknown>;
  /** Makes empty arrays at `keys`, not timed, for a peer that has no arrays of its own. */
  prepareArrays?(keys: readonly string[]): Promise<void>;
  close(): Promise<unknown>;
}

/**
 * - `jetkv`: this package.
 * - `peer`: what a user would pick instead; ratios are taken to the best of them.
 * - `bound`: no store, but the least that any store of this kind could cost.
 */
export type Kind = "jetkv" | "peer" | "bound";

/** One line of a table: how to get at a store, and at which settings. */
export interface Contender<S = Subject> {
  readonly name: string;
  readonly kind: Kind;
  /** What a reader must know to judge the figures: options, durability, how arrays are made. */
  readonly settings: string;
  /**
   * Loads the contender's code.
   *
   * @returns What opens an empty store; `place` is a directory of its own, or a server's URL.
   * @throws If this machine or runtime lacks it: the bench prints why, and goes on without it.
   */
  load(): Promise<(place: string) => Promise<S>>;
}
