/**
 * A file that is there whole or not at all: it is written beside its place under another name,
 * synced, and moved there in one step. Whatever ends the program before that leaves the old file.
 */

import { basename, dirname, join, resolve } from "node:path";
import { show } from "../kv/errors.ts";
import { CommandError } from "./exit.ts";
import { attempt } from "./system.ts";

/** A file that only its owner may read: a dump holds all that the store does. */
const PRIVATE_MODE = 0o600;
const PERMISSION_BITS = 0o777;

/** The most links that are followed from one to the next, as the system does. */
const LINKS_MAX = 40;

/** Places of things that are no files, except for memory that is mounted as a disk. */
const DEVICES = /^\/(?:dev(?!\/shm\/)|proc)\//;

/** Where a file is to be, and with which permissions. */
interface Target {
  readonly path: string;
  readonly mode: number;
}

/**
 * Writes a file from chunks. It keeps the permissions of the file that it replaces; a new one is
 * for its owner alone.
 *
 * @returns What the generator of the chunks returns.
 * @throws What the chunks or the disk throw: nothing of the new file is left then.
 */
export async function writeWhole<R>(
  path: string,
  chunks: AsyncGenerator<Uint8Array, R>,
): Promise<R> {
  try {
    const target = await attempt(`write ${show(path)}`, () => findTarget(path));
    // Its own name may be as long as a name can be.
    const name = `.${basename(target.path).slice(0, 48)}.${crypto.randomUUID()}.part`;
    const temporary = join(dirname(target.path), name);
    try {
      const result = await writeAll(temporary, target.mode, path, chunks);
      await attempt(`write ${show(path)}`, () => Deno.rename(temporary, target.path));
      return result;
    } catch (error) {
      await Deno.remove(temporary).catch(() => {});
      throw error;
    }
  } finally {
    await chunks.return(undefined as R);
  }
}

async function writeAll<R>(
  temporary: string,
  mode: number,
  path: string,
  chunks: AsyncGenerator<Uint8Array, R>,
): Promise<R> {
  const action = `write ${show(path)}`;
  const options = { write: true, createNew: true, mode };
  using file = await attempt(action, () => Deno.open(temporary, options));
  // The mode that a file is opened with is cut by the umask. Where this may not be, it stays so.
  if (Deno.build.os !== "windows") await Deno.chmod(temporary, mode).catch(() => {});
  let next = await chunks.next();
  for (; !next.done; next = await chunks.next()) {
    const chunk = next.value;
    for (let at = 0; at < chunk.length;) {
      at += await attempt(action, () => file.write(chunk.subarray(at)));
    }
  }
  await attempt(action, () => file.sync());
  return next.value;
}

/** Where the file is to be, which for a link is where it leads, though nothing may be there yet. */
async function findTarget(path: string): Promise<Target> {
  let target = resolve(path);
  for (let links = 0; links <= LINKS_MAX; links++) {
    if (DEVICES.test(target)) {
      throw writeError(path, 'it is no file; for standard output write "-"');
    }
    const found = await lstat(target);
    if (found === null) return { path: target, mode: PRIVATE_MODE };
    if (found.isFile) {
      return { path: target, mode: (found.mode ?? PRIVATE_MODE) & PERMISSION_BITS };
    }
    // A device or a directory must not be moved away by a file.
    if (!found.isSymlink) throw writeError(path, "it is no regular file");
    // From where the link really is: its own directory may be a link too.
    target = resolve(await Deno.realPath(dirname(target)), await Deno.readLink(target));
  }
  throw writeError(path, `over ${LINKS_MAX} links lead from one to the next`);
}

/** What is at a path, not following a link; `null` where nothing is. */
async function lstat(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function writeError(path: string, found: string): CommandError {
  return new CommandError(`Cannot write ${show(path)}: ${found}`);
}
