/**
 * Memory stores, on clocks that the test moves.
 */

import { openMemoryKv } from "../../backends/memory/memory_kv.ts";
import type { MemoryKv } from "../../kv/backends.ts";
import type { Subject } from "../conformance/subject.ts";
import { ManualClock } from "./manual_clock.ts";

/** A memory store, its clock, and what the suite needs of them. */
export interface MemorySubject extends Subject, AsyncDisposable {
  readonly kv: MemoryKv;
  readonly clock: ManualClock;
}

/** Opens a store in memory without bounds, by default on the machine's clock. */
export function openMemory(clock?: ManualClock): MemoryKv {
  return openMemoryKv({ maxEntries: undefined, maxBytes: undefined }, clock);
}

/** Opens a store in memory, by default without bounds. */
export function openMemorySubject(
  limits: { readonly maxEntries?: number; readonly maxBytes?: number } = {},
): MemorySubject {
  const clock = new ManualClock();
  const { maxEntries, maxBytes } = limits;
  const kv = openMemoryKv({ maxEntries, maxBytes }, clock);
  return {
    kv,
    clock,
    advance: (ms: number) => clock.advance(ms),
    [Symbol.asyncDispose]: () => kv.close(),
  };
}
