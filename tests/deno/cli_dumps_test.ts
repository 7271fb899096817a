/**
 * Dumps, restores and copies from the command line, each command run within this process.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Interrupt } from "../../cli/exit.ts";
import { show } from "../../kv/errors.ts";
import { openKv } from "../../mod.ts";
import { dump } from "../../transfer/dump.ts";
import { commandTests, jetkv, makeDirectory } from "../support/command_line.ts";
import { contentOf, fillMixed } from "../support/mixed_store.ts";
import { Prng } from "../support/prng.ts";

const test = await commandTests("read");

test("dump, restore and copy carry a store to an equal one", async () => {
  await using directory = await makeDirectory();
  const [a, b, c, file] = ["a", "b", "c", "dump"].map((name) => `${directory.path}/${name}`);
  let content: string;
  {
    await using kv = await openKv(`file:${a!}`);
    await fillMixed(kv, 200, new Prng(1));
    content = await contentOf(kv);
  }
  const sum = (await jetkv(["dump", `file:${a}`, file!, "--sort", "--json"])).stdout;
  assertEquals(await Deno.readTextFile(file!), content);
  assertEquals((await jetkv(["dump", `file:${a}`, "--sort"])).stdout, content);
  assertEquals((await jetkv(["restore", `file:${b}`, file!, "--json"])).stdout, sum);
  assertEquals((await jetkv(["restore", "memory:", file!, "--check", "--json"])).stdout, sum);
  const copied = await jetkv(["copy", `file:${b}`, `file:${c}`]);
  const { strings, arrays } = JSON.parse(sum);
  assertMatch(copied.stderr, RegExp(`^Copied ${strings} strings, ${arrays} arrays with \\d+ ele`));
  assertEquals((await jetkv(["dump", `file:${c}`, "--sort"])).stdout, content);
  const piped = await jetkv(["restore", `file:${c}`, "--clear", "--quiet"], { input: content });
  assertEquals(piped, { code: 0, stdout: "", stderr: "" });
  assertEquals((await jetkv(["dump", `file:${c}`, "--sort", "--quiet"])).stdout, content);
});

test("copy refuses a file as its own target before it waits for the lock", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/kv`;
  await jetkv(["put", `file:${path}`, "k", "v"]);
  await Deno.symlink(path, `${directory.path}/link`);
  const words = ["copy", `file:${path}?lock=wait`, `file:${directory.path}/link?lock=wait`];
  const { code, stderr } = await jetkv(words);
  assertEquals(code, 2);
  assertMatch(stderr, /Cannot copy a store to itself: both URLs lead to the same file/);
});

test("dump refuses the file of its own store, and leaves it as it is", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/kv`;
  await jetkv(["put", `file:${path}`, "k", "v"]);
  await Deno.symlink(path, `${directory.path}/link`);
  for (const file of [path, `${directory.path}/link`]) {
    const { code, stderr } = await jetkv(["dump", `file:${path}`, file]);
    assertEquals(code, 2);
    assertMatch(stderr, /Cannot dump a store onto itself: FILE is the file of the store/);
  }
  assertEquals((await jetkv(["get", `file:${path}`, "k"])).stdout, "v");
});

test("restore refuses its own dump as the store, and leaves it as it is", async () => {
  await using directory = await makeDirectory();
  const file = `${directory.path}/backup.jsonl`;
  await jetkv(["put", `file:${directory.path}/kv`, "k", "v"]);
  await jetkv(["dump", `file:${directory.path}/kv`, file]);
  const { code, stderr } = await jetkv(["restore", `file:${file}?truncate=true`, file]);
  assertEquals(code, 2);
  assertMatch(stderr, /Cannot restore ".*" to itself: it is the dump/);
  assertEquals((await jetkv(["restore", "memory:", file, "--check"])).code, 0);
});

test("restore ends on the signal while its input is idle", async () => {
  const controller = new AbortController();
  // Never gives anything, and tells when someone waits for it.
  const input = new ReadableStream({
    pull: () => {
      controller.abort(new Interrupt("SIGTERM"));
      return new Promise(() => {});
    },
  }, { highWaterMark: 0 });
  const { signal } = controller;
  assertEquals((await jetkv(["restore", "memory:"], { input, signal })).code, 143);
});

test("get, keys, range and dump end on the signal while nobody takes their output", async () => {
  await using directory = await makeDirectory();
  const url = `file:${directory.path}/kv`;
  await jetkv(["append", url, "a", "v"]);
  await jetkv(["put", url, "s", "v"]);
  for (const words of [["get", url, "s"], ["keys", url], ["range", url, "a"], ["dump", url]]) {
    const controller = new AbortController();
    const takeOutput = (): Promise<void> => {
      controller.abort(new Interrupt("SIGTERM"));
      return new Promise(() => {});
    };
    const { signal } = controller;
    assertEquals((await jetkv(words, { takeOutput, signal })).code, 143);
  }
});

test("restore changes nothing where the dump in the file is cut or damaged", async () => {
  await using directory = await makeDirectory();
  const url = `file:${directory.path}/kv`;
  await using memory = await openKv();
  await fillMixed(memory, 50, new Prng(2));
  const content = await contentOf(memory);
  const damaged = [content.slice(0, -2), content.slice(0, 2_000), content.replace("4", "5"), ""];
  for (const text of damaged) {
    await Deno.writeTextFile(`${directory.path}/dump`, text);
    const { code, stderr } = await jetkv(["restore", url, `${directory.path}/dump`, "--clear"]);
    assertEquals(code, 4);
    assertMatch(stderr, /^error: Cannot read the dump at line \d+: /);
  }
  assertEquals((await jetkv(["keys", url])).code, 3);
  const { code, stderr } = await jetkv(["restore", url], { input: content.slice(0, 2_000) });
  assertEquals(code, 4);
  assertMatch(stderr, /^Unfinished: the store has the entries before the end or the damage\n/);
});

test("restore of what is no dump leaves no new store, from a pipe either", async () => {
  await using directory = await makeDirectory();
  for (const input of ["", "k,v\n", '{"jetkv":"dump","version":1}']) {
    const { code, stderr } = await jetkv(["restore", `file:${directory.path}/kv`], { input });
    assertEquals(code, 4);
    assertMatch(stderr, /^error: Cannot read the dump at line 1: /);
  }
  assertEquals(await Array.fromAsync(Deno.readDir(directory.path)), []);
});

test("restore and copy say what a failure leaves, with --json in the object", async () => {
  await using directory = await makeDirectory();
  const lines = [
    '{"jetkv":"dump","version":1}',
    '{"key":"k","value":"new"}',
    '{"key":"l","value":""}',
  ];
  const input = `${lines.join("\n")}\n{"key":"cut`;
  const part = "the store has the entries before the end or the damage";
  const gone = `--clear has removed what the store held before; ${part}`;
  for (const [flags, left] of [[[], part], [["--clear"], gone]] as const) {
    const words = ["restore", `file:${directory.path}/kv`, ...flags];
    const plain = await jetkv(words, { input });
    const message = "Cannot read the dump at line 4: the dump is cut inside it";
    assertEquals(plain.code, 4);
    assertEquals(plain.stderr, `Unfinished: ${left}\nerror: ${message}\n`);
    const json = await jetkv([...words, "--json"], { input });
    const error = { code: "corrupt", message, unfinished: left };
    assertEquals([json.code, JSON.parse(json.stderr)], [4, { error }]);
  }
  await jetkv(["put", `file:${directory.path}/from`, "k", "v"]);
  await jetkv(["put", `file:${directory.path}/from`, "long", "v".repeat(1_000)]);
  const words = [
    "copy",
    `file:${directory.path}/from`,
    "memory:?maxBytes=500",
    "--clear",
    "--json",
  ];
  const { error } = JSON.parse((await jetkv(words)).stderr);
  assertEquals(error.code, "full");
  assertMatch(error.unfinished, /^--clear has removed .*; the same command, run again, completes/);
  const refused = await jetkv([
    ...words.slice(0, 2),
    "memory:",
    "--clear",
    "--prefix",
    "k".repeat(1_025),
  ]);
  assertEquals(refused.code, 2);
  assertMatch(refused.stderr, /^error: Cannot use "k{64}…" as a prefix: it is over 1024 bytes\n$/);
});

test("restore names the key of a value that is too long", async () => {
  await using directory = await makeDirectory();
  await using memory = await openKv();
  await memory.put("long", "x".repeat(64 * 2 ** 20 + 1));
  const input = ReadableStream.from(dump(memory));
  const { code, stderr } = await jetkv(["restore", `file:${directory.path}/kv`], { input });
  assertEquals(code, 3);
  assertMatch(
    stderr,
    /error: Cannot write "long": Cannot store a value of 67108865 bytes in a file/,
  );
});

test("dump leaves the old file where it fails, and nothing half-written", async () => {
  await using directory = await makeDirectory();
  const file = `${directory.path}/dump`;
  await Deno.writeTextFile(file, "old");
  await jetkv(["put", `file:${directory.path}/kv`, "k", "v"]);
  const signal = AbortSignal.abort(new Error("stop"));
  const ended = await jetkv(["dump", `file:${directory.path}/kv`, file], { signal });
  assertEquals(ended.code, 3);
  assertEquals(await Deno.readTextFile(file), "old");
  const names = (await Array.fromAsync(Deno.readDir(directory.path))).map(({ name }) => name);
  assertEquals(names.sort(), ["dump", "kv"]);
  const { code, stderr } = await jetkv(["dump", `file:${directory.path}/kv`, directory.path]);
  assertEquals(code, 3);
  assertMatch(stderr, /it is no regular file/);
});

test("dump follows a link to the file that it leads to", async () => {
  await using directory = await makeDirectory();
  await Deno.writeTextFile(`${directory.path}/file`, "old");
  await Deno.symlink(`${directory.path}/file`, `${directory.path}/link`);
  assertEquals((await jetkv(["dump", "memory:", `${directory.path}/link`])).code, 0);
  assert((await Deno.lstat(`${directory.path}/link`)).isSymlink);
  assertMatch(await Deno.readTextFile(`${directory.path}/file`), /^\{"jetkv":"dump"/);
  // Also where nothing is yet, from link to link and out of a directory that is a link itself.
  await Deno.mkdir(`${directory.path}/far/away`, { recursive: true });
  await Deno.symlink("far/away", `${directory.path}/near`);
  await Deno.symlink("../new", `${directory.path}/far/away/second`);
  await Deno.symlink("near/second", `${directory.path}/first`);
  assertEquals((await jetkv(["dump", "memory:", `${directory.path}/first`])).code, 0);
  assertMatch(await Deno.readTextFile(`${directory.path}/far/new`), /^\{"jetkv":"dump"/);
  await Deno.symlink("circle", `${directory.path}/circle`);
  const { stderr } = await jetkv(["dump", "memory:", `${directory.path}/circle`]);
  assertMatch(stderr, /circle": over 40 links lead from one to the next\n$/);
});

test("dump writes no file in the place of a device, and tells of - instead", async () => {
  for (const path of ["/dev/stdout", "/dev/null", "/dev/fd/1", "/proc/self/fd/1"]) {
    const { code, stderr } = await jetkv(["dump", "memory:", path]);
    const message = `Cannot write "${path}": it is no file; for standard output write "-"`;
    assertEquals([code, stderr], [3, `error: ${message}\n`]);
  }
});

test("dump keeps the permissions of the file it replaces, and a new one to its owner", async () => {
  if (Deno.build.os === "windows") return;
  await using directory = await makeDirectory();
  const file = `${directory.path}/dump`;
  const modeAfterDump = async (): Promise<number> => {
    assertEquals((await jetkv(["dump", "memory:", file])).code, 0);
    return (await Deno.stat(file)).mode! & 0o777;
  };
  assertEquals(await modeAfterDump(), 0o600);
  await Deno.chmod(file, 0o400);
  assertEquals(await modeAfterDump(), 0o400);
  await Deno.chmod(file, 0o700);
  assertEquals(await modeAfterDump(), 0o700);
  // More than a usual umask leaves to a new file.
  await Deno.chmod(file, 0o666);
  assertEquals(await modeAfterDump(), 0o666);
});

test("dump takes a name as long as a name can be", async () => {
  await using directory = await makeDirectory();
  const file = `${directory.path}/${"n".repeat(255)}`;
  assertEquals((await jetkv(["dump", "memory:", file])).code, 0);
  assert((await Deno.stat(file)).isFile);
});

test("dump names the file it was given where it cannot write, not the one beside it", async () => {
  await using directory = await makeDirectory();
  const file = `${directory.path}/none/dump`;
  const { code, stderr } = await jetkv(["dump", "memory:", file]);
  const message = `Cannot write ${show(file)}: there is no such file or directory`;
  assertEquals([code, stderr], [3, `error: ${message}\n`]);
});

test("restore takes the dump that docs/dump-format.md shows, but for what expired", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/dump-format.md", import.meta.url));
  const input = /```json\n([^`]*)```/.exec(page)![1]!;
  const { code, stdout } = await jetkv(["restore", "memory:", "--json"], { input });
  assertEquals([code, stdout], [0, '{"strings":0,"arrays":1,"elements":2,"expired":1}\n']);
});
