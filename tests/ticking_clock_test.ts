/**
 * Stores on a clock that goes on between any two looks at it, as a real one may.
 */

import { ok, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { openStorageKv } from "../backends/file/file_kv.ts";
import { openMemoryKv } from "../backends/memory/memory_kv.ts";
import type { Clock } from "../internal/clock.ts";
import type { Kv } from "../kv/kv.ts";
import { CrashStorage } from "./support/crash_storage.ts";
import { ManualClock } from "./support/manual_clock.ts";

/** Goes on by a millisecond whenever it is looked at. */
class TickingClock extends ManualClock {
  override now(): number {
    this.step(1);
    return super.now();
  }
}

const FILE_OPTIONS = {
  path: "a.db",
  addressSpaceSize: 4096,
  cacheBytes: 2 ** 20,
  durability: "process",
} as const;

const stores: Readonly<Record<string, (clock: Clock) => Promise<Kv>>> = {
  memory: (clock) =>
    Promise.resolve(openMemoryKv({ maxEntries: undefined, maxBytes: undefined }, clock)),
  file: (clock) => openStorageKv(new CrashStorage(), FILE_OPTIONS, clock),
};

describe("on a clock that goes on", () => {
  for (const [name, open] of Object.entries(stores)) {
    it(`inspect() tells a whole millisecond or no key: ${name}`, async () => {
      await using kv = await open(new TickingClock());
      for (let expireIn = 1; expireIn < 20; expireIn++) {
        await kv.putExpire("k", "v", expireIn);
        for (let looks = 0; looks < 20; looks++) {
          const inspection = await kv.inspect("k");
          if (inspection === null) break;
          ok(inspection.expiresIn !== null && inspection.expiresIn >= 1);
        }
        strictEqual(await kv.has("k"), false);
      }
    });

    it(`move() onto itself takes an array that expires meanwhile or none: ${name}`, async () => {
      for (let expireIn = 1; expireIn < 20; expireIn++) {
        await using kv = await open(new TickingClock());
        await kv.append("a", "1", "2");
        await kv.touch("a", expireIn);
        const moved = await kv.move("a", "a", { take: "first", put: "last" });
        ok(moved === "1" || moved === null, `${moved}`);
        const left = await kv.range("a");
        ok(left.length === 0 || left.join() === (moved === null ? "1,2" : "2,1"), left.join());
        ok((await kv.inspect("a"))?.expiresIn !== null, "it has lost its expiry");
        await kv.delete("a");
        ok((await kv.stats()).bytes >= 0);
        await kv.put("k", "v");
        strictEqual(await kv.get("k"), "v");
      }
    });
  }
});
