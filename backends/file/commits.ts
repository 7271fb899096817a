/**
 * When the promise of a change resolves: all changes of one turn of the event loop leave as one
 * record, and their calls are settled together once it is as safe as the durability asks.
 *
 * - `"process"`: the kernel has the record. It is on the medium within a second.
 * - `"power"`: the medium has it. Calls that arrive while the medium is waited for share the next
 *   time. Where waiting is short (a medium with a cache that survives), it is done in place: to
 *   hand it to a thread and come back would take as long again.
 */

import type { Clock } from "../../internal/clock.ts";
import { KvError } from "../../kv/errors.ts";
import type { Turns } from "../../internal/turns.ts";
import type { FileParts } from "./file_parts.ts";

/** What a resolved promise stands for. */
export type Durability = "process" | "power";

const BACKGROUND_SYNC_MS = 500;
/** Waiting for the medium in place is well spent up to here. */
const SHORT_SYNC_MS = 0.5;

const BACKGROUND = { background: true };

interface Call {
  resolve(): void;
  reject(error: unknown): void;
}

/** The commits of a file. */
export class Commits {
  readonly #parts: FileParts;
  readonly #durability: Durability;
  readonly #clock: Clock;
  readonly #turns: Turns;
  readonly #fail: (error: unknown) => void;
  #calls: Call[] = [];
  #runningSync: Promise<void> | null = null;
  #waitingSync: Promise<void> | null = null;
  #cancelTimer: (() => void) | null = null;
  #lastSyncMs = Infinity;
  #isAbandoned = false;

  /**
   * @param turns Asked when calls begin to wait, so that timers have their turn.
   * @param fail Told of what the disk failed to do: no call may change anything any more.
   */
  constructor(
    parts: FileParts,
    durability: Durability,
    clock: Clock,
    turns: Turns,
    fail: (error: unknown) => void,
  ) {
    this.#parts = parts;
    this.#durability = durability;
    this.#clock = clock;
    this.#turns = turns;
    this.#fail = fail;
  }

  /** Resolves with `value` once what was logged so far is safe. */
  add<T>(value: T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#calls.push({ resolve: () => resolve(value), reject }) > 1) return;
      // Timers and sockets have their turn before the calls of a long loop are settled.
      if (this.#turns.isDue()) this.#turns.next().then(this.flush);
      else queueMicrotask(this.flush);
    });
  }

  /** Hands what was logged to the kernel, and settles its calls as soon as may be. */
  readonly flush = (): void => {
    // A change that failed half-way may have been logged: that must never be written.
    if (this.#isAbandoned) return;
    const calls = this.#calls;
    const { journal, root } = this.#parts;
    if (calls.length > 0) this.#calls = [];
    // Only the first call of a batch asks.
    this.#turns.count(calls.length);
    try {
      root.logCounters();
      journal.flush();
    } catch (error) {
      return this.#reject(calls, error);
    }
    if (journal.synced === journal.head) return this.#settle(calls);
    if (this.#durability === "power") return this.#settleSynced(calls);
    this.#settle(calls);
    this.#cancelTimer ??= this.#clock.after(BACKGROUND_SYNC_MS, this.#syncLater, BACKGROUND);
  };

  /** Does what `flush` does, and throws where that is no longer possible. */
  readonly mustFlush = (): void => {
    this.flush();
    if (this.#isAbandoned) throw new KvError("io", "Cannot go on with a file that was given up");
  };

  /** Waits, off the event loop, until the medium has everything handed to the kernel so far. */
  sync(): Promise<void> {
    if (this.#waitingSync !== null) return this.#waitingSync;
    if (this.#runningSync === null) return this.#startSync();
    return this.#waitingSync = this.#runningSync.then(() => {
      this.#waitingSync = null;
      return this.#startSync();
    });
  }

  /** Rejects the calls that wait, for the file is given up. */
  abandon(error: unknown): void {
    this.#isAbandoned = true;
    this.stop();
    const calls = this.#calls;
    this.#calls = [];
    for (const call of calls) call.reject(error);
  }

  /** Stops what is planned for later. */
  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  readonly #syncLater = (): void => {
    this.#cancelTimer = null;
    this.sync().catch(this.#fail);
  };

  #startSync(): Promise<void> {
    const { journal, storage } = this.#parts;
    const { head } = journal;
    const startMs = performance.now();
    return this.#runningSync = storage.sync().then(() => {
      this.#lastSyncMs = performance.now() - startMs;
      this.#runningSync = null;
      journal.markSynced(head);
    }, (error) => {
      this.#fail(error);
      throw error;
    });
  }

  #settleSynced(calls: readonly Call[]): void {
    if (this.#runningSync !== null || this.#lastSyncMs > SHORT_SYNC_MS) {
      this.sync().then(() => this.#settle(calls), (error) => this.#reject(calls, error));
      return;
    }
    const { journal, storage } = this.#parts;
    const startMs = performance.now();
    try {
      storage.syncNow();
    } catch (error) {
      return this.#reject(calls, error);
    }
    this.#lastSyncMs = performance.now() - startMs;
    journal.markSynced(journal.head);
    this.#settle(calls);
  }

  #settle(calls: readonly Call[]): void {
    for (const call of calls) call.resolve();
  }

  #reject(calls: readonly Call[], error: unknown): void {
    this.#fail(error);
    for (const call of calls) call.reject(error);
  }
}
