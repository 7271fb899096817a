/**
 * The connection that all plain commands share, and what happens while there is none.
 *
 * A request goes out at once while the connection has room; else it waits here, in order, so that
 * memory is bounded by what callers hold and not by what is encoded. When the connection is lost,
 * requests that were not sent wait for the next one, reads are sent again, and all others reject:
 * whether they took effect nobody knows, and doing them twice could be wrong.
 *
 * Nothing waits for ever: a request without a connection waits `connectTimeout` at most.
 */

import { TIMER_MS_MAX } from "../../internal/clock.ts";
import { Deque } from "../../internal/deque.ts";
import { Turns } from "../../internal/turns.ts";
import type { CheckedValkeyOptions } from "../../kv/checked_options.ts";
import { closedError } from "../../kv/errors.ts";
import { Backoff } from "./backoff.ts";
import type { Connection, Loss } from "./connection.ts";
import { LOOKS } from "./countdown.ts";
import { lostError, notSentError, outcomeUnknownError, type Request } from "./request.ts";
import { checkSession, hostAndPort, openSession } from "./session.ts";
import type { ConnectSocket } from "./socket.ts";

/** The most times that a read is sent: it may be what costs the connection. */
const SENDS_MAX = 3;
/** A connection that lasted this long was good, though nobody asked it anything. */
const GOOD_MS = 1_000;

/** The shared connection. */
export class Pipeline {
  readonly #options: CheckedValkeyOptions;
  readonly #connectSocket: ConnectSocket;
  #connection: Connection | null = null;
  /** Requests that wait for room or for a connection, the oldest first. */
  readonly #waiting = new Deque<Request>();

  /** The attempt to connect that is under way. */
  #attempt: Promise<void> | null = null;
  /** Whether there is, or is to be, a connection: not before `connect()` in manual mode. */
  #isWanted: boolean;
  #wasConnected = false;
  readonly #backoff = new Backoff();
  readonly #turns = new Turns();
  #connectedMs = 0;
  #lastFailure: unknown;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #lookTimer: ReturnType<typeof setTimeout> | undefined;
  /** Looks so far for those who have waited long enough. */
  #looks = 0;
  #closing: Promise<void> | null = null;
  #isClosing = false;
  /** Aborts when nobody wants a connection any more. */
  readonly #ended = new AbortController();
  #onDrained: (() => void) | null = null;

  #reconnects = 0;

  constructor(options: CheckedValkeyOptions, connectSocket: ConnectSocket) {
    this.#options = options;
    this.#connectSocket = connectSocket;
    this.#isWanted = options.connectMode !== "manual";
  }

  /** Connections made anew after one was lost. */
  get reconnects(): number {
    return this.#reconnects;
  }

  /** Requests without an answer. */
  get inFlight(): number {
    return this.#waiting.length + (this.#connection?.inFlight ?? 0);
  }

