import { readdir } from "node:fs/promises";
import { join } from "node:path";

export interface WalkOptions {
  exts?: string[];
  includeDirs?: boolean;
  skip?: RegExp[];
}

export interface WalkEntry {
  path: string;
  isDirectory: boolean;
}

export async function* walk(
  root: string,
  { exts, includeDirs = true, skip = [] }: WalkOptions = {},
): AsyncGenerator<WalkEntry> {
  for (const entry of await readdir(root, { withFileTypes: true })) {
    const path = join(root, entry.name);
    if (skip.some((pattern) => pattern.test(path))) continue;
    if (entry.isDirectory()) {
      if (includeDirs && exts === undefined) yield { path, isDirectory: true };
      yield* walk(path, { ...(exts !== undefined && { exts }), includeDirs, skip });
    } else if (exts === undefined || exts.some((ext) => path.endsWith(ext))) {
      yield { path, isDirectory: false };
    }
  }
}
