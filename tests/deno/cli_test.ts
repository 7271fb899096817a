/**
 * The command line tool on files, each command run within this process.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Interrupt } from "../../cli/exit.ts";
import { barOf, ProgressBar } from "../../cli/progress.ts";
import { formatDuration } from "../../cli/sizes.ts";
import { show } from "../../kv/errors.ts";
import { commandTests, jetkv, makeDirectory, type Surroundings } from "../support/command_line.ts";

const test = await commandTests("read");

/** A command line without `jetkv`, what it prints, and its exit code. */
type Step = readonly [line: string, stdout: string, code: number, around?: Surroundings];

/** Runs command lines one after the other, `FILE` being the URL of a new store. */
async function runSteps(steps: readonly Step[]): Promise<void> {
  await using directory = await makeDirectory();
  for (const [line, stdout, code, around] of steps) {
    const words = line.split(" ").map((word) => word.replace("FILE", `file:${directory.path}/kv`));
    const ended = await jetkv(words, around);
    assertEquals(
      { ...ended, stderr: code === 0 ? ended.stderr : "" },
      { stdout, code, stderr: "" },
      line,
    );
  }
}

test("get and put carry text and bytes as they are", () =>
  runSteps([
    ["put FILE k hello", "", 0],
    ["get FILE k", "hello", 0],
    ["get FILE k", "hello\n", 0, { isTerminal: true }],
    ["get FILE k --base64", "aGVsbG8=\n", 0],
    ["get FILE k --json", '{"key":"k","value":"hello"}\n', 0],
    ["put FILE b - --json", '{"key":"b","stored":true}\n', 0, { input: Uint8Array.of(255, 10) }],
    ["get FILE b --json", '{"key":"b","value":{"base64":"/wo="}}\n', 0],
    ["get FILE b", "/wo=\n", 0, { isTerminal: true }],
    ["put FILE b /w== --base64", "", 0],
    ["get FILE b --base64", "/w==\n", 0],
    ["get FILE none", "", 1],
    ["get FILE none --json", '{"key":"none","value":null}\n', 1],
    ["put FILE k other --if-absent", "", 1],
    ["put FILE k true --if-absent --json", '{"key":"k","stored":false}\n', 1],
    ["put FILE new --if-absent true", "", 0],
    ["get FILE new", "true", 0],
    ["put FILE n -- -5", "", 0],
    ["get FILE n", "-5", 0],
  ]));

test("get, keys and range show control characters to programs only", async () => {
  await using directory = await makeDirectory();
  const url = `file:${directory.path}/kv`;
  const isTerminal = true;
  const texts = [
    ["\x1b[2Jx", '"\\u001b[2Jx"'],
    ["\x7f\x9b31m", '"\\u007f\\u009b31m"'],
    ["a\u202eb\u2066", '"a\\u202eb\\u2066"'],
    ['é "quoted"', 'é "quoted"'],
  ] as const;
  for (const [text, shown] of texts) {
    await jetkv(["put", url, text, text]);
    await jetkv(["append", url, "array", text]);
    assertEquals((await jetkv(["get", url, text])).stdout, text);
    assertEquals((await jetkv(["get", url, text], { isTerminal })).stdout, `${shown}\n`);
    assertEquals((await jetkv(["range", url, "array"])).stdout, `${text}\n`);
    assertEquals((await jetkv(["range", url, "array"], { isTerminal })).stdout, `${shown}\n`);
    const prefixed = ["keys", url, "--prefix", text];
    assertEquals((await jetkv(prefixed)).stdout, `${text}\n`);
    assertEquals((await jetkv(prefixed, { isTerminal })).stdout, `${shown}\n`);
    const json = (await jetkv(["get", url, text, "--json"])).stdout;
    assertEquals(JSON.parse(json), { key: text, value: text });
    assert(!/[\p{Cc}\u202e\u2066]/u.test(json.trimEnd()), json);
    const { stderr } = await jetkv(["append", url, text, "v"]);
    assert(!/[\p{Cc}\u202e\u2066]/u.test(stderr.trimEnd()), stderr);
    await jetkv(["pop", url, "array"]);
  }
  await jetkv(["put", url, "lines", "one\n\ttwo"]);
  assertEquals((await jetkv(["get", url, "lines"], { isTerminal })).stdout, "one\n\ttwo\n");
  await jetkv(["put", url, "key\nline", ""]);
  const { stdout } = await jetkv(["keys", url, "--prefix", "key"], { isTerminal });
  assertEquals(stdout, '"key\\nline"\n');
});

