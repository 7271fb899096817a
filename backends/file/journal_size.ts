/**
 * How large the journal is, and where it stands: a ring with room for what calls log, that grows
 * with the file and with what one call needs, and becomes small again when the file is compacted.
 */

import { KvError } from "../../kv/errors.ts";
import { type FileParts, firstPages } from "./file_parts.ts";
import {
  JOURNAL,
  JOURNAL_PAGES_MAX,
  JOURNAL_PAGES_MIN,
  PAGE_BYTES,
  PAGES_A_MAP,
  PATCH,
  ROOT,
} from "./layout.ts";

/** What a checkpoint logs for a page, with its share of the head of a record. */
const SUM_BYTES = PATCH.headBytes + 5;
/** What any call may log besides its values. */
const SPARE_BYTES = 32 * 1024;
/** The journal grows fourfold while it is smaller than a quarter of the file. */
const GROWTH = 4;
/** A disk that had no room for that is asked again once the file has changed by such a share. */
const ASK_AGAIN = 8;
/** A compact file has a journal of at most so small a share of what else it holds. */
const SHARE = 16;

/** The size of a file's journal. */
export class JournalSize {
  readonly #parts: FileParts;
  readonly #restart: () => Promise<void>;
  /** The journal does not grow with a file that is about to shrink. */
  isCompacting = false;
  /** How many pages the file had when the disk had no room for a journal that was to be larger. */
  #refusedPageCount = 0;

  /** @param restart Begins the journal anew where the root says that it stands. */
  constructor(parts: FileParts, restart: () => Promise<void>) {
    this.#parts = parts;
    this.#restart = restart;
  }

  /**
   * The first page that the journal may have: those before it are of the table of an empty file.
   * When the file is emptied they are written while a recovery would still need the journal.
   */
  get from(): number {
    return firstPages(this.#parts.firstDepth).journalPage;
  }

  /** Tells whether the journal has room for a call that logs up to `needBytes`. */
  hasRoom(needBytes: number): boolean {
    const { journal } = this.#parts;
    return journal.usedBytes + this.#logBytes(needBytes) <= journal.capacity;
  }

  /** How many pages the journal should have for a call that waits, or 0 where it has enough. */
  wanted(needBytes: number): number {
    const { journal, map } = this.#parts;
    let wanted = this.#needed(needBytes);
    const isSmall = map.pageCount > wanted * GROWTH && wanted < JOURNAL_PAGES_MAX;
    if (isSmall && !this.isCompacting && !this.#isRefused) {
      wanted = Math.min(wanted * GROWTH, JOURNAL_PAGES_MAX);
    }
    wanted = Math.min(wanted, PAGES_A_MAP - 1);
    return wanted > journal.capacity / PAGE_BYTES ? wanted : 0;
  }

  /**
   * Gives the journal so many pages, where the disk has room for them.
   *
   * @param needBytes What the call that waits for it may log.
   * @param refuse Told, before anything else happens, if that call cannot do without.
   */
  async grow(
    pages: number,
    needBytes: number,
    refuse: (error: KvError) => void,
  ): Promise<void> {
    const { map } = this.#parts;
    // Behind the end of a file that is made smaller: in a gap before it, it would take the place of
    // the long value whose move it is to log.
    if (this.isCompacting && this.#reserve(pages, map.pageCount) === null) {
      return await this.#move(pages, map.pageCount);
    }
    const refusal = this.#reserve(pages, this.from);
    if (refusal === null) return await this.#move(pages, this.from);
    // What would only be better larger is left as it is, and then what a call needs is tried.
    if (pages > this.#needed(needBytes)) this.#refusedPageCount = map.pageCount;
    // For the other calls the journal is large enough.
    else if (!this.#admitsAlone(needBytes)) refuse(refusal);
  }

  /** Makes a journal smaller that has more than a sixteenth of what else the file holds. */
  async shrink(): Promise<void> {
    const { journal, map } = this.#parts;
    const before = journal.capacity / PAGE_BYTES;
    const others = map.pageCount - map.freeCount - before;
    const least = Math.max(JOURNAL_PAGES_MIN, this.#pagesFor(0));
    let pages = before;
    while (pages >>> 1 >= least && pages * SHARE > others) pages >>>= 1;
    if (pages < before && this.#reserve(pages, this.from) === null) {
      await this.#move(pages, this.from);
    }
  }

  /** Moves the journal to the first place that is large enough, if that is before its own. */
  async lower(): Promise<void> {
    const { journal, map } = this.#parts;
    const pages = journal.capacity / PAGE_BYTES;
    if (map.findLower(journal.page, pages, this.from) > 0) await this.#move(pages, this.from);
  }

  /** Reserves the room for a journal of so many pages; returns why there is none, or `null`. */
  #reserve(pages: number, from: number): KvError | null {
    try {
      this.#parts.map.reserve(1, pages, from);
      return null;
    } catch (error) {
      if (error instanceof KvError && error.code === "full") return error;
      throw error;
    }
  }

  /** Moves the journal to the first pages from `from` on that are free. No call may start. */
  async #move(pages: number, from: number): Promise<void> {
    const { journal, map, root } = this.#parts;
    const page = map.takeRun(pages, from);
    map.free(journal.page, journal.capacity / PAGE_BYTES);
    root.set(ROOT.journalPageAt, page, pages);
    await this.#restart();
  }

  /** How large the journal must be for the call that waits for it. */
  #needed(needBytes: number): number {
    const least = this.#pagesFor(needBytes);
    let needed = this.#parts.journal.capacity / PAGE_BYTES;
    while (needed < least) needed *= 2;
    return needed;
  }

  #pagesFor(needBytes: number): number {
    return Math.ceil((2 * this.#logBytes(needBytes)) / PAGE_BYTES);
  }

  /** Tells whether the journal, when it is empty, has room for a call. */
  #admitsAlone(needBytes: number): boolean {
    const least = JOURNAL.headBytes + JOURNAL.alignBytes;
    return least + this.#logBytes(needBytes) <= this.#parts.journal.capacity;
  }

  /** Whether the disk had no room for a larger journal, and the file is about what it was then. */
  get #isRefused(): boolean {
    const change = Math.abs(this.#parts.map.pageCount - this.#refusedPageCount);
    return change * ASK_AGAIN < this.#refusedPageCount;
  }

  /**
   * The most that a call may need of the journal, now or for the pages that it makes dirty: two
   * checkpoints log their sums, and a recovery those of all pages that the journal has changes of.
   * Without room for that, what a crash leaves could never be opened.
   */
  #logBytes(needBytes: number): number {
    const { pager, table } = this.#parts;
    const pages = needBytes / PAGE_BYTES;
    const sums = 2 * (pager.dirtyCount + pages) + pager.journaledCount + pages;
    return needBytes + sums * SUM_BYTES + table.growthBytes + SPARE_BYTES;
  }
}
