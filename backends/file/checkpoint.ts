/**
 * Checkpoints: bringing changed pages to their places, so that the journal has room again.
 *
 * A page may reach its place only when the journal has, on the medium, all that changed in it, and
 * the sum it will have (by which recovery knows a torn page from a damaged one). So pages go in
 * groups: copied as they are at that moment, their sums logged, the journal synced, the copies
 * written. Calls go on meanwhile; a page that changes again is simply dirty again. When all pages
 * that were dirty at the start are on the medium, the header lets go of the journal up to the
 * start. A page that was freed meanwhile is not written, and there may be nothing good in its
 * place; but changes of it since the start are in the journal, and a recovery will play them. So
 * the journal says behind them that the page begins anew.
 *
 * A group takes one to two milliseconds of the event loop, and everything that waits for the medium
 * waits off it.
 */

import { assert } from "../../internal/assert.ts";
import type { FileParts, OpenedFile } from "./file_parts.ts";
import { encodeHeader } from "./header.ts";
import { HEADER_COPY_PAGE, HEADER_PAGE, PAGE_BYTES, ROOT } from "./layout.ts";

const GROUP_PAGES = 256;

/** Hands what was logged to the kernel, and settles the calls it came from. */
export type Flush = () => void;

/** Waits until all that was handed to the kernel is on the medium. */
export type Sync = () => Promise<void>;

/** How a journal begins anew. */
export interface RestartOptions {
  readonly position?: number;
  readonly isClean?: boolean;
}

/** A moment in the life of a file: where its journal was, and how often pages had become dirty. */
interface Moment {
  readonly position: number;
  readonly dirtiedCount: number;
}

/** Makes checkpoints of a file. */
export class Checkpoint {
  readonly #parts: FileParts;
  readonly #flush: Flush;
  readonly #sync: Sync;
  #sequence: number;
  readonly #trustedPage: number;
  #staging = new Uint8Array(0);

  constructor({ parts, sequence, headerPage }: OpenedFile, flush: Flush, sync: Sync) {
    this.#parts = parts;
    this.#sequence = sequence;
    this.#trustedPage = headerPage;
    this.#flush = flush;
    this.#sync = sync;
  }

  /** Brings every page that is dirty now to its place. Calls may go on meanwhile. */
  async run(): Promise<void> {
    const { pager, journal } = this.#parts;
    const start = await this.#writePages();
    const isQuiet = pager.dirtyCount === 0 && journal.pendingBytes === 0;
    const end = isQuiet ? { position: journal.head, dirtiedCount: pager.dirtiedCount } : start;
    await this.#writeHeaders(end.position, false);
    journal.release(end.position);
    pager.release(end.dirtiedCount);
  }

  /**
   * Does what `run` does while nothing changes, and begins the journal anew: where the root says,
   * empty.
   *
   * @param position Where it begins; past its head if not given.
   * @param isClean Whether the file is closed next.
   */
  async restart({ position, isClean = false }: RestartOptions = {}): Promise<void> {
    const { pager, journal, root } = this.#parts;
    await this.#writePages();
    assert(
      pager.dirtyCount === 0 && journal.pendingBytes === 0,
      "a file changes while it restarts",
    );
    const start = position ?? journal.head;
    await this.#writeHeaders(start, isClean);
    const page = root.get(ROOT.journalPageAt);
    journal.start({ page, pages: root.get(ROOT.journalPagesAt), position: start });
    pager.release(pager.dirtiedCount);
  }

  /** Brings dirty pages to the medium; tells where the changes since begin. */
  async #writePages(): Promise<Moment> {
    const { pager, journal } = this.#parts;
    this.#flush();
    const pages = pager.dirtyPages();
    // Pages that are dirty now may change again before they are copied, and do not count then.
    const start = { position: journal.head, dirtiedCount: pager.dirtiedCount - pages.length };
    for (let i = 0; i < pages.length; i += GROUP_PAGES) {
      await this.#writeGroup(pages.subarray(i, i + GROUP_PAGES));
    }
    await this.#sync();
    return start;
  }

  /**
   * Writes both copies of the header, one after the other, so that at any time one is good: the one
   * that the file was opened by comes last, for the other may be torn.
   */
  async #writeHeaders(position: number, isClean: boolean): Promise<void> {
    const { root, storage, hashKey } = this.#parts;
    const header = {
      hashKey,
      position,
      journalPage: root.get(ROOT.journalPageAt),
      journalPages: root.get(ROOT.journalPagesAt),
      isClean,
      sequence: ++this.#sequence,
    };
    const pages = [HEADER_PAGE, HEADER_COPY_PAGE];
    for (const page of this.#trustedPage === HEADER_PAGE ? pages.reverse() : pages) {
      storage.write(page * PAGE_BYTES, encodeHeader(header, page));
      await this.#sync();
    }
  }

  async #writeGroup(pages: Uint32Array): Promise<void> {
    const { pager, journal } = this.#parts;
    const staged: number[] = [];
    const bytes = pages.length * PAGE_BYTES;
    if (bytes > this.#staging.length) this.#staging = new Uint8Array(bytes);
    for (const page of pages) {
      if (!pager.isDirty(page)) {
        journal.logFree(page);
        continue;
      }
      const sum = pager.stage(page, this.#staging, staged.length * PAGE_BYTES);
      journal.logSum(page, sum);
      staged.push(page);
    }
    this.#flush();
    await this.#sync();
    this.#writeStaged(staged);
    for (const page of staged) pager.markWritten(page);
  }

  /** Writes the staged pages, neighbours in one go. */
  #writeStaged(pages: readonly number[]): void {
    for (let first = 0; first < pages.length;) {
      let end = first + 1;
      while (end < pages.length && pages[end] === pages[first]! + end - first) end++;
      const bytes = this.#staging.subarray(first * PAGE_BYTES, end * PAGE_BYTES);
      this.#parts.storage.write(pages[first]! * PAGE_BYTES, bytes);
      first = end;
    }
  }
}
