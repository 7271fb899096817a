/**
 * What keeps a file in shape behind the calls: checkpoints, a journal that grows with the store, an
 * emptied file that is cut; and, by the sweeper, keys and lists that are freed.
 *
 * One thing runs at a time. Each is done in steps of a millisecond or two, and waits for the medium
 * off the event loop.
 */

import { assert } from "../../internal/assert.ts";
import type { Clock } from "../../internal/clock.ts";
import { closedError, type KvError } from "../../kv/errors.ts";
import { Checkpoint } from "./checkpoint.ts";
import type { Commits } from "./commits.ts";
import type { Engine } from "./engine.ts";
import { type FileParts, firstPages, formatFile, type OpenedFile } from "./file_parts.ts";
import { Gate } from "./gate.ts";
import { JournalSize } from "./journal_size.ts";
import { Sweeper } from "./sweeper.ts";

/** An empty file is cut to its first size once it is more than this many times as large. */
const EMPTY_FACTOR = 2;
/** The most that is cut off the file at once. */
const CUT_BYTES = 16 * 2 ** 20;
/** What an empty file logs for each of its pages, at most. */
const FIRST_PAGE_LOG_BYTES = 64;

/** The upkeep of a file. */
export class Upkeep {
  readonly #opened: OpenedFile;
  readonly #parts: FileParts;
  readonly #commits: Commits;
  readonly #checkpoint: Checkpoint;
  readonly #journalSize: JournalSize;
  readonly #fail: (error: unknown) => unknown;
  readonly gate: Gate;
  readonly sweeper: Sweeper;
  #isBusy = false;
  /** Settles when what is under way is done. */
  #running: Promise<void> = Promise.resolve();
  /** Calls may not start: the file is being rearranged. */
  #isPaused = false;
  #isStopped = false;
  /** Who waits for what is under way. That ends soon then, though calls wait for more of it. */
  #waitingCount = 0;

  constructor(
    opened: OpenedFile,
    engine: Engine,
    commits: Commits,
    clock: Clock,
    fail: (error: unknown) => unknown,
  ) {
    this.#opened = opened;
    this.#parts = opened.parts;
    this.#commits = commits;
    this.#fail = fail;
    this.#checkpoint = new Checkpoint(opened, commits.mustFlush, () => commits.sync());
    this.#journalSize = new JournalSize(opened.parts, () => this.#checkpoint.restart());
    this.gate = new Gate((needBytes) => this.#admits(needBytes), () => this.#start());
    this.sweeper = new Sweeper(engine, clock, {
      // Beside a long call that holds the gate: one may follow the other for hours.
      isOpen: (needBytes) => !this.gate.isBlocked && this.gate.hasRoom(needBytes),
      flush: () => this.#flushSweep(),
      fail,
    });
  }

  /** Makes the opened file one in use. */
  async open(): Promise<void> {
    await this.#checkpoint.restart({ position: this.#opened.position });
    this.sweeper.plan();
  }

  /** Looks after a change whether there is something to do. */
  check(): void {
    if (this.#isDue()) this.#start();
    this.sweeper.check();
  }

  /** Brings everything to its place; nothing may change any more. */
  async close(): Promise<void> {
    this.stop();
    while (this.#isBusy) await this.#running;
    await this.#occupy(async () => {
      if (this.#isEmptied()) {
        await this.#checkpoint.run();
        await this.#empty();
        await this.#truncate();
      }
      await this.#checkpoint.restart({ isClean: true });
    });
  }

  /** Waits until nothing is under way. */
  async idle(): Promise<void> {
    while (this.#isBusy) await this.#running;
  }

  /** Starts nothing any more. */
  stop(): void {
    this.#isStopped = true;
    this.sweeper.stop();
  }

  /**
   * Runs `work` while no call may start and no checkpoint runs.
   *
   * @throws {KvError} `closed` if the file was closed meanwhile.
   */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    // In one piece with what follows: between the end of the waiting and it nothing may begin.
    this.#waitingCount++;
    while (this.#isBusy) await this.#running;
    this.#waitingCount--;
    this.#commits.mustFlush();
    if (this.#isStopped) throw closedError();
    return await this.#occupy(() => this.#paused(work));
  }

  /**
   * Tells whether the file is larger than an empty one needs to be, and can be emptied at once. It
   * cannot if it was made for a smaller table, and its journal is where the larger one would go.
   */
  get isOversized(): boolean {
    const { firstDepth, journal, map } = this.#parts;
    return journal.page >= this.#journalSize.from &&
      map.pageCount > EMPTY_FACTOR * firstPages(firstDepth).pageCount;
  }

  /** Counts the most bytes that `empty` logs. */
  get emptyBytes(): number {
    return firstPages(this.#parts.firstDepth).pageCount * FIRST_PAGE_LOG_BYTES;
  }

  /** Empties the store at once, for a call that holds the gate and has room for `emptyBytes`. */
  async empty(): Promise<void> {
    await this.#rearrange(async () => {
      await this.#checkpoint.run(); // a sweep may have taken of the room meanwhile
      await this.#empty();
    });
    await this.#shorten();
  }

  /** Runs a compaction: `move` frees the end of the file, which is cut off then. */
  async compact(move: () => Promise<void>): Promise<void> {
    this.#journalSize.isCompacting = true;
    try {
      await this.#rearrange(() => this.#journalSize.shrink());
      await move();
      // It may have grown, for a long value that moved.
      await this.#rearrange(() => this.#journalSize.shrink());
      await this.#cut();
    } finally {
      this.#journalSize.isCompacting = false;
    }
  }

  /** Runs `work` alone; if it fails half-way, the file is given up. */
  #rearrange(work: () => Promise<void>): Promise<void> {
    return this.alone(async () => {
      try {
        await work();
      } catch (error) {
        throw this.#fail(error);
      }
    });
  }

  /** Runs something that nothing else of the upkeep may run beside. */
  #occupy<T>(work: () => Promise<T>): Promise<T> {
    assert(!this.#isBusy);
    this.#isBusy = true;
    const done = (async () => {
      try {
        return await work();
      } finally {
        // At once: who is blocked from now on must find that it can start the upkeep.
        this.#isBusy = false;
        this.gate.pass();
        // What came meanwhile may have no call after it that would look.
        if (this.#isDue()) this.#start();
      }
    })();
    this.#running = done.then(() => {}, () => {});
    return done;
  }

  /** Tells whether a checkpoint is due, or the file to be made small. */
  #isDue(): boolean {
    const { journal, pager } = this.#parts;
    return journal.usedBytes > journal.capacity / 2 || pager.dirtyCount > pager.countMax / 2 ||
      this.#isEmptied();
  }

  #admits(needBytes: number): boolean {
    if (this.#isPaused) return false;
    if (needBytes === 0) return true;
    const { pager } = this.#parts;
    return this.#journalSize.hasRoom(needBytes) && pager.dirtyCount <= pager.countMax;
  }

  #start(): void {
    if (this.#isBusy || this.#isStopped || this.#waitingCount > 0) return;
    // Given up before anybody is told to start it anew.
    this.#occupy(() => this.#run().catch(this.#fail));
  }

  async #run(): Promise<void> {
    do {
      await this.#checkpoint.run();
      const pages = this.#journalSize.wanted(this.gate.neededBytes);
      if (this.#isEmptied() && this.#admits(this.emptyBytes)) {
        await this.#paused(() => this.#empty());
        await this.#truncate();
      } else if (pages > 0) await this.#paused(() => this.#growJournal(pages));
      this.gate.pass();
    } while (this.gate.isBlocked && !this.#isStopped && this.#waitingCount === 0);
  }

  async #paused<T>(work: () => Promise<T>): Promise<T> {
    this.#isPaused = true;
    try {
      return await work();
    } finally {
      this.#isPaused = false;
    }
  }

