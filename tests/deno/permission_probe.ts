/**
 * Opens a file store, adds a key and counts them: `permission_probe.ts FILE keep|truncate|wait`.
 */

import { openKv } from "../../mod.ts";

const [path, option] = Deno.args as [string, string];
try {
  await using kv = await openKv({
    backend: "file",
    path,
    truncate: option === "truncate",
    lock: option === "wait" ? "wait" : "fail",
  });
  await kv.put(crypto.randomUUID(), "value");
  const { entries } = await kv.stats();
  console.log(entries === 1 ? "1 key" : `${entries} keys`);
} catch (error) {
  console.log(`${(error as Error).name}: ${(error as Error).message}`);
}
