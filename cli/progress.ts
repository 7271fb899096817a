/**
 * How far a long command has come: a bar that is drawn anew on a terminal, a line now and then
 * elsewhere, and a sum in the end. All of it on standard error.
 */

import type { Progress } from "../transfer/piece.ts";
import { cyan, dim } from "./colours.ts";
import { print, type Sink } from "./terminal.ts";

const DRAW_MS = 100;
const LINE_MS = 5_000;
const BAR_LENGTH = 24;
const MS_A_SECOND = 1_000;
const ERASE_LINE = "\r\x1b[2K";
/** What is longer than the terminal is wide must not go on in a line that would stay. */
const NO_WRAP = "\x1b[?7l";
const WRAP = "\x1b[?7h";

const utf8 = new TextEncoder();

/** Shows the progress of one piece of work. */
export class ProgressBar {
  readonly #sink: Sink;
  readonly #verb: string;
  readonly #total: number | null;
  readonly #startMs = performance.now();
  #shownMs = this.#startMs;
  #isDrawn = false;

  /**
   * @param sink Where to show it.
   * @param verb What is done, such as `Dumped`.
   * @param total How many keys there are, or `null` where nobody knows.
   */
  constructor(sink: Sink, verb: string, total: number | null) {
    this.#sink = sink;
    this.#verb = verb;
    this.#total = total;
  }

  /** Shows the progress, unless it was shown a moment ago. */
  update(progress: Progress): void {
    const nowMs = performance.now();
    if (nowMs - this.#shownMs < (this.#sink.isTerminal ? DRAW_MS : LINE_MS)) return;
    this.#shownMs = nowMs;
    const line = this.#line(progress);
    // Not awaited: the work does not wait for what is drawn.
    if (this.#sink.isTerminal) this.#draw(`${ERASE_LINE}${NO_WRAP}${line}${WRAP}`);
    else this.#print(line);
    this.#isDrawn = this.#sink.isTerminal;
  }

  /** Takes the bar away, so that something else can be printed. */
  async erase(): Promise<void> {
    if (this.#isDrawn) await this.#draw(ERASE_LINE);
    this.#isDrawn = false;
  }

  /** Shows the sum. */
  async finish(progress: Progress): Promise<void> {
    await this.erase();
    const seconds = (performance.now() - this.#startMs) / MS_A_SECOND;
    await this.#print(`${this.#verb} ${sumOf(progress)} in ${seconds.toFixed(1)} s`);
  }

  // All of this is for people, and the work is what it is if none is there to read it.
  #draw(text: string): Promise<void> {
    return this.#sink.write(utf8.encode(text)).catch(() => {});
  }

  #print(line: string): Promise<void> {
    return print(this.#sink, line).catch(() => {});
  }

  #line(progress: Progress): string {
    const keys = progress.strings + progress.arrays + progress.expired;
    if (this.#total === null || this.#total === 0) return `${this.#verb} ${sumOf(progress)}`;
    // The total was counted before, so there may be more by now.
    const share = Math.min(keys / this.#total, 1);
    const percent = `${Math.floor(share * 100)} %`.padStart(5);
    if (!this.#sink.isTerminal) return `${this.#verb} ${sumOf(progress)},${percent}`;
    return `${barOf(share)} ${percent}  ${sumOf(progress)}`;
  }
}

/** A bar of which that share is full. Thick and thin, because there may be no colours. */
export function barOf(share: number): string {
  const full = Math.round(share * BAR_LENGTH);
  return cyan("━".repeat(full)) + dim("─".repeat(BAR_LENGTH - full));
}

/** Progress in words. */
function sumOf({ strings, arrays, elements, expired }: Progress): string {
  const ofArrays = arrays === 0 ? "" : ` with ${plural(elements, "element")}`;
  const leftOut = expired === 0 ? "" : `, not ${plural(expired, "key")} that had expired,`;
  return `${plural(strings, "string")}, ${plural(arrays, "array")}${ofArrays}${leftOut}`;
}

/** A number with its noun. */
export function plural(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
