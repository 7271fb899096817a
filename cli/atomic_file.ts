/**
 * A file that is there whole or not at all: it is written beside its place under another name,
 * synced, and moved there in one step. Whatever ends the program before that leaves the old file.
 */

import { basename, dirname, join } from "node:path";
import { show } from "../kv/errors.ts";
import { CommandError } from "./exit.ts";

/**
 * Writes a file from chunks.
 *
 * @returns What the generator of the chunks returns.
 * @throws What the chunks or the disk throw: nothing of the new file is left then.
 */
export async function writeWhole<R>(
  path: string,
  chunks: AsyncGenerator<Uint8Array, R>,
): Promise<R> {
  const target = await findTarget(path);
  const temporary = join(dirname(target), `.${basename(target)}.${crypto.randomUUID()}.part`);
  try {
    const result = await writeAll(temporary, path, chunks);
    await Deno.rename(temporary, target);
    return result;
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  } finally {
    await chunks.return(undefined as R);
  }
}

async function writeAll<R>(
  temporary: string,
  path: string,
  chunks: AsyncGenerator<Uint8Array, R>,
): Promise<R> {
  using file = await attempt(path, () => Deno.open(temporary, { write: true, createNew: true }));
  let next = await chunks.next();
  for (; !next.done; next = await chunks.next()) {
    const chunk = next.value;
    for (let at = 0; at < chunk.length;) {
      at += await attempt(path, () => file.write(chunk.subarray(at)));
    }
  }
  await attempt(path, () => file.sync());
  return next.value;
}

/** Where the file is to be, which for a link is where it leads. */
async function findTarget(path: string): Promise<string> {
  let target: string;
  try {
    target = await Deno.realPath(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return path;
    throw error;
  }
  if ((await Deno.stat(target)).isFile) return target;
  // A device or a directory must not be moved away by a file.
  throw new CommandError(`Cannot write ${show(path)}: it is no regular file`);
}

async function attempt<R>(path: string, call: () => Promise<R>): Promise<R> {
  try {
    return await call();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CommandError(`Cannot write ${show(path)}: ${reason}`, { cause });
  }
}
