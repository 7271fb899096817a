/**
 * The Valkey backend as a user meets it.
 */

import type { Reply, ValkeyKv } from "../../kv/backends.ts";
import type { CheckedValkeyOptions } from "../../kv/checked_options.ts";
import { text } from "../../kv/codec.ts";
import type { Value } from "../../kv/kv.ts";
import { KvView } from "../../kv/views.ts";
import { connectNodeSocket } from "./node_socket.ts";
import { checkCommand } from "./raw_commands.ts";
import type { ConnectSocket } from "./socket.ts";
import { ValkeyStore } from "./valkey_store.ts";

class ValkeyView extends KvView<string, Value> implements ValkeyKv {
  override readonly backend = "valkey";
  readonly #store: ValkeyStore;

  constructor(store: ValkeyStore) {
    super(store, text);
    this.#store = store;
  }

  connect(): Promise<void> {
    return this.guarded(() => this.#store.connect());
  }

  flush(): Promise<void> {
    return this.guarded(() => this.#store.flush());
  }

  command(...args: readonly (Value | number)[]): Promise<Reply> {
    return this.guarded(() => {
      checkCommand(args);
      return this.#store.command(args);
    });
  }
}

/**
 * Opens a store on a Valkey server, and connects where `connectMode` says so.
 *
 * @param connectSocket Makes the connections.
 */
export async function openValkeyKv(
  options: CheckedValkeyOptions,
  connectSocket: ConnectSocket = connectNodeSocket,
): Promise<ValkeyKv> {
  const store = new ValkeyStore(options, connectSocket);
  if (options.connectMode === "auto") {
    try {
      await store.connect();
    } catch (error) {
      await store.close();
      throw error;
    }
  }
  return new ValkeyView(store);
}
