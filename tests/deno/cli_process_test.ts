/**
 * The command line tool as a process: exit codes, pipes that close, signals, and being killed in
 * the midst of carrying a store.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { openKv } from "../../mod.ts";
import { commandTests, type Ended, makeDirectory, spawnJetkv } from "../support/command_line.ts";
import { contentOf, fillMixed } from "../support/mixed_store.ts";
import { Prng } from "../support/prng.ts";
import { startScripted } from "../support/scripted_server.ts";

const test = await commandTests("run", "read");

/** Enough for a run to take a while. */
const KEY_COUNT = 8_000;
const KILLS = 8;

async function jetkv(words: readonly string[], permissions?: readonly string[]): Promise<Ended> {
  const { code, stdout, stderr } = await spawnJetkv(words, permissions).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Makes a file store, and gives what it holds. */
async function fillFile(path: string, count: number, seed: number): Promise<string> {
  await using kv = await openKv({ backend: "file", path });
  await fillMixed(kv, count, new Prng(seed));
  for (let i = 0; i < count; i += 100) {
    await kv.append("long", ...Array.from({ length: 100 }, (_, j) => `job ${i + j}`));
  }
  await kv.touch("long", 3_600_000);
  return await contentOf(kv);
}

test("ends with the exit code of its answer", async () => {
  await using directory = await makeDirectory();
  const url = `file:${directory.path}/kv`;
  assertEquals(await jetkv(["put", url, "k", "hello"]), { code: 0, stdout: "", stderr: "" });
  assertEquals(await jetkv(["get", url, "k"]), { code: 0, stdout: "hello", stderr: "" });
  assertEquals(await jetkv(["get", url, "none"]), { code: 1, stdout: "", stderr: "" });
  assertEquals((await jetkv(["get", url])).code, 2);
  assertEquals((await jetkv(["append", url, "k", "v"])).code, 3);
});

test("names the flag of a permission that is missing", async () => {
  await using directory = await makeDirectory();
  const url = `file:${directory.path}/kv`;
  const [put, get] = [["put", url, "k", "v"], ["get", "valkey://127.0.0.1:1", "k"]];
  for (
    const [words, permissions, flag] of [
      [put, [], /--allow-(read|write)/],
      [put, ["--allow-read"], /--allow-write/],
      [get, [], /--allow-net/],
    ] as const
  ) {
    const { code, stderr } = await jetkv(words, permissions);
    assertEquals(code, 5, stderr);
    assertMatch(stderr, flag);
  }
});

test("ends silently where nobody reads on, as any program in a pipe", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/kv`;
  await fillFile(path, KEY_COUNT, 1);
  for (const words of [["keys", `file:${path}`], ["dump", `file:${path}`, "--quiet"]]) {
    const process = spawnJetkv(words);
    const reader = process.stdout.getReader();
    await reader.read();
    await reader.cancel();
    const [{ code }, stderr] = await Promise.all([process.status, textOf(process.stderr)]);
    assertEquals([code, stderr], [141, ""]);
  }
});

test("says what the disk said where standard output is full", async () => {
  if (Deno.build.os !== "linux") return;
  const main = new URL("../../cli/main.ts", import.meta.url).pathname;
  const script = `"$0" run --quiet --allow-all "$1" dump memory: > /dev/full`;
  const args = ["-c", script, Deno.execPath(), main];
  const { code, stderr } = await new Deno.Command("sh", { args }).output();
  assertEquals(code, 3);
  const message =
    /^error: Cannot write to standard output: No space left on device \(os error 28\)$/m;
  assertMatch(new TextDecoder().decode(stderr), message);
});

test("stops a dump at Ctrl-C, and keeps nothing of it", async () => {
  await using directory = await makeDirectory();
  await fillFile(`${directory.path}/kv`, KEY_COUNT, 2);
  await Deno.mkdir(`${directory.path}/out`);
  const process = spawnJetkv(["dump", `file:${directory.path}/kv`, `${directory.path}/out/dump`]);
  await until(async () => (await namesIn(`${directory.path}/out`)).length > 0);
  process.kill("SIGINT");
  const { code, stderr } = await process.output();
  assertEquals(code, 130);
  assertMatch(new TextDecoder().decode(stderr), /error: Interrupted\n$/);
  assertEquals(await namesIn(`${directory.path}/out`), []);
});

for (const [name, exitCode] of [["SIGTERM", 143], ["SIGHUP", 129]] as const) {
  test(`stops waiting for an element at ${name}`, async () => {
    await using directory = await makeDirectory();
    const url = `file:${directory.path}/kv`;
    await jetkv(["append", url, "other", "v"]);
    const process = spawnJetkv(["pop", `${url}?lock=wait`, "queue", "--wait", "forever"]);
    // While it waits for an element it has the lock of the file.
    await until(async () => (await jetkv(["stats", url])).code === 3);
    process.kill(name);
    const { code, stdout } = await process.output();
    assertEquals([code, stdout.length], [exitCode, 0]);
  });
}

test("stops waiting for the lock of a file at SIGTERM", async () => {
  if (Deno.build.os !== "linux") return;
  await using directory = await makeDirectory();
  const path = `${directory.path}/kv`;
  await using _holder = await openKv({ backend: "file", path });
  const process = spawnJetkv(["get", `file:${path}?lock=wait`, "k"]);
  // It opens the file, and then it can only wait.
  await until(() => hasOpen(process.pid, path));
  process.kill("SIGTERM");
  assertEquals((await process.output()).code, 143);
});

test("stops reading a pipe that nobody writes to at SIGTERM", async () => {
  if (Deno.build.os === "windows") return;
  await using directory = await makeDirectory();
  const path = `${directory.path}/pipe`;
  await new Deno.Command("mkfifo", { args: [path] }).output();
  const process = spawnJetkv(["restore", "memory:", path]);
  // Opened once someone reads.
  using _pipe = await Deno.open(path, { write: true });
  process.kill("SIGTERM");
  assertEquals((await process.output()).code, 143);
});

test("ends well where the work is done and nobody reads of it", async () => {
  if (Deno.build.os !== "linux") return;
  await using directory = await makeDirectory();
  const main = new URL("../../cli/main.ts", import.meta.url).pathname;
  const script = `"$0" run --quiet --allow-all "$1" dump memory: "$2" 2> /dev/full`;
  const args = ["-c", script, Deno.execPath(), main, `${directory.path}/dump`];
  assertEquals((await new Deno.Command("sh", { args }).output()).code, 0);
});

test("stops a clear at SIGTERM, though the server is silent", async () => {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  await using server = await startScripted(([name]) => {
    if (name === "SCAN") resolve();
  });
  const url = `valkey://127.0.0.1:${server.port}?readTimeout=3600000`;
  const process = spawnJetkv(["clear", url, "--all"]);
  await asked;
  process.kill("SIGTERM");
  assertEquals((await process.output()).code, 143);
});

