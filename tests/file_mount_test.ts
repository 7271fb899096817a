/**
 * File stores on file systems made for them: one that is full, one that is read-only. To mount them
 * takes root on Linux; the same is tried with faults put in by hand in `file_faults_test.ts`.
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { openKv } from "../mod.ts";
import { isAllowed } from "./support/environment.ts";

const canRun = isAllowed("read") && isAllowed("run") && isAllowed("env");
const { makeDirectory } = canRun
  ? await import("./support/processes.ts")
  : {} as typeof import("./support/processes.ts");

interface Mounted extends Disposable {
  readonly path: string;
  remount(options: string): void;
}

/** Mounts a file system of a few MiB in memory; `null` where that is not possible. */
function mount(): Mounted | null {
  const directory = makeDirectory();
  const { path } = directory;
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "jetkv-test", path]);
  if (status !== 0) {
    directory[Symbol.dispose]();
    return null;
  }
  return {
    path,
    remount: (options) => spawnSync("mount", ["-o", `remount,${options}`, path]),
    [Symbol.dispose]() {
      spawnSync("umount", [path]);
      directory[Symbol.dispose]();
    },
  };
}

function canMount(): boolean {
  using mounted = mount();
  return mounted !== null;
}

function reasonToSkip(): string | false {
  if (!canRun) return "it needs --allow-read, --allow-run and --allow-env";
  return canMount() ? false : "it needs root on Linux, to mount a tmpfs";
}

const skip = reasonToSkip();
/** A limit on a hang. */
const timeout = 300_000;

const full = { name: "KvError", code: "full" };

describe("file on a file system of its own", () => {
  it(
    "rejects with full where the disk is, and works again once there is room",
    { skip, timeout },
    async () => {
      using mounted = mount()!;
      const path = `${mounted.path}/a.db`;
      writeFileSync(`${mounted.path}/ballast`, new Uint8Array(2 ** 20));
      const kv = await openKv({ backend: "file", path, durability: "power" });
      const value = "v".repeat(1_000);
      const keys: string[] = [];
      await rejects(async () => {
        for (let i = 0;; i++) {
          await kv.put(`key ${i}`, value);
          keys.push(`key ${i}`);
        }
      }, full);
      ok(keys.length > 500);
      await rejects(kv.append("list", value.repeat(4)), full);
      for (const key of keys) strictEqual(await kv.get(key), value);
      await kv.put(keys[0]!, "w".repeat(1_000));
      rmSync(`${mounted.path}/ballast`);
      await kv.append("list", value.repeat(4));
      deepStrictEqual(await kv.check(), []);
      await kv.close();
      await using again = await openKv({ backend: "file", path });
      strictEqual(await again.get(keys[0]!), "w".repeat(1_000));
      strictEqual(await again.length("list"), 1);
    },
  );

  it("rejects with io where the file is read-only", { skip, timeout }, async () => {
    using mounted = mount()!;
    const path = `${mounted.path}/a.db`;
    await (await openKv({ backend: "file", path })).close();
    mounted.remount("ro");
    await rejects(openKv({ backend: "file", path }), { name: "KvError", code: "io" });
  });
});
