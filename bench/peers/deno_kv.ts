/** `Deno.openKv`, in memory or on a path. Needs `--unstable-kv`. */

import type { Contender, Subject } from "../subject.ts";
import { KeyedArrays } from "./keyed_arrays.ts";

type Key = readonly (string | number)[];

interface DenoKv {
  get(key: Key): Promise<{ value: unknown }>;
  set(key: Key, value: unknown): Promise<unknown>;
  delete(key: Key): Promise<void>;
  close(): void;
}

type OpenDenoKv = (path: string) => Promise<DenoKv>;

class DenoKvSubject implements Subject {
  readonly #kv: DenoKv;
  readonly #arrays: KeyedArrays<Key>;

  constructor(kv: DenoKv) {
    this.#kv = kv;
    const calls = {
      get: async (key: Key) => (await kv.get(key)).value,
      put: (key: Key, value: string) => kv.set(key, value),
      remove: (key: Key) => kv.delete(key),
    };
    this.#arrays = new KeyedArrays<Key>(calls, (key, number) => [key, number]);
  }

  async get(key: string): Promise<unknown> {
    return (await this.#kv.get([key])).value;
  }

  put(key: string, value: string): Promise<unknown> {
    return this.#kv.set([key], value);
  }

  remove(key: string): Promise<unknown> {
    return this.#kv.delete([key]);
  }

  append(key: string, value: string): Promise<unknown> {
    return this.#arrays.append(key, value);
  }

  popFirst(key: string): Promise<unknown> {
    return this.#arrays.popFirst(key);
  }

  close(): Promise<unknown> {
    return Promise.resolve(this.#kv.close());
  }
}

function load(): OpenDenoKv {
  const deno = (globalThis as { Deno?: { openKv?: OpenDenoKv } }).Deno;
  if (deno === undefined) {
    throw new Error("Cannot load Deno.openKv: this runtime is not Deno");
  }
  if (deno.openKv === undefined) {
    throw new Error("Cannot load Deno.openKv: run with --unstable-kv");
  }
  return deno.openKv;
}

function denoKv(
  settings: string,
  pathIn: (place: string) => string,
): Contender {
  return {
    name: "Deno.openKv",
    kind: "peer",
    settings: `${settings}; arrays as numbered keys`,
    async load() {
      const openKv = await load();
      return async (place) => new DenoKvSubject(await openKv(pathIn(place)));
    },
  };
}

/** `Deno.openKv(":memory:")`. */
export const denoKvMemory: Contender = denoKv('":memory:"', () => ":memory:");
/** `Deno.openKv` on a path, which syncs each write. */
export const denoKvFile: Contender = denoKv(
  "on a path",
  (place) => `${place}/db`,
);
