/**
 * A file store on a disk in memory and on a clock that the test moves.
 */

import { openStorageKv } from "../../backends/file/file_kv.ts";
import type { FileKv } from "../../kv/backends.ts";
import type { Subject } from "../conformance/subject.ts";
import { CrashStorage } from "./crash_storage.ts";
import { ManualClock } from "./manual_clock.ts";

/** A file store, its clock and its disk. */
export interface FileSubject extends Subject, AsyncDisposable {
  readonly kv: FileKv;
  readonly clock: ManualClock;
  readonly storage: CrashStorage;
}

/** How a store under test is opened. */
export interface SubjectOptions {
  readonly durability?: "process" | "power";
  readonly cacheBytes?: number;
  readonly storage?: CrashStorage;
  readonly clock?: ManualClock;
}

/** Opens a store, by default on a new disk. Closing it checks the whole file. */
export async function openFileSubject({
  durability = "process",
  cacheBytes = 2 ** 20,
  storage = new CrashStorage(),
  clock = new ManualClock(),
}: SubjectOptions = {}): Promise<FileSubject> {
  const options = { path: "a.db", addressSpaceSize: 4096, cacheBytes, durability };
  const kv = await openStorageKv(storage, options, clock);
  return {
    kv,
    clock,
    storage,
    advance: (ms: number) => clock.advance(ms),
    [Symbol.asyncDispose]: () => kv.close(),
  };
}
