/**
 * Watches a connection that owes an answer: one that stays silent for too long is dead.
 *
 * Silence is counted in looks, not read from a clock: an event loop that was held up is one late
 * look, and the server has its say before the next. A server that takes what it is sent is not
 * silent, so a slow upload is none; but the system takes new bytes for a frozen server as well,
 * which is why only writes that were under way before count.
 */

import { TIMER_MS_MAX } from "../../internal/clock.ts";
import { LOOKS } from "./countdown.ts";

/** What the watch asks of its connection, and tells it. */
export interface SilenceHooks {
  /** Tells whether something that was sent has no answer. */
  readonly owesAnswer: () => boolean;
  /** It was silent for too long. */
  readonly onSilent: () => void;
}

/** The watch over one connection. */
export class SilenceWatch {
  readonly #hooks: SilenceHooks;
  #timeoutMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Looks since it was last heard, or began to owe an answer. */
  #silentLooks = 0;
  /** Writes that were under way then, and are still. */
  #oldWrites = 0;

  constructor(timeoutMs: number, hooks: SilenceHooks) {
    this.#timeoutMs = timeoutMs;
    this.#hooks = hooks;
  }

  /** An answer is owed from now on. */
  start(): void {
    this.#silentLooks = 0;
    if (this.#timer === undefined) this.#lookLater();
  }

  /** What it is owed for was given to the socket, which has `writeCount` writes to do now. */
  noteWrites(writeCount: number): void {
    this.#oldWrites = writeCount;
  }

  /** Something came, while the socket had `writeCount` writes to do. */
  heard(writeCount: number): void {
    this.#silentLooks = 0;
    this.#oldWrites = writeCount;
  }

  /** The oldest write is done. */
  written(): void {
    if (this.#oldWrites === 0) return;
    this.#oldWrites--;
    this.#silentLooks = 0;
  }

  /** Allows `timeoutMs` of silence from now on. */
  allow(timeoutMs: number): void {
    this.#timeoutMs = timeoutMs;
    this.stop();
    if (this.#hooks.owesAnswer()) this.start();
  }

  /** Looks no more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #lookLater(): void {
    const ms = Math.ceil(this.#timeoutMs / LOOKS);
    this.#timer = setTimeout(() => this.#look(), Math.min(ms, TIMER_MS_MAX));
  }

  #look(): void {
    this.#timer = undefined;
    if (!this.#hooks.owesAnswer()) return;
    if (++this.#silentLooks > LOOKS) this.#hooks.onSilent();
    else this.#lookLater();
  }
}
