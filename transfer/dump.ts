/**
 * Writes down what a store holds, as text that restores to an equal store on any backend.
 */

import { createHash } from "node:crypto";
import type { Kv } from "../kv/kv.ts";
import { formatFooter, HEADER } from "./format.ts";
import { LineWriter } from "./line_writer.ts";
import { count, noProgress, type Piece, type Progress } from "./piece.ts";
import { type ReadOptions, readStore } from "./read_store.ts";

/** How to dump. */
export interface DumpOptions extends ReadOptions {
  /** Whether to write when keys expire. Default `true`. */
  readonly expiry?: boolean | undefined;
  /** Is told how far it has come, for each piece; the object changes later. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

const utf8 = new TextEncoder();

/**
 * Dumps a store, chunk by chunk.
 *
 * Equal stores give equal bytes with `sort`, on whatever backends they are and whenever they are
 * dumped, as long as no key expires in between. The end is marked: a dump that was cut is told from
 * a whole one.
 *
 * Memory: a few MiB, and what the store takes to read its longest value; with `sort` 40 MiB more.
 */
export async function* dump(
  kv: Kv,
  options: DumpOptions = {},
): AsyncGenerator<Uint8Array, Progress> {
  const { expiry = true, onProgress } = options;
  const hash = createHash("sha256");
  const progress = noProgress();
  const lines = new LineWriter();
  lines.writeLine(HEADER);
  for await (const piece of readStore(kv, options)) {
    for (const text of lines.write(expiry ? piece : withoutExpiry(piece))) {
      const chunk = utf8.encode(text);
      hash.update(chunk);
      yield chunk;
    }
    count(progress, piece);
    onProgress?.(progress);
  }
  const last = utf8.encode(lines.end());
  const footer = formatFooter(progress, hash.update(last).digest("hex"));
  yield last;
  yield utf8.encode(`${footer}\n`);
  return progress;
}

function withoutExpiry(piece: Piece): Piece {
  return piece.type === "elements" ? piece : { ...piece, expires: null };
}
