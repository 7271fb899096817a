/**
 * Connections for calls that block one: each is lent to one call at a time. They are opened when
 * asked for, up to a bound, and kept for the next.
 */

import type { CheckedValkeyOptions } from "../../kv/checked_options.ts";
import { Backoff } from "./backoff.ts";
import type { Loss } from "./connection.ts";
import { lostError, notSentError } from "./request.ts";
import { checkSession, openSession, type Session } from "./session.ts";
import type { ConnectSocket } from "./socket.ts";

/** Connections that are lent. */
export class Pool {
  readonly #options: CheckedValkeyOptions;
  readonly #connectSocket: ConnectSocket;
  readonly #idle: Session[] = [];
  readonly #open = new Set<Session>();
  #opening = 0;
  readonly #backoff = new Backoff();
  /** Aborts when the pool is closed. */
  readonly #ended = new AbortController();

  constructor(options: CheckedValkeyOptions, connectSocket: ConnectSocket) {
    this.#options = options;
    this.#connectSocket = connectSocket;
  }

  /**
   * Lends a connection.
   *
   * @param callers How many want one or have one: more connections than that are not opened.
   * @returns It, or `null` where there is none: all of them are lent (one fewer than `poolSize`,
   * whose first is shared by all plain calls), or to open one has failed a moment ago.
   */
  async take(callers: number): Promise<Session | null> {
    for (let session = this.#idle.pop(); session; session = this.#idle.pop()) {
      if (session.connection.isOpen) return session;
    }
    if (!this.#mayOpen(callers)) return null;
    this.#opening++;
    let session: Session | undefined;
    try {
      session = await openSession(this.#connectSocket, this.#options, {
        ended: this.#ended.signal,
        onRoom: () => {},
        onLost: (loss) => {
          if (session !== undefined) this.#onLost(session, loss);
        },
      });
      checkSession(session, this.#options);
      this.#open.add(session);
      this.#backoff.succeed();
      if (this.#ended.signal.aborted) session.connection.close();
      return session;
    } catch (error) {
      // Attempts that were under way together fail together, and that is one failure.
      if (this.#backoff.leftMs === 0) this.#backoff.fail();
      throw error;
    } finally {
      this.#opening--;
    }
  }

  /** Takes a connection back. Nothing may be in flight on it. */
  give(session: Session): void {
    if (session.connection.isOpen) this.#idle.push(session);
  }

  /** Ends all connections. */
  close(): void {
    this.#ended.abort();
    for (const { connection } of [...this.#open]) connection.close();
  }

  #mayOpen(callers: number): boolean {
    const count = this.#open.size + this.#opening;
    const countMax = Math.min(this.#options.poolSize - 1, callers);
    if (this.#ended.signal.aborted || count >= countMax) return false;
    // Where that fails, all who wait would try again and again: one of them does, now and then.
    return !this.#backoff.hasFailed || (this.#opening === 0 && this.#backoff.leftMs === 0);
  }

  #onLost(session: Session, loss: Loss): void {
    this.#open.delete(session);
    const at = this.#idle.indexOf(session);
    if (at !== -1) this.#idle.splice(at, 1);
    for (const request of loss.sent) {
      request.reject(lostError(request, loss, this.#options.readTimeout));
    }
    for (const request of loss.unsent) {
      request.reject(notSentError(request, "the connection was lost", loss.cause));
    }
  }
}
