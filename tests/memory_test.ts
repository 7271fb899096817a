/**
 * The memory store keeps the contract.
 */

import { openMemoryKv } from "../backends/memory/memory_kv.ts";
import { conformance } from "./conformance/conformance.ts";
import { ManualClock } from "./support/manual_clock.ts";

conformance("memory", () => {
  const clock = new ManualClock();
  const kv = openMemoryKv({ maxEntries: undefined, maxBytes: undefined }, clock);
  return Promise.resolve({
    kv,
    advance: (ms: number) => clock.advance(ms),
    [Symbol.asyncDispose]: () => kv.close(),
  });
});