  /** Sends a request, or keeps it until it can be sent. */
  send(request: Request): void {
    const connection = this.#connection;
    if (this.#isClosing) return request.reject(closedError());
    if (connection !== null && this.#waiting.length === 0 && connection.hasRoom) {
      connection.send(request);
    } else {
      this.#keep(request);
    }
  }

  /** Rejects a request with `reason` if it has not left; else its answer is the outcome. */
  giveUp(request: Request, reason: unknown): void {
    if (!this.#waiting.remove(request)) return;
    request.reject(reason);
    if (this.#waiting.length === 0) this.#stopWatching();
  }

  /** Connects, unless there is a connection. Rejects if that fails. */
  async connect(): Promise<void> {
    if (this.#isClosing) throw closedError();
    this.#isWanted = true;
    if (this.#connection !== null) return;
    try {
      await this.#tryToConnect();
    } catch (error) {
      const { connectMode, reconnect } = this.#options;
      this.#isWanted = this.#wasConnected ? reconnect : connectMode !== "manual";
      if (this.#isWanted && (this.#wasConnected || this.#waiting.length > 0)) this.#retry();
      throw error;
    }
  }

  /** Answers what was sent, rejects what waits for a connection, and ends. */
  close(): Promise<void> {
    this.#isClosing = true;
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #keep(request: Request): void {
    request.own();
    if (this.#connection !== null) return this.#waiting.pushLast(request);
    if (!this.#isWanted) {
      const why = this.#wasConnected
        ? `the connection to ${hostAndPort(this.#options)} was lost`
        : "the store is not connected, call connect()";
      return this.#refuse(request, notSentError(request, why, this.#lastFailure));
    }
    if (this.#wasConnected && this.#waiting.length >= this.#options.offlineQueue) {
      return this.#refuse(request, this.#queueFull(request));
    }
    request.waitingSince = this.#looks;
    this.#waiting.pushLast(request);
    this.#watchWaiting();
    this.#retry(); // nothing else has begun to connect in lazy mode
  }

  /** Rejects a request at once, or in a turn: who tries again and again must let us connect. */
  #refuse(request: Request, error: Error): void {
    this.#turns.reject(error).catch(request.reject);
  }

  // --- Connected ---------------------------------------------------------------------------------

  /** Sends what waits as far as there is room. */
  #onRoom(): void {
    const connection = this.#connection;
    while (this.#waiting.length > 0 && connection?.hasRoom) {
      connection.send(this.#waiting.popFirst()!);
    }
    if (this.#onDrained !== null && this.inFlight === 0) this.#onDrained();
  }

  #onLost(loss: Loss): void {
    const { reconnect } = this.#options;
    const isOver = !reconnect || this.#isClosing;
    this.#connection = null;
    this.#lastFailure = loss.cause;
    // Else a server that greets and hangs up would be called again at once, for ever.
    const isGood = loss.hasAnswered || performance.now() - this.#connectedMs > GOOD_MS;
    if (isGood) this.#backoff.succeed();
    else this.#backoff.fail();
    const kept: Request[] = [];
    for (const request of loss.sent) {
      const isAgain = loss.reason === "closed" && request.command.isRepeatable && !isOver &&
        request.sendCount < SENDS_MAX;
      if (isAgain) kept.push(request);
      else request.reject(lostError(request, loss, this.#options.readTimeout));
    }
    kept.push(...loss.unsent);
    for (const request of kept.reverse()) {
      try {
        request.own();
        this.#waiting.pushFirst(request);
      } catch (error) {
        request.reject(error); // for want of memory
      }
    }
    if (isOver) this.#rejectWaiting();
    else this.#waitForConnection();
  }

  /** No connection will come: those who wait for one hear of it. */
  #rejectWaiting(): void {
    this.#isWanted = false;
    for (let request = this.#waiting.popFirst(); request; request = this.#waiting.popFirst()) {
      const error = !this.#isClosing ? this.#noConnection(request) : closedError();
      request.reject(error);
    }
    this.#onDrained?.();
  }

  // --- Not connected -----------------------------------------------------------------------------

  #waitForConnection(): void {
    while (this.#waiting.length > this.#options.offlineQueue) {
      const request = this.#waiting.popLast()!;
      request.reject(this.#queueFull(request));
    }
    for (let i = 0; i < this.#waiting.length; i++) this.#waiting.at(i)!.waitingSince = this.#looks;
    this.#watchWaiting();
    this.#retry();
  }

  /** Looks now and then for those who have waited long enough, and rejects them. */
  #watchWaiting(): void {
    if (this.#lookTimer !== undefined || this.#waiting.length === 0) return;
    const ms = Math.ceil(this.#options.connectTimeout / LOOKS);
    this.#lookTimer = setTimeout(() => {
      this.#lookTimer = undefined;
      if (this.#connection !== null) return;
      this.#looks++;
      for (let oldest = this.#waiting.at(0); oldest; oldest = this.#waiting.at(0)) {
        if (this.#looks - oldest.waitingSince <= LOOKS) break;
        this.#waiting.popFirst();
        oldest.reject(this.#noConnection(oldest));
      }
      this.#watchWaiting();
    }, Math.min(ms, TIMER_MS_MAX));
  }

  #stopWatching(): void {
    clearTimeout(this.#lookTimer);
    this.#lookTimer = undefined;
  }

  /** Tries to connect until it works, in the background: at once, then after longer and longer. */
  #retry(): void {
    // Many may ask for it at once, such as callers of connect() whose attempt has failed.
    const isUnderWay = this.#attempt !== null || this.#retryTimer !== undefined;
    if (isUnderWay || this.#connection !== null || this.#isClosing) return;
    const delayMs = this.#backoff.leftMs;
    if (delayMs === 0) return this.#tryInBackground();
    this.#retryTimer = setTimeout(() => this.#tryInBackground(), Math.ceil(delayMs));
    // A program may end while its store has no connection and nobody waits for one.
    if (this.#waiting.length === 0) (this.#retryTimer as { unref?(): void }).unref?.();
  }

  #tryInBackground(): void {
    this.#retryTimer = undefined;
    this.#tryToConnect().catch(() => {
      if (this.#isWanted) this.#retry();
    });
  }

  /** Makes one attempt; all who ask meanwhile share it. */
  #tryToConnect(): Promise<void> {
    this.#attempt ??= this.#open();
    return this.#attempt;
  }

  async #open(): Promise<void> {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    try {
      const session = await openSession(this.#connectSocket, this.#options, {
        ended: this.#ended.signal,
        onRoom: () => this.#onRoom(),
        onLost: (loss) => {
          // What is lost before it is ours is an attempt that fails.
          if (this.#connection !== null) this.#onLost(loss);
        },
      });
      checkSession(session, this.#options);
      this.#connection = session.connection;
    } catch (error) {
      this.#backoff.fail();
      this.#lastFailure = error;
      throw error;
    } finally {
      // Here and not when its promise settles: a loss must not meet an attempt that has succeeded.
      this.#attempt = null;
    }
    if (this.#isClosing && this.#waiting.length === 0) {
      this.#connection.close();
      throw closedError();
    }
    if (this.#wasConnected) this.#reconnects++;
    this.#wasConnected = true;
    this.#connectedMs = performance.now();
    this.#stopWatching();
    this.#onRoom();
  }

  async #close(): Promise<void> {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#lookTimer);
    // Calls made before may still have the connection that is being made.
    if (this.#waiting.length > 0) await this.#attempt?.catch(() => {});
    if (this.#connection === null) {
      this.#rejectWaiting();
      this.#ended.abort();
      await this.#attempt?.catch(() => {});
      return;
    }
    if (this.inFlight > 0) {
      await new Promise<void>((resolve) => this.#onDrained = resolve);
    }
    this.#onDrained = null;
    this.#connection?.close();
  }

  #noConnection(request: Request, more = ""): Error {
    const where = hostAndPort(this.#options);
    const failure = this.#lastFailure instanceof Error ? this.#lastFailure.message : "";
    const reason = failure.replace(`Cannot connect to ${where}: `, "");
    const because = reason === "" ? "" : ` (${reason})`;
    if (request.sendCount > 0) { // what was to be sent again has left before
      return outcomeUnknownError(request, this.#lastFailure, `, and there is none${because}`);
    }
    const why = `there is no connection to ${where}${because}${more}`;
    return notSentError(request, why, this.#lastFailure);
  }

  #queueFull(request: Request): Error {
    const { offlineQueue } = this.#options;
    return this.#noConnection(
      request,
      offlineQueue === 0 ? "" : `, and ${offlineQueue} calls wait for one`,
    );
  }
}
