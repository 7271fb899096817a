/**
 * Turns pieces of a store into lines. The lines of a store are always the same, however its arrays
 * were cut into pieces, so that equal stores have equal dumps.
 */

import type { Value } from "../kv/kv.ts";
import { formatValue } from "./format.ts";
import type { Piece } from "./piece.ts";

/** A longer text (in UTF-16 code units) or binary value (in bytes) is cut into parts. */
const PART_LENGTH_MAX = 49_152;

/** A line takes elements until they have this many characters. */
const LINE_LENGTH_ENOUGH = 65_536;

/** A text is handed out once it has this many characters. */
const TEXT_LENGTH_ENOUGH = 65_536;

/**
 * Collects lines, and hands out their text each time that it is long enough: in the midst of a long
 * value too, whose lines together would be longer than a string may be.
 */
export class LineWriter {
  #text = "";
  /** How the line of elements that is being filled begins; `""` where there is none. */
  #start = "";
  #elements: string[] = [];
  #elementsLength = 0;

  /** Adds a piece; the elements of an array directly after what they belong to. */
  *write(piece: Piece): Generator<string, void> {
    if (piece.type === "elements") return yield* this.#writeElements(piece.elements);
    this.#endArray();
    yield* this.#handOut();
    const start = startOf(piece);
    if (piece.type === "string") yield* this.#writeString(start, piece.value);
    else {
      this.#start = `${start},"array":[`;
      yield* this.#writeElements(piece.elements);
    }
  }

  /** Adds a line that is ready. */
  writeLine(line: string): void {
    this.#text += `${line}\n`;
  }

  /** Gives the lines that have not been handed out, with the last one of an array. */
  end(): string {
    this.#endArray();
    return this.#take();
  }

  /** Finishes the line of elements that may be open. */
  #endArray(): void {
    if (this.#elements.length > 0) this.writeLine(`${this.#start}${this.#elements.join(",")}]}`);
    this.#elements = [];
    this.#elementsLength = 0;
  }

  *#handOut(): Generator<string, void> {
    if (this.#text.length >= TEXT_LENGTH_ENOUGH) yield this.#take();
  }

  #take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  *#writeString(start: string, value: Value): Generator<string, void> {
    const end = endOfPart(value, 0);
    this.writeLine(`${start},"value":${formatPart(value, 0, end)}}`);
    yield* this.#writeParts(value, end);
  }

  *#writeElements(elements: readonly Value[]): Generator<string, void> {
    for (const element of elements) {
      const end = endOfPart(element, 0);
      const formatted = formatPart(element, 0, end);
      this.#elements.push(formatted);
      this.#elementsLength += formatted.length;
      if (end === element.length && this.#elementsLength < LINE_LENGTH_ENOUGH) continue;
      this.#endArray();
      yield* this.#writeParts(element, end);
      this.#start = '{"array":[';
    }
  }

  /** Adds the parts of a value from `start` on, and hands out what is long enough. */
  *#writeParts(value: Value, start: number): Generator<string, void> {
    for (let at = start;;) {
      yield* this.#handOut();
      if (at === value.length) return;
      const end = endOfPart(value, at);
      this.writeLine(`{"part":${formatPart(value, at, end)}}`);
      at = end;
    }
  }
}

function startOf({ key, expires }: { key: string; expires: number | null }): string {
  const start = `{"key":${JSON.stringify(key)}`;
  return expires === null ? start : `${start},"expires":${expires}`;
}

/** Where the part that begins at `at` ends: a long value is cut, but no character in two. */
function endOfPart(value: Value, at: number): number {
  const end = at + PART_LENGTH_MAX;
  if (end >= value.length) return value.length;
  // A pair of surrogates is one character: one that begins here goes to the next part whole.
  return typeof value === "string" && value.codePointAt(end - 1)! > 0xffff ? end - 1 : end;
}

function formatPart(value: Value, start: number, end: number): string {
  if (start === 0 && end === value.length) return formatValue(value);
  const isText = typeof value === "string";
  return formatValue(isText ? value.slice(start, end) : value.subarray(start, end));
}