test("put sets an expiry, keeps it or drops it", async () => {
  await using directory = await makeDirectory();
  const url = `file:${directory.path}/kv`;
  assertEquals((await jetkv(["put", url, "k", "v", "--expire-in", "2h"])).code, 0);
  assertEquals((await jetkv(["put", url, "k", "w", "--keep-ttl"])).code, 0);
  const { stdout } = await jetkv(["inspect", url, "k", "--json"]);
  const { expiresIn, ...rest } = JSON.parse(stdout);
  assertEquals(rest, { key: "k", type: "string", length: 1 });
  assert(expiresIn > 7_000_000 && expiresIn <= 7_200_000, `${expiresIn}`);
  assertMatch(
    (await jetkv(["inspect", url, "k"])).stdout,
    /^string of 1 byte, expires in (?:2h|1h 59m)$/m,
  );
  assertEquals((await jetkv(["put", url, "k", "x"])).code, 0);
  assertEquals((await jetkv(["inspect", url, "k"])).stdout, "string of 1 byte, stays\n");
});

test("append, prepend, pop and range work on arrays", () =>
  runSteps([
    ["append FILE jobs a b", "2\n", 0],
    ["prepend FILE jobs z y --json", '{"key":"jobs","length":4}\n', 0],
    ["range FILE jobs", "y\nz\na\nb\n", 0],
    ["range FILE jobs 1 -- -1", "z\na\n", 0],
    ["range FILE jobs -- -1", "b\n", 0],
    ["range FILE jobs 0 1 --json", '"y"\n', 0],
    ["inspect FILE jobs", "array of 4 elements, stays\n", 0],
    ["pop FILE jobs", "b", 0],
    ["pop-first FILE jobs --json", '{"key":"jobs","value":"y"}\n', 0],
    ["pop-first FILE jobs --wait 1h", "z", 0],
    ["append FILE jobs -", "2\n", 0, { input: Uint8Array.of(255) }],
    ["range FILE jobs --base64", "YQ==\n/w==\n", 0],
    ["range FILE jobs", "", 3],
    ["get FILE jobs", "", 3],
    ["remove FILE jobs", "", 1],
    ["delete FILE jobs --json", '{"key":"jobs","removed":true}\n', 0],
    ["pop FILE jobs", "", 1],
    ["range FILE jobs", "", 1],
  ]));

test("keys, stats, remove and clear work on the store", () =>
  runSteps([
    ["put FILE user:1 ada", "", 0],
    ["put FILE user:2 grace", "", 0],
    ["put FILE page:1 home", "", 0],
    ["keys FILE --prefix page:", "page:1\n", 0],
    ["keys FILE --prefix page: --json", '"page:1"\n', 0],
    ["keys FILE --limit 0", "", 0],
    ["stats FILE", "backend  file\nentries  3\nbytes    30 (30 B)\n", 0],
    ["remove FILE page:1 --json", '{"key":"page:1","removed":true}\n', 0],
    ["remove FILE page:1", "", 1],
    ["inspect FILE page:1", "", 1],
    ["inspect FILE page:1 --json", '{"key":"page:1","type":null}\n', 1],
    ["clear FILE", "", 2],
    ["clear FILE --prefix", "", 2],
    ["clear FILE --prefix user: --all", "", 2],
    ["clear FILE --prefix user:1 --json", '{"removed":1}\n', 0],
    ["clear FILE --all", "1\n", 0],
    ["check FILE", "The file is sound\n", 0],
  ]));

