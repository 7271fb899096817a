/**
 * Calls that wait for an element: `BLPOP` and the like, each on a connection of its own.
 *
 * A call first asks without waiting, on the shared connection: so it keeps its place among the
 * calls around it. If nothing is there it blocks a connection of the pool, in slices, so that a
 * server that went away is noticed. Where the pool has none to lend, it asks again and again until
 * there is one. A string that comes to the key meanwhile does not end the wait.
 *
 * To end a wait early, another connection tells the server to unblock this one. Whatever the server
 * answers then is the outcome: an element that had come is never lost. Where there is no other
 * connection, the wait ends with its slice.
 */

import { onAbort } from "../../internal/aborts.ts";
import { TIMER_MS_MAX } from "../../internal/clock.ts";
import { closedError, KvConnectionError, KvError, KvServerError } from "../../kv/errors.ts";
import type { StoreWait } from "../../kv/store.ts";
import type { Reply } from "../../resp3/mod.ts";
import { LENGTH, UNBLOCK } from "./commands.ts";
import type { Pipeline } from "./pipeline.ts";
import type { Pool } from "./pool.ts";
import { NO_ARGUMENTS, Request } from "./request.ts";
import type { Session } from "./session.ts";

/** The longest that a connection is blocked at a time. */
const SLICE_MS_MAX = 10_000;
/** Between two asks where no connection is free, or a string stands where the array is to be. */
const ASK_AGAIN_MS = 50;
/** Between two tries to unblock: the first may have come before what it is to end. */
const UNBLOCK_AGAIN_MS = 10;
/** Refusals of a server that will soon do what it refused. */
const IN_A_MOMENT: ReadonlySet<string> = new Set(["BUSY", "LOADING"]);
/** How long `close` may take to end the waits, in times of `readTimeout`. */
const CLOSE_TIMES = 2;

/** What a call wants, in its two forms. Both answer the element as it is, or `null`. */
export interface Wanted {
  /** The key of the array that the element is taken from. */
  readonly from: string;
  /** The key of the array that it is put to; `null` where the caller alone gets it. */
  readonly to: string | null;
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
  /** The calls that wait, and what ends each. */
  readonly #running = new Map<AbortController, Promise<unknown>>();

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
  take(wanted: Wanted, { waitMs, signal }: StoreWait): Promise<Reply> {
    const stop = new AbortController();
    const stopListening = signal && onAbort(signal, () => stop.abort(signal.reason));
    const taking = this.#take(wanted, waitMs, stop.signal);
    this.#running.set(stop, taking);
    const leave = (): void => {
      this.#running.delete(stop);
      stopListening?.();
    };
    taking.then(leave, leave);
    return taking;
  }

  /** Ends all waits: those without an element reject with code `closed`. */
  async close(): Promise<void> {
    for (const stop of this.#running.keys()) stop.abort(closedError());
    // A server that does not answer any more cannot end them.
    const giveUpMs = Math.min(CLOSE_TIMES * this.#readTimeoutMs, TIMER_MS_MAX);
    const giveUp = setTimeout(() => this.#pool.close(), giveUpMs);
    await Promise.allSettled(this.#running.values());
    clearTimeout(giveUp);
    this.#pool.close();
  }

  async #take(wanted: Wanted, waitMs: number, stop: AbortSignal): Promise<Reply> {
    const untilMs = performance.now() + waitMs;
    let found = await this.#ask(wanted, stop);
    while (found === null) {
      stop.throwIfAborted();
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) return null;
      try {
        found = await this.#tryAgain(wanted, untilMs, stop);
      } catch (error) {
        await this.#passOver(error, wanted);
        // The string that is there would be refused again at once.
        await delay(Math.min(leftMs, ASK_AGAIN_MS), stop);
      }
    }
    return found;
  }

  /** Asks without waiting. What has not left yet is given up when `stop` aborts. */
  async #ask(wanted: Wanted, stop: AbortSignal): Promise<Reply> {
    const request = wanted.ask();
    const giveUp = (): void => this.#pipeline.giveUp(request, stop.reason);
    stop.addEventListener("abort", giveUp);
    try {
      const answer = this.#send<Reply>(request);
      if (stop.aborted) giveUp();
      return await answer;
    } finally {
      stop.removeEventListener("abort", giveUp);
    }
  }

  /** Waits for an element on a connection that is free, or for a moment where none is. */
  async #tryAgain(wanted: Wanted, untilMs: number, stop: AbortSignal): Promise<Reply> {
    const askAgain = delay(Math.min(untilMs - performance.now(), ASK_AGAIN_MS), stop);
    const session = await this.#lend(askAgain);
    if (session === null) {
      await askAgain;
      return await this.#ask(wanted, stop);
    }
    const leftMs = Math.max(1, untilMs - performance.now());
    if (stop.aborted) {
      // What came while the connection was made came before the abort.
      this.#pool.give(session);
      return await this.#ask(wanted, stop);
    }
    return await this.#block(session, wanted, Math.min(leftMs, SLICE_MS_MAX), stop);
  }

