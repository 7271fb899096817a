/**
 * Room on the disk for the pages of a file, reserved beforehand by writing zeros: so a full disk is
 * found out before anything has changed, and what the journal holds can always be brought to its
 * place.
 */

import { KvError } from "../../kv/errors.ts";
import { PAGE_BYTES } from "./layout.ts";
import type { Storage } from "./storage.ts";

/** How far ahead the file grows: an eighth of its size, within these bounds. */
const GROWTH_PAGES_MIN = 16;
const GROWTH_PAGES_MAX = 256;

/**
 * The most that is written at once: a system may keep what one write brought as one piece of its
 * cache, and then look at all of that piece at each small write into it. With pieces of a megabyte,
 * a record of the journal took twice as long on ext4 (Linux 6.18).
 */
const ZEROS = new Uint8Array(16 * PAGE_BYTES);

/** The room of a file. */
export class Room {
  readonly #storage: Storage;
  readonly #path: string;
  #pages = 0;

  constructor(storage: Storage, path: string) {
    this.#storage = storage;
    this.#path = path;
  }

  /** How many pages the disk has room for. */
  get pages(): number {
    return this.#pages;
  }

  /** Where the room ends in the file. */
  get bytes(): number {
    return this.#pages * PAGE_BYTES;
  }

  /** Finds out how much there is. */
  measure(): void {
    this.#pages = Math.floor(this.#storage.size() / PAGE_BYTES);
  }

  /** Gives up what is beyond `pages`: it may be cut off. */
  giveUp(pages: number): void {
    this.#pages = pages;
  }

  /**
   * Writes zeros until there is room for `pages`.
   *
   * @throws {KvError} `full`: the file is as long as before.
   */
  grow(pages: number): void {
    const ahead = this.#pages >>> 3;
    const least = Math.min(Math.max(ahead, GROWTH_PAGES_MIN), GROWTH_PAGES_MAX);
    const target = Math.max(pages, this.#pages + least);
    const pagesBefore = this.#pages;
    const size = this.#storage.size();
    try {
      while (this.#pages < target) {
        const bytes = Math.min((target - this.#pages) * PAGE_BYTES, ZEROS.length);
        this.#storage.write(this.bytes, ZEROS.subarray(0, bytes));
        this.#pages += bytes / PAGE_BYTES;
      }
    } catch (error) {
      if (!(error instanceof KvError) || error.code !== "full") throw error;
      this.measure();
      if (this.#pages >= pages) return;
      // Others need what it has taken of the disk in vain.
      this.#storage.truncate(size);
      this.#pages = pagesBefore;
      throw new KvError("full", `Cannot grow "${this.#path}": the disk is full`, { cause: error });
    }
  }
}
