/**
 * How calls run on a file: when each may start, what happens if it fails, and when its promise
 * resolves.
 *
 * A change happens in memory in the turn in which it is asked for, so the turn of the event loop is
 * the lock. Reading sees it at once. If the disk fails, or a change fails half-way, what was not
 * settled is rejected, and nothing is done any more: what is in memory may not be in the file.
 */

import type { Clock } from "../../internal/clock.ts";
import { Turns } from "../../internal/turns.ts";
import { closedError, KvCorruptError, KvError } from "../../kv/errors.ts";
import type { Durability } from "../../kv/options.ts";
import { Commits } from "./commits.ts";
import type { Engine } from "./engine.ts";
import { isDiskFailure } from "./faults.ts";
import type { FileParts, OpenedFile } from "./file_parts.ts";
import type { Gate } from "./gate.ts";
import { Upkeep } from "./upkeep.ts";

/** Once this much is logged, it goes to the kernel before the turn ends. */
const BATCH_BYTES = 256 * 1024;
/** A batch of at most this many keys, which logs at most this much, runs in one turn. */
const AT_ONCE_MAX = 128;
const AT_ONCE_BYTES_MAX = 2 ** 20;

/** What the calls of a file are made with. */
export interface CallSettings {
  readonly durability: Durability;
  readonly clock: Clock;
  /** Told when the file is given up. */
  readonly onFailure: (makeError: () => Error) => void;
}

/** The calls of a file. */
export class Calls {
  readonly #parts: FileParts;
  readonly #turns = new Turns();
  readonly #commits: Commits;
  readonly #upkeep: Upkeep;
  readonly #gate: Gate;
  readonly #onFailure: (makeError: () => Error) => void;
  /** Why the file was given up, or `null`. */
  #failure: unknown = null;
  #closing: Promise<void> | null = null;

  constructor(opened: OpenedFile, engine: Engine, settings: CallSettings) {
    const { durability, clock, onFailure } = settings;
    this.#parts = opened.parts;
    this.#onFailure = onFailure;
    const fail = (error: unknown): unknown => this.#fail(error);
    this.#commits = new Commits(opened.parts, durability, clock, this.#turns, fail);
    this.#upkeep = new Upkeep(opened, engine, this.#commits, clock, fail);
    this.#gate = this.#upkeep.gate;
  }

