/** ioredis and its fork iovalkey, which share their interface. */

import { Buffer } from "node:buffer";
import type { Contender } from "../subject.ts";
import type { ValkeySubject } from "../valkey_pass.ts";
import { loadPeer } from "./load.ts";

interface Client {
  get(key: string): Promise<string | null>;
  getBuffer(key: string): Promise<Uint8Array | null>;
  set(key: string, value: string | Buffer): Promise<unknown>;
  rpush(key: string, value: string): Promise<number>;
  lpop(key: string): Promise<string | null>;
  quit(): Promise<unknown>;
}

interface ClientModule {
  default: new (options: Record<string, unknown>) => Client;
}

class IoredisSubject implements ValkeySubject {
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
    // Of a Uint8Array that is no Buffer it would store the text "1,2,3".
    return this.#client.set(key, Buffer.from(value.buffer, value.byteOffset, value.length));
  }

  close(): Promise<unknown> {
    return this.#client.quit();
  }
}

function ioredisLike(module: string, enableAutoPipelining: boolean): Contender<ValkeySubject> {
  return {
    name: `${module}${enableAutoPipelining ? " auto" : ""}`,
    kind: "peer",
    settings: `enableAutoPipelining: ${enableAutoPipelining}`,
    load() {
      const { default: Client } = loadPeer<ClientModule>(module);
      return Promise.resolve((place) => {
        const client = new Client({ port: Number(place), enableAutoPipelining });
        return Promise.resolve(new IoredisSubject(client));
      });
    },
  };
}

/** ioredis as it comes. */
export const ioredis: Contender<ValkeySubject> = ioredisLike("ioredis", false);
/** ioredis with automatic pipelining. */
export const ioredisAuto: Contender<ValkeySubject> = ioredisLike("ioredis", true);
/** iovalkey as it comes. */
export const iovalkey: Contender<ValkeySubject> = ioredisLike("iovalkey", false);
/** iovalkey with automatic pipelining. */
export const iovalkeyAuto: Contender<ValkeySubject> = ioredisLike("iovalkey", true);
