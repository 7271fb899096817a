/**
 * The memory backend as a user meets it.
 */

import { type Clock, systemClock } from "../../internal/clock.ts";
import type { MemoryKv } from "../../kv/backends.ts";
import { text } from "../../kv/codec.ts";
import type { Value } from "../../kv/kv.ts";
import { KvView } from "../../kv/views.ts";
import { MemoryStore } from "./memory_store.ts";
import type { MemoryLimits } from "./space.ts";

class MemoryView extends KvView<string, Value> implements MemoryKv {
  override readonly backend = "memory";
}

/** Opens a store in memory. */
export function openMemoryKv(limits: MemoryLimits, clock: Clock = systemClock): MemoryKv {
  return new MemoryView(new MemoryStore(limits, clock), text);
}
