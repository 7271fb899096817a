/** unstorage over its memory driver. */

import type { Contender, Subject } from "../subject.ts";
import { ArrayQueue } from "./array_queue.ts";
import { loadPeer } from "./load.ts";

interface Storage {
  getItemRaw(key: string): Promise<unknown>;
  setItemRaw(key: string, value: unknown): Promise<void>;
  removeItem(key: string): Promise<void>;
}

class UnstorageSubject implements Subject {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  get(key: string): Promise<unknown> {
    return this.#storage.getItemRaw(key);
  }

  put(key: string, value: string): Promise<unknown> {
    return this.#storage.setItemRaw(key, value);
  }

  remove(key: string): Promise<unknown> {
    return this.#storage.removeItem(key);
  }

  async append(key: string, value: string): Promise<unknown> {
    return (await this.#storage.getItemRaw(key) as ArrayQueue).push(value);
  }

  async popFirst(key: string): Promise<unknown> {
    return (await this.#storage.getItemRaw(key) as ArrayQueue).shift();
  }

  async prepareArrays(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      await this.#storage.setItemRaw(key, new ArrayQueue());
    }
  }

  async close(): Promise<void> {}
}

/** unstorage's memory driver by its raw calls, which keep values by reference: its fastest way. */
export const unstorageMemory: Contender = {
  name: "unstorage",
  kind: "peer",
  settings: "memory driver, getItemRaw and setItemRaw; arrays kept by reference",
  load() {
    const { createStorage } = loadPeer<{ createStorage(): Storage }>(
      "unstorage",
    );
    return Promise.resolve(() => Promise.resolve(new UnstorageSubject(createStorage())));
  },
};
