/** Throw-away places for stores, on the disk that holds the system's temporary files. */

import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An empty directory. */
export interface Place {
  readonly path: string;
  /** Removes it with all that is in it. */
  remove(): void;
}

/** Makes an empty directory. */
export function temporaryPlace(): Place {
  const path = mkdtempSync(join(tmpdir(), "jetkv-bench-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Bytes that the files in the directory take on the disk. */
export function bytesIn(path: string): number {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const bytesABlock = 512;
  return files
    .map((entry) => (statSync(join(entry.parentPath, entry.name)).blocks ?? 0) * bytesABlock)
    .reduce((sum, bytes) => sum + bytes, 0);
}
