import type { CheckedFileOptions } from "../../kv/checked_options.ts";
import { DenoStorage } from "./deno_storage.ts";
import type { Storage } from "./storage.ts";
export function openStorage(options: CheckedFileOptions): Promise<Storage> {
  const file = Deno.openSync(options.path, { read: true, write: true, create: true });
  return Promise.resolve(new DenoStorage(file, options.path, true));
}
