/** JetKV's file store, with no option set but how durable it is. */

import { type FileOptions, openKv } from "../../mod.ts";
import type { Contender } from "../subject.ts";

type Settings = Pick<FileOptions, "durability" | "cacheBytes">;

function jetkvFile(name: string, settings: Settings): Contender {
  const shown = Object.entries(settings).map(([option, value]) =>
    `${option}: ${JSON.stringify(value)}`
  );
  return {
    name,
    kind: "jetkv",
    settings: `openKv({ backend: "file", path, ${shown.join(", ")} })`,
    load: () =>
      Promise.resolve((place) => openKv({ backend: "file", path: `${place}/db`, ...settings })),
  };
}

/** JetKV in a file: a write resolves once the kernel has it. */
export const jetkvProcess: Contender = jetkvFile("JetKV", { durability: "process" });
/** The same with as much memory as the peers may take that map their files. */
export const jetkvLargeCache: Contender = jetkvFile("JetKV, cache of 1 GiB", {
  durability: "process",
  cacheBytes: 2 ** 30,
});
/** JetKV in a file: a write resolves once it is synced. */
export const jetkvPower: Contender = jetkvFile("JetKV", { durability: "power" });