  /**
   * Passes over the refusal of an attempt after the first, where a string has come to the key to
   * take from: that does not end the wait. One at the key to put to does, and so does all else.
   */
  async #passOver(error: unknown, { from, to }: Wanted): Promise<void> {
    if (!isWrongType(error)) throw error;
    if (to === null) return;
    // The server does not say which of the two it means.
    const [isFrom, isTo] = await Promise.all([this.#holdsString(from), this.#holdsString(to)]);
    if (isTo && !isFrom) throw error;
  }

  async #holdsString(key: string): Promise<boolean> {
    try {
      await this.#send<number>(new Request(LENGTH, key, null, NO_ARGUMENTS, null));
      return false;
    } catch (error) {
      if (isWrongType(error)) return true;
      throw error;
    }
  }

  #send<R>(request: Request): Promise<R> {
    const answer = request.promise<R>();
    this.#pipeline.send(request);
    return answer;
  }

  /**
   * A connection, or `null` where none is to be had before `end`: asking over the shared one still
   * works. One that comes later is for the next.
   */
  #lend(end: Promise<void>): Promise<Session | null> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const settle = (session: Session | null): void => {
        if (isOver && session !== null) this.#pool.give(session);
        isOver = true;
        resolve(session);
      };
      void end.then(() => settle(null));
      this.#pool.take(this.#running.size).then(settle, (error) => {
        // No connection, or no permission to make one.
        if (error instanceof KvError || error instanceof TypeError) settle(null);
        else reject(error);
      });
    });
  }

  /** Blocks a connection; `null` where nothing came, or the connection was lost beforehand. */
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
    } catch (error) {
      if (error instanceof KvConnectionError && error.outcome === "not_sent") return null;
      throw error;
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
    { clientId, connection }: Session,
    answer: Promise<Reply>,
    isAnswered: () => boolean,
  ): Promise<void> {
    let request = new Request(UNBLOCK, null, clientId, NO_ARGUMENTS, null);
    // What has not left by then need not.
    const settle = (): void => this.#pipeline.giveUp(request, closedError());
    const settled = answer.then(settle, settle);
    let isTold = false;
    while (!isAnswered()) {
      try {
        // A server that has nothing to end has not read it yet, or is another than there.
        const isEnded = await this.#send<boolean>(request);
        if (isEnded && !isTold) connection.allowSilence(this.#readTimeoutMs); // it owes its answer
        isTold ||= isEnded;
      } catch (error) {
        if (error instanceof KvServerError) {
          // Not allowed, or not known: the wait ends with its slice.
          if (!IN_A_MOMENT.has(error.serverCode)) return;
        } else if (error instanceof KvError && error.code === "timeout") {
          // It has frozen, and would not answer here either.
          connection.allowSilence(this.#readTimeoutMs);
          return;
        }
        // That the shared connection is lost says nothing about this one: what comes on it until
        // its slice ends is an answer like any other.
      }
      await Promise.race([settled, delay(UNBLOCK_AGAIN_MS)]);
      request = new Request(UNBLOCK, null, clientId, NO_ARGUMENTS, null);
    }
  }
}

function isWrongType(error: unknown): boolean {
  return error instanceof KvError && error.code === "wrong_type";
}

/** Resolves after `ms`, or once `stop` is aborted. */
function delay(ms: number, stop?: AbortSignal): Promise<void> {
  if (stop?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      stop?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, Math.max(1, ms)); // the end may have come meanwhile
    stop?.addEventListener("abort", end);
  });
}
