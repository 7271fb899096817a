/**
 * The Valkey store keeps the contract, on a real server.
 */

import { describe, it } from "node:test";
import { openKv } from "../kv/open.ts";
import type { ValkeyKv } from "../kv/kv.ts";
import { conformance } from "./conformance/conformance.ts";
import type { Subject } from "./conformance/subject.ts";
import { findValkey, type TestServer } from "./support/valkey_server.ts";

/** As long as a case may count on for a call that is to time out. */
const REAL_MS_MAX = 50;

/** Brings every deadline so many milliseconds nearer. */
const SHIFT_DEADLINES = `local cursor, ms = '0', tonumber(ARGV[1])
repeat
  local page = redis.call('SCAN', cursor, 'COUNT', 1000)
  cursor = page[1]
  for _, key in ipairs(page[2]) do
    local left = redis.call('PTTL', key)
    if left >= 0 and left <= ms then redis.call('DEL', key) end
    if left > ms then redis.call('PEXPIRE', key, string.format('%.0f', left - ms)) end
  end
until cursor == '0'`;

async function open(
  { url, database }: TestServer,
  admin: ValkeyKv,
): Promise<Subject & AsyncDisposable> {
  await admin.command("FLUSHDB");
  const kv = await openKv({ backend: "valkey", url, database });
  return {
    kv,
    async advance(ms: number): Promise<void> {
      const realMs = Math.min(ms, REAL_MS_MAX);
      await new Promise((resolve) => setTimeout(resolve, realMs));
      await admin.command("EVAL", SHIFT_DEADLINES, 0, ms);
    },
    [Symbol.asyncDispose]: () => kv.close(),
  };
}

const found = await findValkey();
if ("reason" in found) {
  describe("Valkey", () => it("keeps the contract", { skip: found.reason }));
} else {
  const admin = await openKv({ backend: "valkey", url: found.url, database: found.database });
  conformance("Valkey", () => open(found, admin));
}
