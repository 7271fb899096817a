/** lru-cache, behind `async` functions: it is synchronous itself. */

import type { Contender, Subject } from "../subject.ts";
import { ArrayQueue } from "./array_queue.ts";
import { loadPeer } from "./load.ts";

interface Cache {
  get(key: string): string | ArrayQueue | undefined;
  set(key: string, value: string | ArrayQueue): unknown;
  delete(key: string): boolean;
}

interface LruCacheModule {
  LRUCache: new (options: { max: number }) => Cache;
}

/** Larger than any workload: nothing is evicted, the order of use is kept. */
const ENTRIES_MAX = 2_000_000;

class LruCacheSubject implements Subject {
  readonly #cache: Cache;

  constructor(cache: Cache) {
    this.#cache = cache;
  }

  // deno-lint-ignore require-await -- as a program would put it behind an asynchronous interface
  async get(key: string): Promise<unknown> {
    return this.#cache.get(key);
  }

  // deno-lint-ignore require-await -- as above
  async put(key: string, value: string): Promise<void> {
    this.#cache.set(key, value);
  }

  // deno-lint-ignore require-await -- as above
  async remove(key: string): Promise<boolean> {
    return this.#cache.delete(key);
  }

  // deno-lint-ignore require-await -- as above
  async append(key: string, value: string): Promise<number> {
    return (this.#cache.get(key) as ArrayQueue).push(value);
  }

  // deno-lint-ignore require-await -- as above
  async popFirst(key: string): Promise<string | null> {
    return (this.#cache.get(key) as ArrayQueue).shift();
  }

  // deno-lint-ignore require-await -- as above
  async prepareArrays(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#cache.set(key, new ArrayQueue());
  }

  async close(): Promise<void> {}
}

/** lru-cache with room for everything. */
export const lruCache: Contender = {
  name: "lru-cache",
  kind: "peer",
  settings: `max ${ENTRIES_MAX}, behind async functions; arrays kept by reference`,
  load() {
    const { LRUCache } = loadPeer<LruCacheModule>("lru-cache");
    return Promise.resolve(() =>
      Promise.resolve(new LruCacheSubject(new LRUCache({ max: ENTRIES_MAX })))
    );
  },
};