test("tells what is wrong with a command line, and does nothing", async () => {
  await using directory = await makeDirectory();
  const url = `file:${directory.path}/kv`;
  const faults: [line: string, message: RegExp][] = [
    ["frobnicate", /Cannot run "frobnicate": known are get, put, /],
    ["get URL", /Cannot run get without KEY: jetkv get URL KEY \[options\]/],
    ["get URL k more", /Cannot take the argument "more": jetkv get URL KEY/],
    ["put URL k v --if-absnt", /Cannot take the option "--if-absnt": known are --expire-in, /],
    ["put URL k -5", /"-5": known are .*--json, --help; after -- nothing is an option/],
    ["completions", /Cannot run completions without SHELL: jetkv completions SHELL/],
    ["completions --bash", /Cannot take the option "--bash": known are --help; after --/],
    ["put URL k v --expire-in", /Cannot take --expire-in without a value/],
    ["put URL k v --expire-in=", /Cannot take --expire-in with an empty value: leave .* out/],
    ["keys URL --limit 1 --limit 2", /Cannot take --limit twice/],
    ["put URL k v --expire-in -5", /Cannot take "-5" as --expire-in: give a whole number from 1 /],
    ["put URL k v --expire-in 1x", /from 1 with ms, s, m, h or d/],
    ["put URL k v --json=5", /Cannot take --json with a value/],
    ["keys memory: --limit -1", /Cannot take -1 as limit: it must be a whole number from 0/],
    ["keys URL --prefix --json", /Cannot take --prefix without a value: .* --prefix=--json/],
    ["put URL k v --expire-in soon", /Cannot take "soon" as --expire-in: give a whole number/],
    ["put URL k v --expire-in 0s", /Cannot take "0s" as --expire-in/],
    ["put URL k v --expire-in 1h --keep-ttl", /Cannot put with both --expire-in and --keep-ttl/],
    ["put URL k é --base64", /Cannot read a value: it is not base64/],
    ["append URL k - -", /Cannot read two values from standard input/],
    ["range URL k x", /Cannot take "x" as START: it must be a whole number/],
    ["get nonsense k", /Cannot open a store: the text is no URL/],
    ["restore nonsense dump --check", /Cannot open a store: the text is no URL/],
    ["put nonsense k -- --json", /^error: Cannot open a store: the text is no URL/],
    ["get file:kv?durabilty=power k", /the option "durabilty": known are truncate, /],
    ["check memory:", /Cannot check or compact this store: it is not in a file/],
    ["get URL?truncate=true k", /Cannot truncate ".*kv": this command is for what it holds/],
    ["pop URL k --wait never", /Cannot take "never" as --wait: give a duration .* or "forever"/],
    ["put URL k \ufffd", /as VALUE: it holds U\+FFFD, .* not UTF-8: write it to standard input/],
    ["put URL \ufffd v", /Cannot take "\ufffd" as KEY: it holds U\+FFFD/],
    ["get URL\ufffd k", /Cannot take ".*\ufffd" as URL: it holds U\+FFFD/],
    ["clear URL --prefix=\ufffd", /Cannot take "\ufffd" as --prefix: it holds U\+FFFD/],
    ["dump URL \ufffd", /Cannot take "\ufffd" as FILE: it holds U\+FFFD/],
    ["dump URL file:dump", /Cannot take "file:dump" as FILE: it is a URL, and a path is wanted/],
    ["restore dump file:kv", /Cannot take "file:kv" as FILE: it is a URL/],
    ["completions tcsh", /Cannot complete for "tcsh": known are bash, zsh, fish/],
    ["dump memory: --json", /the dump itself goes to standard output/],
  ];
  for (const [line, message] of faults) {
    const words = line.split(" ").map((word) => word.replace("URL", url));
    const { code, stdout, stderr } = await jetkv(words);
    assertEquals([code, stdout], [2, ""], line);
    assertMatch(stderr, message);
  }
  const { code, stderr } = await jetkv([]);
  assertEquals(code, 2);
  assertMatch(stderr, /Usage:/);
  assertEquals(await Array.fromAsync(Deno.readDir(directory.path)), []);
});

test("makes no file where it only reads, and says that there is none", async () => {
  await using directory = await makeDirectory();
  const url = `file:${directory.path}/typo`;
  for (const words of [["get", url, "k"], ["keys", url], ["dump", url], ["copy", url, "memory:"]]) {
    const { code, stdout, stderr } = await jetkv(words);
    assertEquals([code, stdout], [3, ""]);
    assertMatch(stderr, /Cannot open ".*typo": there is no such file/);
  }
  const { stderr } = await jetkv(["get", url, "k", "--json"]);
  assertEquals(JSON.parse(stderr).error.code, "failed");
  assertEquals(await Array.fromAsync(Deno.readDir(directory.path)), []);
});

