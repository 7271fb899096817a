/**
 * The root page: from where everything else in the file is found, and the counters of the store.
 *
 * Counters change with every call, so they are kept here and logged once for all calls of a turn.
 * So is whether there is garbage, which is asked where no page can be read.
 */

import type { Journal } from "./journal.ts";
import {
  addressOf,
  NIL,
  PAGE_TYPE_AT,
  pageOf,
  ROOT,
  ROOT_PAGE,
  ROOT_TYPE,
  unitOf,
} from "./layout.ts";
import type { Pager } from "./pager.ts";

/** The root of a file. */
export class Root {
  readonly #pager: Pager;
  readonly #journal: Journal;
  /** Keys in the store, those past their deadline included until they are freed. */
  entries = 0;
  /** Bytes of keys and values. */
  bytes = 0;
  /** Keys that have a deadline. */
  expiring = 0;
  #garbage = NIL;
  #loggedEntries = 0;
  #loggedBytes = 0;
  #loggedExpiring = 0;

  constructor(pager: Pager, journal: Journal) {
    this.#pager = pager;
    this.#journal = journal;
  }

  /** Begins a root without anything. */
  format(): void {
    const frame = this.#journal.blank(ROOT_PAGE);
    this.#pager.setU8(frame, PAGE_TYPE_AT, ROOT_TYPE);
    this.#journal.log(frame, PAGE_TYPE_AT, 1);
    this.entries = this.bytes = this.expiring = 0;
    this.#garbage = NIL;
    this.#loggedEntries = this.#loggedBytes = this.#loggedExpiring = 0;
  }

  /** Reads the counters, and where the garbage begins. */
  load(): void {
    const frame = this.#pager.frame(ROOT_PAGE);
    this.entries = this.#loggedEntries = this.#pager.f64(frame, ROOT.entriesAt);
    this.bytes = this.#loggedBytes = this.#pager.f64(frame, ROOT.bytesAt);
    this.expiring = this.#loggedExpiring = this.#pager.f64(frame, ROOT.expiringAt);
    const page = this.get(ROOT.garbagePageAt);
    this.#garbage = page === NIL ? NIL : addressOf(page, this.get(ROOT.garbageUnitAt));
  }

  /** Logs the counters where they have changed. */
  logCounters(): void {
    const isSame = this.entries === this.#loggedEntries && this.bytes === this.#loggedBytes &&
      this.expiring === this.#loggedExpiring;
    if (isSame) return;
    const frame = this.#pager.frame(ROOT_PAGE);
    this.#pager.setF64(frame, ROOT.entriesAt, this.#loggedEntries = this.entries);
    this.#pager.setF64(frame, ROOT.bytesAt, this.#loggedBytes = this.bytes);
    this.#pager.setF64(frame, ROOT.expiringAt, this.#loggedExpiring = this.expiring);
    this.#journal.log(frame, ROOT.entriesAt, 24);
  }

  /** Reads a field of {@linkcode ROOT}. */
  get(at: number): number {
    return this.#pager.u32(this.#pager.frame(ROOT_PAGE), at);
  }

  /** Writes a field of {@linkcode ROOT}, and the one behind it if there is a second value. */
  set(at: number, value: number, second?: number): void {
    const frame = this.#pager.frame(ROOT_PAGE);
    this.#pager.setU32(frame, at, value);
    if (second !== undefined) this.#pager.setU32(frame, at + 4, second);
    this.#journal.log(frame, at, second === undefined ? 4 : 8);
  }

  /** The first of the elements that wait to be freed, or `NIL`. */
  get garbage(): number {
    return this.#garbage;
  }

  set garbage(address: number) {
    this.set(ROOT.garbagePageAt, pageOf(address), unitOf(address));
    this.#garbage = address;
  }
}
