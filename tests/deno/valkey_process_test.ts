/**
 * The Valkey store and the process around it: a missing permission is named, and a program ends
 * when its work is done.
 */

import { assert, assertEquals } from "@std/assert";
import { openKv } from "../../kv/open.ts";
import { isAllowed } from "../support/environment.ts";
import { findValkey, freePort } from "../support/valkey_server.ts";

Deno.test("openKv() names the permission that a Valkey store lacks", {
  permissions: { net: false },
}, async () => {
  for (const place of ["127.0.0.1:6379", "localhost:6379", "valkey.example:6379"]) {
    for (const scheme of ["valkey", "valkeys"]) {
      const error = await openKv(`${scheme}://${place}`).catch((error: unknown) => error);
      assert(error instanceof TypeError, String(error));
      assertEquals(error.message, `Cannot connect to ${place}: run with --allow-net=${place}`);
    }
  }
});

const valkey = await findValkey();
const ignore = "reason" in valkey || !isAllowed("run");

/** Runs a program, which must end by itself, and gives what it prints. */
async function run(program: string): Promise<string> {
  const openPath = new URL("../../kv/open.ts", import.meta.url).href;
  const code = `import { openKv } from ${JSON.stringify(openPath)};\n${program}`;
  const url = `data:application/typescript,${encodeURIComponent(code)}`;
  const args = ["run", "--quiet", "--no-check", "--allow-net", "--allow-import", url];
  const child = new Deno.Command(Deno.execPath(), { args, signal: AbortSignal.timeout(20_000) });
  const { stdout, stderr, success } = await child.output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("a program ends after close(), whatever waited", { ignore }, async () => {
  if ("reason" in valkey) return;
  const printed = await run(`
    const kv = await openKv(${JSON.stringify(`${valkey.url}/${valkey.database}`)});
    const waiting = kv.pop("no such key", { wait: true }).catch((error) => error.code);
    await kv.flush();
    await kv.close();
    console.log(await waiting);`);
  assertEquals(printed, "closed\n");
});

Deno.test("a program ends whose store never found its server", { ignore }, async () => {
  const printed = await run(`
    const kv = await openKv({
      backend: "valkey", port: ${await freePort()}, connectMode: "lazy", connectTimeout: 200,
    });
    console.log(await kv.get("k").catch((error) => error.outcome));`);
  assertEquals(printed, "not_sent\n");
});