test("makes no store of another program's empty file where it only reads", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/__init__.py`;
  await Deno.writeTextFile(path, "");
  for (const command of ["check", "stats", "keys", "dump"]) {
    const { code, stdout, stderr } = await jetkv([command, `file:${path}`]);
    assertEquals([code, stdout], [3, ""], command);
    assertMatch(stderr, /Cannot open ".*__init__.py": it is empty, and no store/);
  }
  assertEquals((await Deno.stat(path)).size, 0);
});

test("every command on a file ends on the signal, before it waits for the lock", async () => {
  await using directory = await makeDirectory();
  const [url, dump] = [`file:${directory.path}/kv?lock=wait`, `${directory.path}/dump`];
  await jetkv(["append", url, "k", "v"]);
  await jetkv(["dump", url, dump]);
  const signal = AbortSignal.abort(new Interrupt("SIGINT"));
  const lines = [
    ...["get URL k", "put URL k v", "append URL k v", "prepend URL k v", "pop URL k"],
    ...["pop-first URL k", "range URL k", "keys URL", "inspect URL k", "remove URL k"],
    ...["delete URL k", "clear URL --all", "stats URL", "dump URL", "restore URL DUMP"],
    ...["copy URL memory:", "check URL", "compact URL", "bench URL"],
  ];
  for (const line of lines) {
    const words = line.split(" ").map((word) => word.replace("URL", url).replace("DUMP", dump));
    const { code, stdout } = await jetkv(words, { signal });
    assertEquals([code, stdout], [130, ""], line);
  }
  assertEquals((await jetkv(["range", url, "k"])).stdout, "v\n");
});

test("names the path where the system refuses to read it", async () => {
  await using directory = await makeDirectory();
  const { path } = directory;
  await Deno.writeTextFile(`${path}/file`, "");
  const messages = [
    [["restore", "memory:", path], `Cannot read ${show(path)}: it is a directory`],
    [
      ["restore", "memory:", `${path}/no`],
      `Cannot read ${show(`${path}/no`)}: there is no such file`,
    ],
    [
      ["get", `file:${path}/file/kv`, "k"],
      `Cannot open ${show(`${path}/file/kv`)}: Not a directory`,
    ],
    [
      ["dump", "memory:", `${path}/file/kv`],
      `Cannot write ${show(`${path}/file/kv`)}: Not a directory`,
    ],
  ] as const;
  for (const [words, message] of messages) {
    const { code, stderr } = await jetkv(words);
    assertEquals([code, stderr.slice(0, message.length + 7)], [3, `error: ${message}`]);
  }
});

test("check tells a damaged file, and compact how much it gave back", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/kv`;
  await jetkv(["put", `file:${path}`, "k", "v"]);
  assertEquals(JSON.parse((await jetkv(["check", `file:${path}`, "--json"])).stdout).faults, []);
  const { before, after } = JSON.parse((await jetkv(["compact", `file:${path}`, "--json"])).stdout);
  assert(after <= before && after === (await Deno.stat(path)).size);
  assertMatch((await jetkv(["compact", `file:${path}`])).stdout, /^[\d.]+ KiB before, [\d.]+ KiB/);
  await Deno.writeTextFile(path, "this is no store");
  assertEquals((await jetkv(["check", `file:${path}`])).code, 4);
});

test("bench measures, and leaves nothing behind", async () => {
  const { code, stdout } = await jetkv(["bench", "memory:", "--time", "1ms", "--json"]);
  assertEquals(code, 0);
  const { rows } = JSON.parse(stdout);
  assertEquals(rows.length, 8);
  assert(rows.every(({ perSecond }: { perSecond: number }) => perSecond > 0));
  await using directory = await makeDirectory();
  await jetkv(["bench", `file:${directory.path}/kv`, "--time", "1ms"]);
  assertEquals((await jetkv(["keys", `file:${directory.path}/kv`])).stdout, "");
});

