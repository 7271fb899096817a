/**
 * What a file store needs to be permitted on Deno, and what it says where that is missing.
 */

import { assert, assertEquals } from "@std/assert";
import { openDenoStorage } from "../../backends/file/deno_storage.ts";
import { openStorageKv } from "../../backends/file/file_kv.ts";
import { openKv } from "../../mod.ts";

const path = `${import.meta.dirname}/permission_probe.ts`;
const canRun = (await Deno.permissions.query({ name: "run" })).state === "granted" &&
  (await Deno.permissions.query({ name: "read" })).state === "granted";
const ignore = !canRun;
const reason = canRun ? "" : " (ignored: it needs --allow-run and --allow-read)";

/** Opens a store in another process; returns what that said. */
async function probe(
  file: string,
  flags: string[],
  option: "keep" | "truncate" | "wait",
): Promise<string> {
  const args = ["run", "--quiet", "--no-check", "--no-prompt", ...flags, path, file, option];
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

Deno.test("openKv() makes a new file with --allow-write alone", async () => {
  const directory = await Deno.makeTempDir();
  const kv = await openKv({ backend: "file", path: `${directory}/a.db` });
  await kv.put("a", "1");
  await kv.append("b", "2");
  assertEquals([await kv.get("a"), await kv.pop("b"), await kv.check()], ["1", "2", []]);
  await kv.close();
  await Deno.remove(directory, { recursive: true });
});

Deno.test({
  name: `openKv() names the flags that are missing${reason}`,
  ignore,
  async fn() {
    const directory = await Deno.makeTempDir();
    const file = `${directory}/a.db`;
    const write = [`--allow-write=${directory}`];
    const both = [...write, `--allow-read=${directory}`];
    assert((await probe(file, [], "keep")).includes("--allow-read and --allow-write"));
    assertEquals(await probe(file, write, "keep"), "1 key\n");
    assert((await probe(file, write, "keep")).includes("run Deno with --allow-read"));
    assertEquals(await probe(file, both, "keep"), "2 keys\n");
    assertEquals(await probe(file, write, "truncate"), "1 key\n");
    const device = await probe("/dev/full", ["--allow-read", "--allow-write"], "keep");
    assert(device.includes("run Deno with --allow-all"));
    await Deno.remove(directory, { recursive: true });
  },
});

/** By then the other process waits for the lock; if not, the test shows less and holds. */
const OPENING_MS = 1_000;

Deno.test({
  name: `openKv() with --allow-write alone spares what came while it waited${reason}`,
  ignore,
  async fn() {
    const directory = await Deno.makeTempDir();
    const path = `${directory}/a.db`;
    const storage = openDenoStorage(path, false);
    assert(await storage.tryLock(path));
    const waiting = probe(path, [`--allow-write=${directory}`], "wait");
    await new Promise((resolve) => setTimeout(resolve, OPENING_MS));
    const settings = {
      path,
      addressSpaceSize: 4096,
      cacheBytes: 2 ** 20,
      durability: "process",
    } as const;
    const kv = await openStorageKv(storage, settings);
    await kv.put("k", "v");
    await kv.close();
    assert((await waiting).includes("run Deno with --allow-read"));
    await using again = await openKv({ backend: "file", path });
    assertEquals(await again.get("k"), "v");
    await Deno.remove(directory, { recursive: true });
  },
});
