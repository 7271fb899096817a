/** `@db/redis` from JSR, which this bench does not install: it is there or it is skipped. */

import type { Contender } from "../subject.ts";
import type { ValkeySubject } from "../valkey_pass.ts";

interface Client {
  get(key: string): Promise<unknown>;
  set(key: string, value: string | Uint8Array): Promise<unknown>;
  rpush(key: string, value: string): Promise<number>;
  lpop(key: string): Promise<unknown>;
  sendCommand(
    command: string,
    args: string[],
    options: { returnUint8Arrays: boolean },
  ): Promise<unknown>;
  close(): void;
}

interface ClientModule {
  connect(options: { hostname: string; port: number }): Promise<Client>;
}

class DbRedisSubject implements ValkeySubject {
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
    const bytes = this.#client.sendCommand("GET", [key], { returnUint8Arrays: true });
    return bytes as Promise<Uint8Array | null>;
  }

  setBytes(key: string, value: Uint8Array): Promise<unknown> {
    return this.#client.set(key, value);
  }

  close(): Promise<unknown> {
    return Promise.resolve(this.#client.close());
  }
}

/** The client that Deno programs have used so far. */
export const dbRedis: Contender<ValkeySubject> = {
  name: "@db/redis",
  kind: "peer",
  settings: "one connection",
  async load() {
    if (!("Deno" in globalThis)) throw new Error("Cannot load @db/redis: this runtime is not Deno");
    // A variable, so that nothing asks for the package before this bench runs.
    const module = "jsr:@db/redis@^0.40.0";
    let client: ClientModule;
    try {
      client = await import(module) as ClientModule;
    } catch (cause) {
      throw new Error("Cannot load @db/redis: JSR not reachable", { cause });
    }
    return async (place) =>
      new DbRedisSubject(await client.connect({ hostname: "127.0.0.1", port: Number(place) }));
  },
};