  /** Makes the opened file one in use. */
  async open(): Promise<void> {
    await this.#upkeep.open();
    if (this.#failure !== null) throw this.#failure;
  }

  /** Tells whether a call that logs up to `needBytes` would start at once. */
  isOpen(needBytes: number): boolean {
    return this.#gate.isOpen(needBytes);
  }

  /** Starts a call when it is its turn: at once, unless calls before it wait. */
  start<T>(needBytes: number, start: () => Promise<T>): Promise<T> {
    this.checkUse();
    return this.isOpen(needBytes) ? start() : this.#gate.wait(needBytes, start);
  }

  /** Starts a call that is one piece of work. */
  call<T>(needBytes: number, work: () => T): Promise<T> {
    this.checkUse();
    return this.isOpen(needBytes) ? this.perform(work) : this.#callLater(needBytes, work);
  }

  /** @throws {KvError} If calls are over: the file was closed, or given up. */
  checkUse(): void {
    if (this.#closing !== null) throw closedError();
    if (this.#failure !== null) throw this.#refusal();
  }

  /** Tells whether the journal has room for `needBytes`, whoever else waits for it. */
  hasRoom(needBytes: number): boolean {
    return this.#gate.hasRoom(needBytes);
  }

  /**
   * Does something in its turn, when there is room for `needBytes`.
   *
   * @param refuse Told in its place why there will be none: the disk is full, or calls are over.
   */
  whenRoom(needBytes: number, act: () => void, refuse: (error: unknown) => void): void {
    this.#gate.wait(needBytes, () => Promise.resolve(act())).catch(refuse);
  }

  /** Does the work of a call, and resolves when what it changed is safe. */
  perform<T>(work: () => T): Promise<T> {
    const { journal } = this.#parts;
    const before = journal.pendingBytes;
    const result = this.run(work);
    if (journal.pendingBytes === before) return this.#turns.settle(result);
    const settled = this.#commits.add(result);
    this.#tidy();
    return settled;
  }

  /** Does a piece of work. If it fails half-way, or the disk does, the file is given up. */
  run<T>(work: () => T): T {
    const { journal, pager } = this.#parts;
    const before = journal.pendingBytes;
    try {
      return work();
    } catch (error) {
      if (!isDiskFailure(error) && journal.pendingBytes === before) throw error;
      throw this.#fail(error);
    } finally {
      pager.trim();
    }
  }

  /** Does a piece of work for each item: in one turn where they are few, and in their order. */
  each<I, R>(items: readonly I[], needOf: (item: I) => number, work: (item: I) => R): Promise<R[]> {
    const needs = items.map(needOf);
    const needBytes = needs.reduce((sum, need) => sum + need, 0);
    if (items.length <= AT_ONCE_MAX && needBytes <= AT_ONCE_BYTES_MAX) {
      return this.start(needBytes, () => this.#performEach(items, work));
    }
    return this.hold(async () => {
      const results: R[] = [];
      for (let i = 0; i < items.length; i++) {
        while (!this.canStep(needs[i]!)) await this.untilStep(needs[i]!);
        results.push(this.run(() => work(items[i]!)));
      }
      return results;
    });
  }

  /** Makes a long call of many steps: no other one starts meanwhile. */
  hold<T>(work: () => Promise<T>): Promise<T> {
    return this.start(0, async () => {
      this.#gate.hold();
      try {
        const result = await work();
        if (this.#failure !== null) throw this.#refusal();
        const settled = this.#commits.add(result);
        this.#tidy();
        return await settled;
      } finally {
        this.#commits.flush();
        this.#gate.letGo();
      }
    });
  }

  /** Tells whether a long call may do its next step, at once: nothing may come between. */
  canStep(needBytes: number): boolean {
    if (this.#failure !== null) throw this.#refusal();
    return this.#gate.hasRoom(needBytes) && !this.#turns.isDue();
  }

  /** Waits, in a long call, until its next step may be possible. */
  async untilStep(needBytes: number): Promise<void> {
    this.#tidy();
    await this.#turns.next();
    // Of a file that was given up meanwhile nobody would say that there is room.
    if (this.#failure === null) await this.#gate.untilRoom(needBytes);
  }

  /** Plans to free a key some time after its deadline. */
  noteDeadline(deadlineMs: number): void {
    this.#upkeep.sweeper.note(deadlineMs);
  }

  /** Runs `work` while no call may start and no page is on its way to its place. */
  alone<T>(work: (turns: Turns) => Promise<T>): Promise<T> {
    return this.start(0, () => this.#upkeep.alone(() => work(this.#turns)));
  }

  /** Makes the file smaller: `move` frees its end, by calls of its own. */
  compact(move: () => Promise<void>): Promise<void> {
    return this.start(0, () => this.#upkeep.compact(move));
  }

  /** Whether the file is much larger than an empty one, and can be made that at once. */
  get canEmpty(): boolean {
    return this.#upkeep.isOversized;
  }

  /** Makes an empty file of this one, in a long call. */
  async empty(): Promise<void> {
    const { emptyBytes } = this.#upkeep;
    while (!this.canStep(emptyBytes)) await this.untilStep(emptyBytes);
    await this.#upkeep.empty();
  }

  /** Hands everything to the kernel, and waits until the medium has it. */
  sync(): Promise<void> {
    return this.start(0, () => {
      this.#commits.mustFlush();
      return this.#commits.sync();
    });
  }

  /** Ends the calls: those made so far are done, no other one starts, and the file is closed. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Ends what is planned and what is under way, and lets go of the file. */
  async end(): Promise<void> {
    this.#commits.stop();
    this.#upkeep.stop();
    // What is under way may still write, and the number of a closed file may be another's soon.
    await this.#upkeep.idle();
    await this.#commits.idle();
    this.#parts.storage.close();
  }

  // Apart from `call`, where the closure would cost each call a context.
  #callLater<T>(needBytes: number, work: () => T): Promise<T> {
    return this.#gate.wait(needBytes, () => this.perform(work));
  }

  async #close(): Promise<void> {
    try {
      if (this.#failure === null && !this.#gate.isOpen(0)) {
        await this.#gate.wait(0, () => Promise.resolve()).catch(() => {});
      }
      if (this.#failure === null) await this.#upkeep.close();
      // A sync in the background may have failed, and nobody has heard of it.
      else if (this.#commits.isBehind) throw this.#refusal();
    } catch (error) {
      throw this.#fail(error);
    } finally {
      await this.end();
    }
  }

  #performEach<I, R>(items: readonly I[], work: (item: I) => R): Promise<R[]> {
    const { journal } = this.#parts;
    const before = journal.pendingBytes;
    const results: R[] = [];
    try {
      for (const item of items) results.push(this.run(() => work(item)));
    } catch (error) {
      // What was done before stays done.
      this.#commits.flush();
      throw error;
    }
    if (journal.pendingBytes === before) return this.#turns.settle(results);
    const settled = this.#commits.add(results);
    this.#tidy();
    return settled;
  }

  /** Keeps a batch, and what is to be checkpointed, from growing too large. */
  #tidy(): void {
    if (this.#parts.journal.pendingBytes > BATCH_BYTES) this.#commits.flush();
    this.#upkeep.check();
  }

  #refusal(): KvError {
    const cause = this.#failure;
    const { path } = this.#parts;
    if (cause instanceof KvCorruptError) {
      return new KvCorruptError(path, cause.offset, "a change met damage here; open the file anew");
    }
    const found = "the disk failed, and what is in memory may not be in the file; open it anew";
    return new KvError("io", `Cannot use "${path}": ${found}`, { cause });
  }

  /** Gives the file up, unless it is already; returns why, for the call that met it. */
  #fail(error: unknown): unknown {
    if (this.#failure !== null) return this.#failure;
    const failure = this.#failure = asFinal(error);
    this.#upkeep.stop();
    this.#commits.abandon(failure);
    this.#gate.rejectAll(failure);
    this.#onFailure(() => this.#refusal());
    return failure;
  }
}

/**
 * The error that a file is given up for. Room is reserved before it is used, so only a medium that
 * copies on write is full by then; but no `full`, after which a store works on.
 */
function asFinal(error: unknown): unknown {
  if (!(error instanceof KvError) || error.code !== "full") return error;
  return new KvError("io", error.message, { cause: error });
}
