/** keyv over its built-in `Map`. */

import type { Contender, Subject } from "../subject.ts";
import { ArrayQueue } from "./array_queue.ts";
import { loadPeer } from "./load.ts";

interface Keyv {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<boolean>;
  delete(key: string): Promise<boolean>;
}

interface KeyvModule {
  default: new (
    options?: { serialize: undefined; deserialize: undefined },
  ) => Keyv & {
    useKeyPrefix: boolean;
  };
}

class KeyvSubject implements Subject {
  readonly #keyv: Keyv;

  constructor(keyv: Keyv) {
    this.#keyv = keyv;
  }

  get(key: string): Promise<unknown> {
    return this.#keyv.get(key);
  }

  put(key: string, value: string): Promise<unknown> {
    return this.#keyv.set(key, value);
  }

  remove(key: string): Promise<unknown> {
    return this.#keyv.delete(key);
  }

  async append(key: string, value: string): Promise<unknown> {
    return (await this.#keyv.get(key) as ArrayQueue).push(value);
  }

  async popFirst(key: string): Promise<unknown> {
    return (await this.#keyv.get(key) as ArrayQueue).shift();
  }

  async prepareArrays(keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.#keyv.set(key, new ArrayQueue());
  }

  async close(): Promise<void> {}
}

/** keyv's memory store without serialization and key prefix: its fastest way. */
export const keyvMemory: Contender = {
  name: "keyv",
  kind: "peer",
  settings: "memory store, no serialization, no key prefix; arrays kept by reference",
  load() {
    const { default: Keyv } = loadPeer<KeyvModule>("keyv");
    return Promise.resolve(() => {
      const keyv = new Keyv({ serialize: undefined, deserialize: undefined });
      keyv.useKeyPrefix = false;
      return Promise.resolve(new KeyvSubject(keyv));
    });
  },
};
