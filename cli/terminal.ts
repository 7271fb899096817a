/**
 * Where a command reads and writes: the three standard streams, as an interface, so that tests run
 * commands without a process.
 */

import { escapeControls } from "../kv/errors.ts";
import { textOrBytes } from "../transfer/piece.ts";
import { attempt } from "./system.ts";

/** A standard output. */
export interface Sink {
  /** Whether a person looks at it. */
  readonly isTerminal: boolean;
  /** Writes all of it, or rejects. */
  write(bytes: Uint8Array): Promise<void>;
}

/** The standard streams. */
export interface Terminal {
  readonly stdin: { readonly isTerminal: boolean; readonly readable: ReadableStream<Uint8Array> };
  readonly stdout: Sink;
  readonly stderr: Sink;
}

/** Characters that go out at once. */
const LENGTH_ENOUGH = 16_384;

const utf8 = new TextEncoder();

/** Prints a line. */
export async function print(sink: Sink, line: string): Promise<void> {
  await sink.write(utf8.encode(`${line}\n`));
}

/** Prints many lines, some at a time; those that a person looks at at once. */
export class LinePrinter {
  readonly #sink: Sink;
  #text = "";

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** Adds a line. */
  async print(line: string): Promise<void> {
    this.#text += `${line}\n`;
    if (this.#text.length >= LENGTH_ENOUGH || this.#sink.isTerminal) await this.flush();
  }

  /** Prints what has not been printed. */
  async flush(): Promise<void> {
    const text = this.#text;
    this.#text = "";
    if (text !== "") await this.#sink.write(utf8.encode(text));
  }
}

/** What stands in ordinary text, and does no more to a terminal than to end a line. */
const HARMLESS = /[\n\t]/g;

/**
 * Prints a value as it is, byte by byte. For a person a line ends after it, what is not text
 * becomes base64, and text that a terminal would obey becomes JSON.
 */
export async function printValue(sink: Sink, value: Uint8Array): Promise<void> {
  if (!sink.isTerminal) return await sink.write(value);
  const text = textOrBytes(value);
  if (typeof text !== "string") return await print(sink, value.toBase64());
  await print(sink, hasControls(text.replace(HARMLESS, "")) ? jsonOf(text) : text);
}

/** A text as it stands in a line for this output: on a terminal as JSON where it has controls. */
export function showOn(sink: Sink, text: string): string {
  return sink.isTerminal && hasControls(text) ? jsonOf(text) : text;
}

function hasControls(text: string): boolean {
  return escapeControls(text) !== text;
}

/** JSON that does nothing to a terminal. */
export function jsonOf(json: unknown): string {
  return escapeControls(JSON.stringify(json));
}

/** A value in JSON: text as it is, other bytes as `{ base64 }`, just as in a dump. */
export function toJson(value: Uint8Array): string | { base64: string } {
  const text = textOrBytes(value);
  return typeof text === "string" ? text : { base64: text.toBase64() };
}

/** The standard streams of this process. */
export function processTerminal(): Terminal {
  return {
    stdin: {
      isTerminal: Deno.stdin.isTerminal(),
      get readable() {
        return Deno.stdin.readable;
      },
    },
    stdout: {
      isTerminal: Deno.stdout.isTerminal(),
      write: (bytes) => writeAll(Deno.stdout, bytes, "standard output"),
    },
    stderr: {
      isTerminal: Deno.stderr.isTerminal(),
      write: (bytes) => writeAll(Deno.stderr, bytes, "standard error"),
    },
  };
}

async function writeAll(out: typeof Deno.stdout, bytes: Uint8Array, name: string): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await attempt(`write to ${name}`, () => out.write(bytes.subarray(at)));
  }
}
