/** keyv over its built-in `Map`, as it comes and at its fastest. */

import type { Contender, Subject } from "../subject.ts";
import { ArrayQueue } from "./array_queue.ts";
import { KeyedArrays } from "./keyed_arrays.ts";
import { loadPeer } from "./load.ts";

interface Keyv {
  useKeyPrefix: boolean;
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<boolean>;
  delete(key: string): Promise<boolean>;
}

interface KeyvModule {
  default: new (
    options?: { serialize: undefined; deserialize: undefined },
  ) => Keyv;
}

class KeyvSubject implements Subject {
  readonly #keyv: Keyv;
  readonly #arrays: KeyedArrays = new KeyedArrays(this);

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

  append(key: string, value: string): Promise<unknown> {
    return this.#arrays.append(key, value);
  }

  popFirst(key: string): Promise<unknown> {
    return this.#arrays.popFirst(key);
  }

  async close(): Promise<void> {}
}

/** Keeps arrays as objects by reference, which only works without serialization. */
class KeyvByReference extends KeyvSubject {
  readonly #keyv: Keyv;

  constructor(keyv: Keyv) {
    super(keyv);
    this.#keyv = keyv;
  }

  override async append(key: string, value: string): Promise<unknown> {
    return (await this.#keyv.get(key) as ArrayQueue).push(value);
  }

  override async popFirst(key: string): Promise<unknown> {
    return (await this.#keyv.get(key) as ArrayQueue).shift();
  }

  async prepareArrays(keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.#keyv.set(key, new ArrayQueue());
  }
}

/** keyv's memory store as it comes. */
export const keyvMemory: Contender = {
  name: "keyv",
  kind: "peer",
  settings: "memory store, as it comes; arrays as numbered keys",
  load() {
    const { default: Keyv } = loadPeer<KeyvModule>("keyv");
    return Promise.resolve(() => Promise.resolve(new KeyvSubject(new Keyv())));
  },
};

/** keyv's memory store without serialization and key prefix: its fastest way. */
export const keyvByReference: Contender = {
  name: "keyv raw",
  kind: "peer",
  settings: "memory store, no serialization, no key prefix; arrays kept by reference",
  load() {
    const { default: Keyv } = loadPeer<KeyvModule>("keyv");
    return Promise.resolve(() => {
      const keyv = new Keyv({ serialize: undefined, deserialize: undefined });
      keyv.useKeyPrefix = false;
      return Promise.resolve(new KeyvByReference(keyv));
    });
  },
};
