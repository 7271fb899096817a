/** JetKV's file store, with no option set but how durable it is. */

import { openKv } from "../../mod.ts";
import type { Contender } from "../subject.ts";

function jetkvFile(durability: "process" | "power"): Contender {
  return {
    name: "JetKV",
    kind: "jetkv",
    settings: `openKv({ backend: "file", path, durability: "${durability}" })`,
    load: () =>
      Promise.resolve((place) => openKv({ backend: "file", path: `${place}/db`, durability })),
  };
}

/** JetKV in a file: a write resolves once the kernel has it. */
export const jetkvProcess: Contender = jetkvFile("process");
/** JetKV in a file: a write resolves once it is synced. */
export const jetkvPower: Contender = jetkvFile("power");
