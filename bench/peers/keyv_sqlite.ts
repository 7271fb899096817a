/** keyv over its own SQLite adapter. */

import type { Contender, Subject } from "../subject.ts";
import { KeyedArrays } from "./keyed_arrays.ts";
import { loadPeer } from "./load.ts";

interface Keyv {
  get(key: string): Promise<unknown>;
  set(key: string, value: string): Promise<boolean>;
  delete(key: string): Promise<boolean>;
  disconnect(): Promise<void>;
}

interface Adapter {
  query(sql: string): Promise<unknown>;
}

interface KeyvModule {
  default: new (options: { store: Adapter }) => Keyv;
}

interface KeyvSqliteModule {
  default: new (options: { uri: string }) => Adapter;
}

class KeyvSqliteSubject implements Subject {
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

  close(): Promise<unknown> {
    return this.#keyv.disconnect();
  }
}

/** keyv over SQLite with a write-ahead log. */
export const keyvSqlite: Contender = {
  name: "keyv SQLite",
  kind: "peer",
  settings: "@keyv/sqlite, journal_mode=WAL, synchronous=NORMAL; arrays as numbered keys",
  load() {
    const { default: Keyv } = loadPeer<KeyvModule>("keyv");
    const { default: KeyvSqlite } = loadPeer<KeyvSqliteModule>("@keyv/sqlite");
    return Promise.resolve(async (place) => {
      const store = new KeyvSqlite({ uri: `sqlite://${place}/db` });
      await store.query("PRAGMA journal_mode=WAL");
      await store.query("PRAGMA synchronous=NORMAL");
      return new KeyvSqliteSubject(new Keyv({ store }));
    });
  },
};
