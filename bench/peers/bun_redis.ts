/** Bun's own client, in native code. */

import type { Contender } from "../subject.ts";
import type { ValkeySubject } from "../valkey_pass.ts";

interface Client {
  connect(): Promise<void>;
  get(key: string): Promise<string | null>;
  getBuffer(key: string): Promise<Uint8Array | null>;
  set(key: string, value: string | Uint8Array): Promise<unknown>;
  rpush(key: string, value: string): Promise<number>;
  lpop(key: string): Promise<string | null>;
  close(): void;
}

type ClientClass = new (url: string) => Client;

class BunRedisSubject implements ValkeySubject {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  get(key: string): Promise<unknown> {
    return this.#client.get(key);
  }

  set(key: string, value: string): Promise<unknown> {
    return this.#client.set(key, value);
  }

  push(key: string, value: string): Promise<unknown> {
    return this.#client.rpush(key, value);
  }

  popFirst(key: string): Promise<unknown> {
    return this.#client.lpop(key);
  }

  getBytes(key: string): Promise<Uint8Array | null> {
    return this.#client.getBuffer(key);
  }

  setBytes(key: string, value: Uint8Array): Promise<unknown> {
    return this.#client.set(key, value);
  }

  close(): Promise<unknown> {
    return Promise.resolve(this.#client.close());
  }
}

/** Bun's `RedisClient`. */
export const bunRedis: Contender<ValkeySubject> = {
  name: "Bun.RedisClient",
  kind: "peer",
  settings: "as it comes, with automatic pipelining",
  load() {
    const { Bun } = globalThis as { Bun?: { RedisClient: ClientClass } };
    if (Bun === undefined) throw new Error("Cannot load Bun.RedisClient: this runtime is not Bun");
    return Promise.resolve(async (place) => {
      const client = new Bun.RedisClient(`redis://127.0.0.1:${place}`);
      await client.connect();
      return new BunRedisSubject(client);
    });
  },
};
