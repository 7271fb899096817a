/** JetKV's own memory store, as a user gets it: no option set, values as text. */

import { openKv } from "../../mod.ts";
import type { Contender } from "../subject.ts";

/** JetKV in memory. */
export const jetkvMemory: Contender = {
  name: "JetKV",
  kind: "jetkv",
  settings: "openKv()",
  load: () => Promise.resolve(() => openKv()),
};
