/**
 * The file backend as a user meets it.
 */

import { type Clock, systemClock } from "../../internal/clock.ts";
import type { FileKv } from "../../kv/backends.ts";
import type { CheckedFileOptions } from "../../kv/checked_options.ts";
import { text } from "../../kv/codec.ts";
import type { Value } from "../../kv/kv.ts";
import { KvView } from "../../kv/views.ts";
import { FileStore, type StoreSettings } from "./file_store.ts";
import { openStorage } from "./open_storage.ts";
import type { Storage } from "./storage.ts";

class FileView extends KvView<string, Value> implements FileKv {
  override readonly backend = "file";
  readonly #store: FileStore;

  constructor(store: FileStore) {
    super(store, text);
    this.#store = store;
  }

  sync(): Promise<void> {
    return this.guarded(() => this.#store.sync());
  }

  check(): Promise<string[]> {
    return this.guarded(() => this.#store.check());
  }

  compact(): Promise<void> {
    return this.guarded(() => this.#store.compact());
  }
}

/** Opens a store in a file. */
export async function openFileKv(
  options: CheckedFileOptions,
  clock: Clock = systemClock,
): Promise<FileKv> {
  return await openStorageKv(await openStorage(options), options, clock);
}

/** Opens a store over a storage, which it closes in the end. */
export async function openStorageKv(
  storage: Storage,
  settings: StoreSettings,
  clock: Clock = systemClock,
): Promise<FileKv> {
  return new FileView(await FileStore.open(storage, settings, clock));
}
