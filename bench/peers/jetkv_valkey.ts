/** JetKV on Valkey, with no option set. */

import { bytes, type Kv, openKv, type ValkeyKv } from "../../mod.ts";
import type { Contender } from "../subject.ts";
import type { ValkeySubject } from "../valkey_pass.ts";

class JetkvSubject implements ValkeySubject {
  readonly #kv: ValkeyKv;
  readonly #bytes: Kv<Uint8Array, string | Uint8Array>;

  constructor(kv: ValkeyKv) {
    this.#kv = kv;
    this.#bytes = kv.withCodec(bytes);
  }

  get(key: string): Promise<unknown> {
    return this.#kv.get(key);
  }

  set(key: string, value: string): Promise<unknown> {
    return this.#kv.put(key, value);
  }

  push(key: string, value: string): Promise<unknown> {
    return this.#kv.append(key, value);
  }

  popFirst(key: string): Promise<unknown> {
    return this.#kv.popFirst(key);
  }

  getBytes(key: string): Promise<Uint8Array | null> {
    return this.#bytes.get(key);
  }

  setBytes(key: string, value: Uint8Array): Promise<unknown> {
    return this.#bytes.put(key, value);
  }

  close(): Promise<void> {
    return this.#kv.close();
  }
}

/** JetKV on Valkey. */
export const jetkvValkey: Contender<ValkeySubject> = {
  name: "JetKV",
  kind: "jetkv",
  settings: 'openKv({ backend: "valkey", port })',
  load: () =>
    Promise.resolve(async (place) =>
      new JetkvSubject(await openKv({ backend: "valkey", port: Number(place) }))
    ),
};
