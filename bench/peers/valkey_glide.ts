/** valkey-glide: a client in Rust with threads of its own, behind a JavaScript interface. */

import { Buffer } from "node:buffer";
import type { Contender } from "../subject.ts";
import type { ValkeySubject } from "../valkey_pass.ts";
import { loadPeer } from "./load.ts";

interface Client {
  get(key: string, options?: { decoder: unknown }): Promise<unknown>;
  set(key: string, value: string | Buffer): Promise<unknown>;
  rpush(key: string, values: string[]): Promise<number>;
  lpop(key: string): Promise<unknown>;
  close(): void;
}

interface ClientModule {
  GlideClient: { createClient(options: Record<string, unknown>): Promise<Client> };
  Decoder: { Bytes: unknown };
}

class GlideSubject implements ValkeySubject {
  readonly #client: Client;
  readonly #bytes: { decoder: unknown };

  constructor(client: Client, bytes: unknown) {
    this.#client = client;
    this.#bytes = { decoder: bytes };
  }

  get(key: string): Promise<unknown> {
    return this.#client.get(key);
  }

  set(key: string, value: string): Promise<unknown> {
    return this.#client.set(key, value);
  }

  push(key: string, value: string): Promise<unknown> {
    return this.#client.rpush(key, [value]);
  }

  popFirst(key: string): Promise<unknown> {
    return this.#client.lpop(key);
  }

  getBytes(key: string): Promise<Uint8Array | null> {
    return this.#client.get(key, this.#bytes) as Promise<Uint8Array | null>;
  }

  setBytes(key: string, value: Uint8Array): Promise<unknown> {
    return this.#client.set(key, Buffer.from(value.buffer, value.byteOffset, value.length));
  }

  close(): Promise<unknown> {
    return Promise.resolve(this.#client.close());
  }
}

/** valkey-glide. */
export const valkeyGlide: Contender<ValkeySubject> = {
  name: "valkey-glide",
  kind: "peer",
  settings: "GlideClient, inflightRequestsLimit 2000, requestTimeout 10 s",
  load() {
    const { GlideClient, Decoder } = loadPeer<ClientModule>("@valkey/valkey-glide");
    return Promise.resolve(async (place) => {
      const client = await GlideClient.createClient({
        addresses: [{ host: "127.0.0.1", port: Number(place) }],
        inflightRequestsLimit: 2000,
        requestTimeout: 10_000,
      });
      return new GlideSubject(client, Decoder.Bytes);
    });
  },
};
