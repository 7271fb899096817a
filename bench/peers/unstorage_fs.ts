/** unstorage over its file-system driver: a file for each key. */

import type { Contender, Subject } from "../subject.ts";
import { KeyedArrays } from "./keyed_arrays.ts";
import { loadPeer } from "./load.ts";

interface Storage {
  getItem(key: string): Promise<unknown>;
  setItem(key: string, value: string): Promise<void>;
  removeItem(key: string): Promise<void>;
  dispose(): Promise<void>;
}

interface UnstorageModule {
  createStorage(options: { driver: unknown }): Storage;
}

type FsDriver = (options: { base: string }) => unknown;

class UnstorageFsSubject implements Subject {
  readonly #storage: Storage;
  readonly #arrays: KeyedArrays = new KeyedArrays(this);

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  get(key: string): Promise<unknown> {
    return this.#storage.getItem(key);
  }

  put(key: string, value: string): Promise<unknown> {
    return this.#storage.setItem(key, value);
  }

  remove(key: string): Promise<unknown> {
    return this.#storage.removeItem(key);
  }

  append(key: string, value: string): Promise<unknown> {
    return this.#arrays.append(key, value);
  }

  popFirst(key: string): Promise<unknown> {
    return this.#arrays.popFirst(key);
  }

  close(): Promise<unknown> {
    return this.#storage.dispose();
  }
}

/** unstorage over files. It never syncs. */
export const unstorageFs: Contender = {
  name: "unstorage fs",
  kind: "peer",
  settings: "fs-lite driver, one file a key; arrays as numbered keys",
  load() {
    const { createStorage } = loadPeer<UnstorageModule>("unstorage");
    const driver = loadPeer<FsDriver | { default: FsDriver }>(
      "unstorage/drivers/fs-lite",
    );
    const fsDriver = typeof driver === "function" ? driver : driver.default;
    return Promise.resolve((place) =>
      Promise.resolve(
        new UnstorageFsSubject(
          createStorage({ driver: fsDriver({ base: `${place}/db` }) }),
        ),
      )
    );
  },
};
