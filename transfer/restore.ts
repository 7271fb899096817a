/**
 * Puts back what a dump says.
 */

import type { Kv } from "../kv/kv.ts";
import type { Now } from "./deadlines.ts";
import { LineReader } from "./line_reader.ts";
import { linesOf } from "./lines.ts";
import { count, noProgress, type Piece, type Progress } from "./piece.ts";
import { StoreWriter } from "./write_store.ts";

/** How to read a dump. */
export interface VerifyOptions {
  /** Ends the work: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Is told how far it has come, for each piece; the object changes later. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** How to restore. */
export interface RestoreOptions extends VerifyOptions {
  /** Remove all that the store holds first. Default `false`. */
  readonly clear?: boolean | undefined;
  /** Is told that what is to be cleared goes now. */
  readonly onClear?: (() => void) | undefined;
  /** Tells the time. Default: the machine's clock. */
  readonly now?: Now | undefined;
}

/**
 * Reads the first line of a dump, and no further.
 *
 * @returns The chunks of the dump, none of them taken.
 * @throws {DumpError} If it does not begin as a dump.
 */
export async function checkStart(
  chunks: AsyncIterable<Uint8Array>,
): Promise<AsyncGenerator<Uint8Array, void>> {
  const rest = chunks[Symbol.asyncIterator]();
  const taken: Uint8Array[] = [];
  const reader = new LineReader();
  const first = await linesOf(take()).next();
  if (first.done) reader.end();
  else reader.read(first.value[0]!);
  return replay();

  async function* take(): AsyncGenerator<Uint8Array, void> {
    for (let next = await rest.next(); !next.done; next = await rest.next()) {
      taken.push(next.value);
      yield next.value;
    }
  }

  async function* replay(): AsyncGenerator<Uint8Array, void> {
    yield* taken.splice(0);
    yield* { [Symbol.asyncIterator]: () => rest };
  }
}

/**
 * Reads a dump to its end and changes nothing.
 *
 * @returns What it holds.
 * @throws {DumpError} If it is cut, damaged, or no dump.
 */
export async function verify(
  chunks: AsyncIterable<Uint8Array>,
  options: VerifyOptions = {},
): Promise<Progress> {
  const progress = noProgress();
  for await (const piece of readDump(chunks, options.signal)) {
    count(progress, piece);
    options.onProgress?.(progress);
  }
  return progress;
}

/**
 * Restores a dump while it comes.
 *
 * A key that the dump has is replaced, others stay (or go first, with `clear`); one that has
 * expired by now is removed. After an end at any moment, restoring the same dump again leads to the
 * store that one run would have made.
 *
 * A stream tells only in its last line that it is whole. Where the dump can be read twice, `verify`
 * comes first; else a damaged one leaves the entries that came before the damage.
 *
 * @throws {DumpError} If it is cut, damaged, or no dump.
 */
export async function restore(
  kv: Kv,
  chunks: AsyncIterable<Uint8Array>,
  options: RestoreOptions = {},
): Promise<Progress> {
  const { clear = false, onClear, signal, onProgress, now } = options;
  const progress = noProgress();
  const writer = new StoreWriter(kv, now);
  const pieces = readDump(chunks, signal);
  // Whatever this is, it must begin as a dump does before anything is cleared.
  let next = await pieces.next();
  if (clear) {
    onClear?.();
    await kv.clear({ prefix: "" });
  }
  for (; !next.done; next = await pieces.next()) {
    const isWanted = await writer.write(next.value);
    count(progress, next.value, isWanted);
    onProgress?.(progress);
  }
  await writer.finish();
  return progress;
}

async function* readDump(
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Piece, void> {
  const reader = new LineReader();
  for await (const lines of linesOf(chunks)) {
    signal?.throwIfAborted();
    for (const line of lines) {
      const piece = reader.read(line);
      if (piece !== null) yield piece;
    }
  }
  reader.end();
}
