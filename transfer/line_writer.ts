/**
 * Turns pieces of a store into lines. The lines of a store are always the same, however its arrays
 * were cut into pieces, so that equal stores have equal dumps.
 */

import type { Value } from "../kv/kv.ts";
import { formatValue } from "./format.ts";
import type { Piece } from "./piece.ts";

/** A longer text (in UTF-16 code units) or binary value (in bytes) is cut into parts. */
const PART_LENGTH_MAX = 49_152;

/** A line takes elements until they have so many characters. */
const LINE_LENGTH_ENOUGH = 65_536;

/** Collects lines, until someone takes them. */
export class LineWriter {
  #text = "";
  /** How the line of elements that is being filled begins; `""` where there is none. */
  #start = "";
  #elements: string[] = [];
  #elementsLength = 0;

  /** Characters of the finished lines. */
  get length(): number {
    return this.#text.length;
  }

  /** Adds a piece; the elements of an array directly after what they belong to. */
  write(piece: Piece): void {
    if (piece.type === "elements") return this.#writeElements(piece.elements);
    this.endArray();
    const start = startOf(piece);
    if (piece.type === "string") return this.#writeString(start, piece.value);
    this.#start = `${start},"array":[`;
    this.#writeElements(piece.elements);
  }

  /** Adds a line that is ready. */
  writeLine(line: string): void {
    this.#text += `${line}\n`;
  }

  /** Finishes the line of elements that may be open. */
  endArray(): void {
    if (this.#elements.length > 0) this.writeLine(`${this.#start}${this.#elements.join(",")}]}`);
    this.#elements = [];
    this.#elementsLength = 0;
  }

  /** Gives the finished lines, and forgets them. */
  take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  #writeString(start: string, value: Value): void {
    const [first = "", ...parts] = partsOf(value);
    this.writeLine(`${start},"value":${formatValue(first)}}`);
    this.#writeParts(parts);
  }

  #writeElements(elements: readonly Value[]): void {
    for (const element of elements) {
      const [first = "", ...parts] = partsOf(element);
      const formatted = formatValue(first);
      this.#elements.push(formatted);
      this.#elementsLength += formatted.length;
      if (parts.length === 0 && this.#elementsLength < LINE_LENGTH_ENOUGH) continue;
      this.endArray();
      this.#writeParts(parts);
      this.#start = '{"array":[';
    }
  }

  #writeParts(parts: readonly Value[]): void {
    for (const part of parts) this.writeLine(`{"part":${formatValue(part)}}`);
  }
}

function startOf({ key, expires }: { key: string; expires: number | null }): string {
  const start = `{"key":${JSON.stringify(key)}`;
  return expires === null ? start : `${start},"expires":${expires}`;
}

/** Cuts a value where it is long, and no character in two. */
function partsOf(value: Value): Value[] {
  if (value.length <= PART_LENGTH_MAX) return [value];
  const parts: Value[] = [];
  for (let at = 0; at < value.length;) {
    let end = Math.min(at + PART_LENGTH_MAX, value.length);
    // A pair of surrogates is one character: one that begins here goes to the next part whole.
    if (typeof value === "string" && value.codePointAt(end - 1)! > 0xffff) end--;
    parts.push(value.slice(at, end));
    at = end;
  }
  return parts;
}
