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
import type { Turns } from "../../internal/turns.ts";
import type { Durability } from "../../kv/options.ts";
import type { FileParts } from "./file_parts.ts";

const BACKGROUND_SYNC_MS = 500;
/** Waiting for the medium in place is well spent up to here. */
const SHORT_SYNC_MS = 0.5;

const BACKGROUND = { background: true };

const RESOLVED = Promise.resolve();

/** The commits of a file. */
export class Commits {
  readonly #parts: FileParts;
  readonly #durability: Durability;
  readonly #clock: Clock;
  readonly #turns: Turns;
  readonly #fail: (error: unknown) => unknown;
  /** Counts the times that what was logged was handed to the kernel. */
  #flushCount = 0;
  /** When what was handed over is as safe as it has to be; `null` if it is. */
  #safe: Promise<void> | null = null;
  /** The last call that waits for the next flush, and what it resolves with. */
  #last: Promise<unknown> | null = null;
  #lastValue: unknown = null;
  #runningSync: Promise<void> | null = null;
  #waitingSync: Promise<void> | null = null;
  #cancelTimer: (() => void) | null = null;
  #lastSyncMs = Infinity;
  #isAbandoned = false;
  #error: unknown = null;

  /**
   * @param turns Asked when calls begin to wait, so that timers have their turn.
   * @param fail Told of what the disk failed to do: no call may change anything any more. Returns
   * what a call is to reject with.
   */
  constructor(
    parts: FileParts,
    durability: Durability,
    clock: Clock,
    turns: Turns,
    fail: (error: unknown) => unknown,
  ) {
    this.#parts = parts;
    this.#durability = durability;
    this.#clock = clock;
    this.#turns = turns;
    this.#fail = fail;
  }

  /**
   * Resolves with `value` once what was logged so far is safe. Calls of a turn that resolve with
   * the same share a promise.
   */
  add<T>(value: T): Promise<T> {
    if (this.#last === null || !Object.is(this.#lastValue, value)) return this.#addApart(value);
    this.#turns.count(1);
    return this.#last as Promise<T>;
  }

  /** Whether calls were settled whose changes the medium may not have. */
  get isBehind(): boolean {
    const { journal } = this.#parts;
    return this.#durability === "process" && journal.synced < journal.head;
  }

  /** Hands what was logged to the kernel. */
  readonly flush = (): void => {
    // A change that failed half-way may have been logged: that must never be written.
    if (this.#isAbandoned) return;
    const { journal, root } = this.#parts;
    this.#forgetLast();
    try {
      root.logCounters();
      journal.flush();
      this.#safe = this.#makeSafe();
      this.#flushCount++;
    } catch (error) {
      this.#fail(error);
    }
  };

  /** Does what `flush` does, and throws where that is no longer possible. */
  readonly mustFlush = (): void => {
    this.flush();
    if (this.#isAbandoned) throw this.#error;
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
    this.#error = error;
    this.#forgetLast();
    this.stop();
  }

  /** Stops what is planned for later. */
  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  /** Resolves once no sync is under way. */
  async idle(): Promise<void> {
    while (this.#runningSync !== null) await this.#runningSync.catch(() => {});
  }

  // Apart from `add`, where the closure would cost each call a context.
  #addApart<T>(value: T): Promise<T> {
    const flushCount = this.#flushCount;
    // Timers and sockets have their turn before the calls of a long loop are settled.
    const start = this.#turns.isDue() ? this.#turns.next() : RESOLVED;
    const settled = start.then(() => {
      // The first call of a turn flushes for all.
      if (this.#flushCount === flushCount) this.flush();
      if (this.#flushCount === flushCount) throw this.#error;
      return this.#safe === null ? value : this.#safe.then(() => value);
    });
    this.#last = settled;
    this.#lastValue = value;
    return settled;
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
      this.#runningSync = null;
      throw this.#fail(error);
    });
  }

  /** Sees to it that what was handed over becomes safe. */
  #makeSafe(): Promise<void> | null {
    const { journal, storage } = this.#parts;
    if (journal.synced === journal.head) return null;
    if (this.#durability === "process") {
      this.#cancelTimer ??= this.#clock.after(BACKGROUND_SYNC_MS, this.#syncLater, BACKGROUND);
      return null;
    }
    if (this.#runningSync !== null || this.#lastSyncMs > SHORT_SYNC_MS) {
      const synced = this.sync();
      // There may be no call that waits for it.
      synced.catch(() => {});
      return synced;
    }
    const startMs = performance.now();
    storage.syncNow();
    this.#lastSyncMs = performance.now() - startMs;
    journal.markSynced(journal.head);
    return null;
  }

  #forgetLast(): void {
    this.#last = this.#lastValue = null;
  }
}