test("tells a person durations in two units", () => {
  const shown: readonly [ms: number, text: string][] = [
    [1, "1ms"],
    [999, "999ms"],
    [1_000, "1s"],
    [59_999, "59s"],
    [60_000, "1m"],
    [3_723_004, "1h 2m"],
    [86_400_000 + 59_000, "1d"],
    [400 * 86_400_000 + 3_600_000, "400d 1h"],
  ];
  for (const [ms, text] of shown) assertEquals(formatDuration(ms), text);
  return Promise.resolve();
});

test("range says of a string that it can read no range of it", async () => {
  await using directory = await makeDirectory();
  const url = `file:${directory.path}/kv`;
  await jetkv(["put", url, "k", "v"]);
  const { stderr } = await jetkv(["range", url, "k"]);
  assertEquals(stderr, 'error: Cannot read a range of "k": it holds a string\n');
});

test("shows how far it has come by a bar that needs no colours", () => {
  assertEquals(barOf(0), "─".repeat(24));
  assertEquals(barOf(0.25), "━".repeat(6) + "─".repeat(18));
  assertEquals(barOf(1), "━".repeat(24));
  return Promise.resolve();
});

test("draws a bar that no terminal wraps", async () => {
  let drawn = "";
  const decoder = new TextDecoder();
  const write = (bytes: Uint8Array): Promise<void> => {
    drawn += decoder.decode(bytes);
    return Promise.resolve();
  };
  const bar = new ProgressBar({ isTerminal: true, write }, "Dumped", 10);
  const { now } = performance;
  performance.now = () => now.call(performance) + 1_000;
  bar.update({ strings: 5, arrays: 0, elements: 0, expired: 0 });
  performance.now = now;
  assert(drawn.startsWith("\r\x1b[2K\x1b[?7l"), drawn);
  assert(drawn.endsWith("5 strings, 0 arrays\x1b[?7h"), drawn);
  await bar.erase();
});

test("has help with examples and completions for each command", async () => {
  const { stdout } = await jetkv(["--help"]);
  const names = [...stdout.matchAll(/^ {2}([a-z-]+) {2,}[A-Z]/gm)].map(([, name]) => name!);
  assertEquals(names.length, 22);
  const shells = await Promise.all(
    ["bash", "zsh", "fish"].map(async (shell) => (await jetkv(["completions", shell])).stdout),
  );
  for (const name of names) {
    const help = await jetkv([name, "--help"]);
    assertEquals(help.code, 0);
    assertMatch(
      help.stdout,
      RegExp(`Usage:\\n  jetkv ${name}\\b[^]*Examples:\\n  # .*\\n  .*jetkv`),
    );
    assertEquals((await jetkv(["help", name])).stdout, help.stdout);
    for (const line of help.stdout.split("\n")) assert(line.length <= 100, line);
    for (const script of shells) assertMatch(script, RegExp(`\\b${name}\\b`));
  }
});

test("tells its version and helps, as a command and as an option", async () => {
  for (const words of [["version"], ["--version"], ["-V"]]) {
    assertMatch((await jetkv(words)).stdout, /^jetkv \d+\.\d+\.\d+\n$/);
  }
  const { stdout } = await jetkv(["help"]);
  assertMatch(stdout, /--help, -h[^]*--version, -V/);
  for (const word of ["--help", "-h"]) assertEquals((await jetkv([word])).stdout, stdout);
  assertMatch((await jetkv(["get", "-h"])).stdout, /^ {2}--help, -h/m);
});

test("completes commands, shells, options and the options of the tool in bash", async () => {
  const { stdout: script } = await jetkv(["completions", "bash"]);
  const complete = async (...words: string[]): Promise<string> => {
    const line =
      'eval "$0"; COMP_WORDS=(jetkv "$@"); COMP_CWORD=$#; _jetkv; echo "${COMPREPLY[*]}"';
    const args = ["-c", line, script, ...words];
    const { stdout } = await new Deno.Command("bash", { args }).output();
    return new TextDecoder().decode(stdout).trim();
  };
  if (Deno.build.os === "windows") return;
  assertEquals(await complete("co"), "copy compact completions");
  assertEquals(await complete("--"), "--help --version");
  assertEquals(await complete("completions", ""), "bash zsh fish");
  assertEquals(await complete("help", "du"), "dump");
  assertEquals(await complete("get", "--"), "--base64 --json --help");
  assertEquals(await complete("get", "file:./app.db", ""), "");
});
