/**
 * A Valkey store for the contract suite. The clock is the server's, so time passes by bringing the
 * deadlines of its keys nearer.
 */

import type { ValkeyKv } from "../../kv/backends.ts";
import { openKv } from "../../kv/open.ts";
import type { ValkeyOptions } from "../../kv/options.ts";
import type { Subject } from "../conformance/subject.ts";

/** How long time really passes: what waits on the server has its turn. */
const REAL_MS_MAX = 50;

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

/** Brings every deadline in the database `ms` milliseconds nearer. */
export async function shiftDeadlines(kv: ValkeyKv, ms: number): Promise<void> {
  await kv.command("EVAL", SHIFT_DEADLINES, 0, ms);
}

/** Empties the database and opens a store on it; `admin` is another one, which stays. */
export async function openSubject(
  options: ValkeyOptions,
  admin: ValkeyKv,
): Promise<Subject & AsyncDisposable> {
  await admin.command("FLUSHDB", "SYNC");
  const kv = await openKv(options);
  return {
    kv,
    async advance(ms: number): Promise<void> {
      await new Promise((resolve) => setTimeout(resolve, Math.min(ms, REAL_MS_MAX)));
      await shiftDeadlines(admin, ms);
    },
    [Symbol.asyncDispose]: () => kv.close(),
  };
}
