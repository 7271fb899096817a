/** node-redis, by RESP2 and by RESP3. It gathers the commands of a turn by itself. */

import { Buffer } from "node:buffer";
import type { Contender } from "../subject.ts";
import type { ValkeySubject } from "../valkey_pass.ts";
import { loadPeer } from "./load.ts";

interface Client {
  connect(): Promise<unknown>;
  get(key: string): Promise<unknown>;
  set(key: string, value: string | Buffer): Promise<unknown>;
  rPush(key: string, value: string): Promise<number>;
  lPop(key: string): Promise<unknown>;
  withTypeMapping(mapping: Record<number, unknown>): Client;
  close(): Promise<void>;
}

interface ClientModule {
  createClient(options: Record<string, unknown>): Client;
  RESP_TYPES: { BLOB_STRING: number };
}

class NodeRedisSubject implements ValkeySubject {
  readonly #client: Client;
  readonly #bytes: Client;

  constructor(client: Client, bytes: Client) {
    this.#client = client;
    this.#bytes = bytes;
  }

  get(key: string): Promise<unknown> {
    return this.#client.get(key);
  }

  set(key: string, value: string): Promise<unknown> {
    return this.#client.set(key, value);
  }

  push(key: string, value: string): Promise<unknown> {
    return this.#client.rPush(key, value);
  }

  popFirst(key: string): Promise<unknown> {
    return this.#client.lPop(key);
  }

  getBytes(key: string): Promise<Uint8Array | null> {
    return this.#bytes.get(key) as Promise<Uint8Array | null>;
  }

  setBytes(key: string, value: Uint8Array): Promise<unknown> {
    return this.#client.set(key, Buffer.from(value.buffer, value.byteOffset, value.length));
  }

  close(): Promise<unknown> {
    return this.#client.close();
  }
}

function nodeRedis(RESP: 2 | 3): Contender<ValkeySubject> {
  return {
    name: `node-redis RESP${RESP}`,
    kind: "peer",
    settings: `RESP: ${RESP}`,
    load() {
      const { createClient, RESP_TYPES } = loadPeer<ClientModule>("redis");
      return Promise.resolve(async (place) => {
        const client = createClient({ RESP, socket: { port: Number(place), host: "127.0.0.1" } });
        await client.connect();
        const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
        return new NodeRedisSubject(client, bytes);
      });
    },
  };
}

/** node-redis by RESP2. */
export const nodeRedis2: Contender<ValkeySubject> = nodeRedis(2);
/** node-redis by RESP3. */
export const nodeRedis3: Contender<ValkeySubject> = nodeRedis(3);
