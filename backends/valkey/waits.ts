/**
 * Calls that wait for an element: `BLPOP` and the like, each on a connection of its own.
 *
 * A call first asks without waiting, on the shared connection: so it keeps its place among the
 * calls around it. If nothing is there it blocks a connection of the pool, in slices, so that a
 * server that went away is noticed. Where all connections are lent, it asks again and again until
 * one is free.
 *
 * To end a wait early, another connection tells the server to unblock this one. Whatever the server
 * answers then is the outcome: an element that had come is never lost.
 */

import { closedError } from "../../kv/errors.ts";
import type { StoreWait } from "../../kv/store.ts";
import { KvError } from "../../kv/errors.ts";
import type { Reply } from "../../resp3/mod.ts";
import { UNBLOCK } from "./commands.ts";
import type { Pipeline } from "./pipeline.ts";
import type { Pool } from "./pool.ts";
import { NO_ARGUMENTS, Request } from "./request.ts";
import type { Session } from "./session.ts";

/** The longest that a connection is blocked at a time. */
const SLICE_MS_MAX = 10_000;
/** Between two asks where no connection is free. */
const ASK_AGAIN_MS = 50;
/** Between two tries to unblock: the first may have come before what it is to end. */
const UNBLOCK_AGAIN_MS = 10;
/** So many times `readTimeout` may `close` take to end the waits. */
const CLOSE_TIMES = 2;

/** What a call wants, in its two forms. Both answer the element as it is, or `null`. */
export interface Wanted {
  /** Makes the request that does not wait. */
  readonly ask: () => Request;
  /** Makes the request that waits so long. */
  readonly block: (seconds: string) => Request;
}

/** The calls of one store that wait. */
export class Waits {
  readonly #pipeline: Pipeline;
  readonly #pool: Pool;
  readonly #readTimeoutMs: number;
  /** Aborted when the store is closed. */
  readonly #closed = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(pipeline: Pipeline, pool: Pool, readTimeoutMs: number) {
    this.#pipeline = pipeline;
    this.#pool = pool;
    this.#readTimeoutMs = readTimeoutMs;
  }

  /** How many wait. */
  get count(): number {
    return this.#running.size;
  }

  /** Takes an element, waiting for one; `null` if none came in time. */
  take(wanted: Wanted, wait: StoreWait): Promise<Reply> {
    const taking = this.#take(wanted, wait);
    this.#running.add(taking);
    const leave = (): void => void this.#running.delete(taking);
    taking.then(leave, leave);
    return taking;
  }

  /** Ends all waits: those without an element reject with code `closed`. */
  async close(): Promise<void> {
    this.#closed.abort(closedError());
    // A server that does not answer any more cannot end them.
    const giveUp = setTimeout(() => this.#pool.close(), CLOSE_TIMES * this.#readTimeoutMs);
    await Promise.allSettled(this.#running);
    clearTimeout(giveUp);
    this.#pool.close();
  }

  async #take(wanted: Wanted, { waitMs, signal }: StoreWait): Promise<Reply> {
    const untilMs = performance.now() + waitMs;
    const stop = signal === undefined
      ? this.#closed.signal
      : AbortSignal.any([signal, this.#closed.signal]);
    let found = await this.#send(wanted.ask());
    while (found === null) {
      stop.throwIfAborted();
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) return null;
      const session = await this.#lend();
      if (session === null) {
        await delay(Math.min(leftMs, ASK_AGAIN_MS), stop);
        found = await this.#askAgain(wanted);
      } else if (stop.aborted) {
        // What came while the connection was made came before the abort.
        this.#pool.give(session);
        found = await this.#askAgain(wanted);
      } else {
        found = await this.#block(session, wanted, Math.min(leftMs, SLICE_MS_MAX), stop);
      }
    }
    return found;
  }

  #send(request: Request): Promise<Reply> {
    const answer = request.promise<Reply>();
    this.#pipeline.send(request);
    return answer;
  }

  /** A string that has come to the key does not end the wait, as it does not end a blocked one. */
  async #askAgain(wanted: Wanted): Promise<Reply> {
    try {
      return await this.#send(wanted.ask());
    } catch (error) {
      if (error instanceof KvError && error.code === "wrong_type") return null;
      throw error;
    }
  }

  /** A connection, or `null` where none is to be had: asking over the shared one still works. */
  async #lend(): Promise<Session | null> {
    try {
      return await this.#pool.take();
    } catch {
      return null;
    }
  }

  async #block(
    session: Session,
    wanted: Wanted,
    ms: number,
    stop: AbortSignal,
  ): Promise<Reply> {
    if (!session.connection.isOpen) {
      this.#pool.give(session);
      return null;
    }
    const request = wanted.block((Math.max(1, ms) / 1000).toFixed(3));
    const answer = request.promise<Reply>();
    session.connection.allowSilence(ms + this.#readTimeoutMs);
    session.connection.send(request);
    let isAnswered = false;
    let unblocking: Promise<void> | undefined;
    const unblock = (): void => {
      unblocking = this.#unblock(session, answer, () => isAnswered);
    };
    stop.addEventListener("abort", unblock);
    try {
      return await answer;
    } finally {
      isAnswered = true;
      stop.removeEventListener("abort", unblock);
      // Not lent again before that is over: it would end the wait of another.
      await unblocking;
      this.#pool.give(session);
    }
  }

  /** Has the server end what the connection waits for. Never rejects. */
  async #unblock(
    { clientId }: Session,
    answer: Promise<Reply>,
    isAnswered: () => boolean,
  ): Promise<void> {
    const settled = answer.then(() => {}, () => {});
    while (!isAnswered()) {
      try {
        await this.#send(new Request(UNBLOCK, null, clientId, NO_ARGUMENTS, null));
      } catch {
        return; // not allowed, or no connection: the wait ends with its slice
      }
      await Promise.race([settled, delay(UNBLOCK_AGAIN_MS)]);
    }
  }
}

/** Resolves after `ms`, or sooner when `stop` aborts. */
function delay(ms: number, stop?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      stop?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    stop?.addEventListener("abort", end);
  });
}