  #growJournal(pages: number): Promise<void> {
    const refuse = (error: KvError): void => this.gate.rejectFirst(error);
    return this.#journalSize.grow(pages, this.gate.neededBytes, refuse);
  }

  #isEmptied(): boolean {
    return this.#parts.root.entries === 0 && this.isOversized;
  }

  /** Makes a store as small as it began, and forgets what it holds. */
  async #empty(): Promise<void> {
    const { map, pager } = this.#parts;
    this.#commits.flush();
    formatFile(this.#parts);
    pager.cut(map.pageCount);
    await this.#checkpoint.restart();
    map.giveRoom();
  }

  /**
   * Cuts the file to its room, a piece at a time: a file system takes long to cut off much. Unless
   * one of them holds the gate, calls go on meanwhile, and may need more room again.
   */
  async #truncate(): Promise<void> {
    const { map, storage } = this.#parts;
    for (let size = storage.size(); size > map.roomBytes; size = storage.size()) {
      storage.truncate(Math.max(map.roomBytes, size - CUT_BYTES));
      if (size - CUT_BYTES > map.roomBytes) await this.#commits.sync();
    }
  }

  /** Truncates after a change of the whole file, while nothing else of the upkeep runs. */
  async #shorten(): Promise<void> {
    this.#waitingCount++;
    while (this.#isBusy) await this.#running;
    this.#waitingCount--;
    if (this.#isStopped) return; // what is left goes with the next compaction
    try {
      await this.#occupy(() => this.#truncate());
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Cuts off what is free at the end of the file, the journal out of the way first. */
  async #cut(): Promise<void> {
    await this.#rearrange(async () => {
      const { map, pager } = this.#parts;
      await this.#journalSize.lower();
      map.cut(map.countUsed());
      pager.cut(map.pageCount);
      await this.#checkpoint.restart();
      map.giveRoom();
    });
    await this.#shorten();
  }

  #flushSweep(): void {
    this.#commits.flush();
    this.#parts.pager.trim();
    this.check();
  }
}
