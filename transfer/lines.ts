/**
 * Cuts a stream of bytes into lines, however its chunks fall.
 */

import { DumpError } from "./dump_error.ts";
import { LINE_BYTES_MAX } from "./format.ts";

/** The byte that ends a line. */
export const LINE_END = 0x0a;
const NOTHING = new Uint8Array(0);

/**
 * Gives the lines of each chunk, every one with its end; the last one has none where the stream
 * ends inside it.
 *
 * @throws {DumpError} If a line is longer than any of a dump: nothing more of it is kept in memory.
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array[], void> {
  let rest: Uint8Array = NOTHING;
  let lineCount = 0;
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : concat(rest, chunk);
    const lines: Uint8Array[] = [];
    let at = 0;
    // What is left over from the chunk before has no end of a line.
    for (let end = bytes.indexOf(LINE_END, rest.length); end !== -1;) {
      checkLength(end - at, lineCount + lines.length);
      lines.push(bytes.subarray(at, end + 1));
      at = end + 1;
      end = bytes.indexOf(LINE_END, at);
    }
    lineCount += lines.length;
    rest = bytes.slice(at);
    checkLength(rest.length, lineCount);
    if (lines.length > 0) yield lines;
  }
  if (rest.length > 0) yield [rest];
}

/** Checks the length of a line without its end, which comes behind so many others. */
function checkLength(bytes: number, linesBefore: number): void {
  if (bytes > LINE_BYTES_MAX) throw new DumpError(linesBefore + 1, "it is too long");
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