for (const name of ["restore", "copy"]) {
  test(`${name} ends in the right store when it runs again after SIGKILL`, async () => {
    await using directory = await makeDirectory();
    const [from, to, file] = ["from", "to", "dump"].map((name) => `${directory.path}/${name}`);
    const content = await fillFile(from!, KEY_COUNT, 3);
    await Deno.writeTextFile(file!, content);
    const words = name === "restore"
      ? ["restore", `file:${to}`, file!]
      : ["copy", `file:${from}`, `file:${to}`];
    const startMs = performance.now();
    assertEquals((await jetkv(words)).code, 0);
    const runMs = performance.now() - startMs;
    const prng = new Prng(Number(Deno.pid));
    let killed = 0;
    for (let i = 0; i < KILLS; i++) {
      if (prng.chance(0.5)) await Deno.remove(to!).catch(() => {});
      const process = spawnJetkv(words);
      const timer = setTimeout(() => killIfAlive(process), prng.below(runMs));
      const { success } = await process.output();
      clearTimeout(timer);
      if (!success) killed++;
    }
    assert(killed > 0);
    assertEquals((await jetkv(words)).code, 0);
    await using kv = await openKv({ backend: "file", path: to! });
    assertEquals(await kv.check(), []);
    assert(await contentOf(kv) === content, `other content; the seed was ${Deno.pid}`);
  });
}

/** Kills a process. One that has ended a moment ago, of which nobody has heard yet, throws. */
function killIfAlive(process: Deno.ChildProcess): void {
  try {
    process.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return await new Response(stream).text();
}

/** Whether a process has a file open; asked by a program, as Deno shows `/proc` to nobody. */
async function hasOpen(pid: number, path: string): Promise<boolean> {
  const args = ["-c", 'readlink /proc/"$0"/fd/*', `${pid}`];
  const { stdout } = await new Deno.Command("sh", { args }).output();
  return new TextDecoder().decode(stdout).split("\n").includes(path);
}

async function namesIn(path: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name);
}

/** Asks until the answer is yes. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!await isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
}
