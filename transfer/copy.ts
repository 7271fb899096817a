/**
 * Copies what one store holds to another, on whatever backends they are.
 */

import { byteLength } from "../internal/bytes.ts";
import type { Kv } from "../kv/kv.ts";
import { KvView } from "../kv/views.ts";
import { count, noProgress, type Progress } from "./piece.ts";
import { type ReadOptions, readStore } from "./read_store.ts";
import { StoreWriter } from "./write_store.ts";

/** How to copy. */
export interface CopyOptions extends Omit<ReadOptions, "sort"> {
  /** Remove what the target holds under the prefix first. Default `false`. */
  readonly clear?: boolean | undefined;
  /** Is told that what is to be cleared goes now. */
  readonly onClear?: (() => void) | undefined;
  /** Is told how far it has come, for each piece; the object changes later. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * The beginning of a key that a copy from server to server sets in the target for a moment, to see
 * whether it is in the source too. The rest is random: nobody has it. One that a killed copy leaves
 * expires.
 */
const MARK = "jetkv:copying:";
const MARK_MS = 10_000;
/** After a longer prefix there is no room for the mark. */
const PREFIX_BYTES_MAX = 900;

/**
 * Copies strings and arrays, as text or bytes, with the time they have left.
 *
 * A key of the target that the source has too is replaced, the others stay (or go first, with
 * `clear`). After an end at any moment, running it again leads to the store that one run would have
 * made. Deadlines are kept to the second.
 *
 * @throws {TypeError} If both are one and the same store: nothing has changed then.
 */
export async function copy(from: Kv, to: Kv, options: CopyOptions = {}): Promise<Progress> {
  const { prefix = "", clear = false, onClear, onProgress, now } = options;
  await checkApart(from, to, prefix);
  if (clear) {
    onClear?.();
    await to.clear({ prefix });
  }
  const progress = noProgress();
  const writer = new StoreWriter(to, now);
  for await (const piece of readStore(from, options)) {
    const isWanted = await writer.write(piece);
    count(progress, piece, isWanted);
    onProgress?.(progress);
  }
  await writer.finish();
  return progress;
}

/** Refuses to copy a store to itself: its arrays would be deleted before they are read. */
async function checkApart(from: Kv, to: Kv, prefix: string): Promise<void> {
  // A file has one store at a time, and memory is a program's own.
  const areServers = from.backend === "valkey" && to.backend === "valkey";
  const areOne = KvView.areOfOne(from, to) || (areServers && await isOneServer(from, to, prefix));
  if (areOne) throw new TypeError("Cannot copy a store to itself: both URLs lead to the same one");
}

/** Tells whether two URLs mean one database of one server. */
async function isOneServer(from: Kv, to: Kv, prefix: string): Promise<boolean> {
  const id = crypto.randomUUID();
  // Under the prefix, because a user of a server may be allowed nothing else.
  const key = `${byteLength(prefix) > PREFIX_BYTES_MAX ? "" : prefix}${MARK}${id}`;
  await to.put(key, id, { expireIn: MARK_MS });
  try {
    return await from.get(key) === id;
  } finally {
    await to.remove(key);
  }
}
