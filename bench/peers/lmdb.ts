/**
 * lmdb (lmdb-js): reads from a memory map, writes gathered into transactions by a thread of its
 * own.
 */

import process from "node:process";
import type { Contender, Subject } from "../subject.ts";
import { KeyedArrays } from "./keyed_arrays.ts";
import { loadPeer } from "./load.ts";

type Key = string | [string, number];

interface Lmdb {
  get(key: Key): string | undefined;
  put(key: Key, value: string): Promise<boolean>;
  remove(key: Key): Promise<boolean>;
  close(): Promise<void>;
}

interface LmdbModule {
  open(options: Record<string, unknown>): Lmdb;
}

class LmdbSubject implements Subject {
  readonly #lmdb: Lmdb;
  readonly #arrays: KeyedArrays<Key>;

  constructor(lmdb: Lmdb) {
    this.#lmdb = lmdb;
    this.#arrays = new KeyedArrays<Key>(lmdb, (key, number) => [key, number]);
  }

  // deno-lint-ignore require-await -- as a program would put it behind an asynchronous interface
  async get(key: string): Promise<unknown> {
    return this.#lmdb.get(key);
  }

  put(key: string, value: string): Promise<unknown> {
    return this.#lmdb.put(key, value);
  }

  remove(key: string): Promise<unknown> {
    return this.#lmdb.remove(key);
  }

  append(key: string, value: string): Promise<unknown> {
    return this.#arrays.append(key, value);
  }

  popFirst(key: string): Promise<unknown> {
    return this.#arrays.popFirst(key);
  }

  close(): Promise<unknown> {
    return this.#lmdb.close();
  }
}

function lmdb(name: string, options: Record<string, unknown>): Contender {
  const all = { encoding: "string", ...options };
  return {
    name,
    kind: "peer",
    settings: `${JSON.stringify(all)}; arrays as numbered keys`,
    load() {
      const { open } = loadPeer<LmdbModule>("lmdb");
      surviveBackgroundErrors();
      return Promise.resolve((place) =>
        Promise.resolve(new LmdbSubject(open({ path: `${place}/db`, ...all })))
      );
    },
  };
}

let survives = false;

/**
 * Now and then a commit fails in the background ("reserved freelist had a data entry with
 * zero-size"), and lmdb rejects a promise that nobody can get at, which would end the bench.
 */
function surviveBackgroundErrors(): void {
  if (survives) return;
  survives = true;
  process.on("unhandledRejection", (reason: unknown) => {
    if (!(reason instanceof Error) || !reason.message.startsWith("MDB_")) throw reason;
    console.log(`failed: lmdb, in the background: ${reason.message}`);
  });
}

/** lmdb as it comes: a write resolves once committed, the sync follows by itself. */
export const lmdbProcess: Contender = lmdb("lmdb", {});
/** lmdb without any sync: a killed process loses nothing, a power loss may leave nothing whole. */
export const lmdbNoSync: Contender = lmdb("lmdb noSync", { noSync: true });
/** lmdb whose writes resolve once synced. */
export const lmdbPower: Contender = lmdb("lmdb", { overlappingSync: false });
