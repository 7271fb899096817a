/** `Deno.openKv`, in memory or on a path. Needs `--unstable-kv`. */

import type { Contender, Subject } from "../subject.ts";
import { NumberedArrays } from "./numbered.ts";

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
  readonly #arrays = new NumberedArrays();

  constructor(kv: DenoKv) {
    this.#kv = kv;
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
    return this.#kv.set([key, this.#arrays.append(key)], value);
  }

  async popFirst(key: string): Promise<unknown> {
    const number = this.#arrays.popFirst(key);
    if (number === null) return null;
    const element = [key, number];
    const { value } = await this.#kv.get(element);
    await this.#kv.delete(element);
    return value;
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

/** `Deno.openKv(":memory:")`. */
export const denoKvMemory: Contender = {
  name: "Deno.openKv",
  kind: "peer",
  settings: '":memory:"; arrays as numbered keys',
  async load() {
    const openKv = await load();
    return async () => new DenoKvSubject(await openKv(":memory:"));
  },
};
