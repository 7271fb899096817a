/**
 * Turns the lines of a dump back into pieces of a store, and checks them as they come: their form,
 * their order, and in the end their number and their checksum.
 */

import { createHash, type Hash } from "node:crypto";
import { byteLength } from "../internal/bytes.ts";
import { show } from "../kv/errors.ts";
import type { Value } from "../kv/kv.ts";
import { DumpError } from "./dump_error.ts";
import { checkHeader, type FooterLine, formatFooter, type Line, parseLine } from "./format.ts";
import { LINE_END } from "./lines.ts";
import { count, noProgress, type Piece } from "./piece.ts";

/** The longest value that a server or a file holds. */
const VALUE_BYTES_MAX = 512 * 2 ** 20;

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads the lines of one dump, one after the other. */
export class LineReader {
  readonly #hash: Hash = createHash("sha256");
  readonly #counted = noProgress();
  #line = 0;
  #isEnded = false;
  #isInArray = false;
  /** The piece that was read last: the next line may go on with it. */
  #held: Piece | null = null;
  #parts: Value[] = [];
  #partBytes = 0;

  /**
   * Takes the next line, with its end.
   *
   * @returns The piece that is complete now, if one is.
   * @throws {DumpError} If the line is not what it must be.
   */
  read(bytes: Uint8Array): Piece | null {
    this.#line++;
    if (this.#line === 1 && isGzip(bytes)) {
      throw this.#error("it is compressed: gunzip -c FILE | jetkv restore URL");
    }
    if (this.#isEnded) throw this.#error("it comes after the last line of the dump");
    if (bytes.at(-1) !== LINE_END) throw this.#error("the dump is cut inside it");
    const text = this.#decode(bytes.subarray(0, -1));
    if (this.#line === 1) {
      const fault = checkHeader(text);
      if (fault !== null) throw this.#error(fault);
      this.#hash.update(bytes);
      return null;
    }
    const line = parseLine(text);
    if (typeof line === "string") throw this.#error(line);
    if (line.kind !== "footer") this.#hash.update(bytes);
    return this.#take(line, text);
  }

  /**
   * Checks that the dump is complete.
   *
   * @throws {DumpError} If its last line has not come.
   */
  end(): void {
    if (this.#isEnded) return;
    this.#line++;
    throw this.#error(this.#line === 1 ? "the dump is empty" : "the dump is cut before it");
  }

  #take(line: Line, text: string): Piece | null {
    if (line.kind === "part") {
      this.#takePart(line.value);
      return null;
    }
    const complete = this.#release();
    if (line.kind === "footer") this.#close(line, text);
    else if (line.kind === "array") {
      if (!this.#isInArray) throw this.#error("its elements belong to no array");
      this.#held = { type: "elements", elements: line.elements };
    } else {
      const { key, expires, content } = line;
      this.#isInArray = typeof content !== "string" && !(content instanceof Uint8Array);
      this.#held = this.#isInArray
        ? { type: "array", key, expires, elements: content as readonly Value[] }
        : { type: "string", key, expires, value: content as Value };
    }
    return complete;
  }

  #takePart(value: Value): void {
    const last = this.#held?.type === "string" ? this.#held.value : this.#held?.elements.at(-1);
    if (typeof last !== typeof value) throw this.#error("its part belongs to no such value");
    this.#parts.push(value);
    this.#partBytes += byteLength(value);
    if (this.#partBytes > VALUE_BYTES_MAX) throw this.#error("its value is over 512 MiB");
  }

  /** Gives the piece that was read last, with its last value whole. */
  #release(): Piece | null {
    let piece = this.#held;
    if (piece !== null && this.#parts.length > 0) {
      if (piece.type === "string") piece = { ...piece, value: join(piece.value, this.#parts) };
      else {
        const last = join(piece.elements.at(-1)!, this.#parts);
        piece = { ...piece, elements: piece.elements.with(-1, last) };
      }
    }
    if (piece !== null) count(this.#counted, piece);
    this.#held = null;
    this.#parts = [];
    this.#partBytes = 0;
    return piece;
  }

  #close(footer: FooterLine, text: string): void {
    const { strings, arrays, elements } = this.#counted;
    const isCounted = footer.strings === strings && footer.arrays === arrays &&
      footer.elements === elements;
    if (!isCounted) throw this.#error("the number of entries before it differs");
    const found = this.#hash.digest("hex");
    if (footer.sha256 !== found) {
      throw this.#error(`the checksum of the lines before it differs: it is ${show(found)}`);
    }
    // No checksum is over this line.
    if (text !== formatFooter(this.#counted, found)) throw this.#error("it was changed");
    this.#isEnded = true;
  }

  #decode(bytes: Uint8Array): string {
    try {
      return strictUtf8.decode(bytes);
    } catch {
      throw this.#error("it is not UTF-8");
    }
  }

  #error(found: string): DumpError {
    return new DumpError(this.#line, found);
  }
}

/** Tells whether bytes are the start of what gzip has made. */
function isGzip([first, second]: Uint8Array): boolean {
  return first === 0x1f && second === 0x8b;
}

/** Joins a value that came in parts, which are all text or all bytes. */
function join(first: Value, parts: readonly Value[]): Value {
  if (typeof first === "string") return first + parts.join("");
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, first.length));
  let at = 0;
  for (const part of [first, ...parts] as Uint8Array[]) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
