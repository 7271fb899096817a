/**
 * The bound of the file bench: reads from a bare `Map`, writes appended to a file and, for
 * durability against power loss, synced. The calls of one turn share one write and one sync.
 */

import { Buffer } from "node:buffer";
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import type { Contender, Subject } from "../subject.ts";
import { ArrayQueue } from "./array_queue.ts";

/** As many bytes as a log needs to tell what happened: a length, a checksum, a kind. */
const HEAD_BYTES = 12;

class LogSubject implements Subject {
  readonly #strings = new Map<string, string>();
  readonly #arrays = new Map<string, ArrayQueue>();
  readonly #file: number;
  readonly #sync: boolean;
  readonly #pending: Buffer = Buffer.alloc(2 ** 20);
  #pendingBytes = 0;
  #written: PromiseWithResolvers<void> | null = null;

  constructor(path: string, sync: boolean) {
    this.#file = openSync(path, "w");
    this.#sync = sync;
  }

  // deno-lint-ignore require-await -- the bound is an `async` function over a bare `Map`
  async get(key: string): Promise<string | undefined> {
    return this.#strings.get(key);
  }

  put(key: string, value: string): Promise<void> {
    this.#strings.set(key, value);
    return this.#append(key, value);
  }

  remove(key: string): Promise<void> {
    this.#strings.delete(key);
    return this.#append(key, "");
  }

  append(key: string, value: string): Promise<void> {
    let queue = this.#arrays.get(key);
    if (queue === undefined) this.#arrays.set(key, queue = new ArrayQueue());
    queue.push(value);
    return this.#append(key, value);
  }

  async popFirst(key: string): Promise<string | null> {
    const value = this.#arrays.get(key)?.shift() ?? null;
    await this.#append(key, "");
    return value;
  }

  // deno-lint-ignore require-await -- as above
  async close(): Promise<void> {
    closeSync(this.#file);
  }

  #append(key: string, value: string): Promise<void> {
    let at = this.#pendingBytes + HEAD_BYTES;
    at += this.#pending.write(key, at, "latin1");
    at += this.#pending.write(value, at, "latin1");
    this.#pendingBytes = at;
    if (this.#written === null) {
      this.#written = Promise.withResolvers();
      queueMicrotask(() => this.#write());
    }
    return this.#written.promise;
  }

  #write(): void {
    writeSync(this.#file, this.#pending, 0, this.#pendingBytes);
    if (this.#sync) fdatasyncSync(this.#file);
    this.#pendingBytes = 0;
    this.#written?.resolve();
    this.#written = null;
  }
}

function bareLog(sync: boolean): Contender {
  return {
    name: "Map and log",
    kind: "bound",
    settings: `a bare Map; each turn's writes appended to a file${sync ? " and fdatasync" : ""}`,
    load: () => Promise.resolve((place) => Promise.resolve(new LogSubject(`${place}/log`, sync))),
  };
}

/** Appends. */
export const bareLogProcess: Contender = bareLog(false);
/** Appends and syncs. */
export const bareLogPower: Contender = bareLog(true);
