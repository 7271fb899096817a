/**
 * The package as Node users get it: `deno pack` makes JavaScript and declarations, npm installs
 * them, and there the tests run that run on Deno and Bun too.
 *
 * Those tests are TypeScript with `await using`, which Node 20 does not know, so TypeScript lowers
 * them on the way into the installed package. The package itself runs as it was packed.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { ensureDir } from "@std/fs/ensure-dir";
import { walk } from "@std/fs/walk";
import { createRequire } from "node:module";

const NODE_MAJOR_MIN = 20;
/** What npm installs beside the package. */
const PEERS = ["typescript@5.9.3", "@types/node@20", "keyv@5"];

/**
 * Left out: long proofs of engines, which are no matter of the runtime, and what only the command
 * line tool uses, which is Deno's.
 */
const NOT_ON_NODE =
  /\/(file_corruption|file_crash|resp3_fuzz|transfer\w*|valkey_(bounds|faults|reconnects))_test/;

const OPENS_A_FILE = `import { openKv } from "@jetkv/jetkv";
await openKv("file:./a.db").catch((error) => console.log(error.code, error.message))`;
const REFUSED = /^io Cannot lock ".*a\.db": Node has no file locks, and the program flock is not/;

const root = new URL("../../", import.meta.url).pathname;
const reason = await whyNot();

Deno.test({
  name: "the package installs into a Node project, and passes the tests there" +
    (reason === "" ? "" : ` (ignored: ${reason})`),
  ignore: reason !== "",
  async fn(t) {
    const project = await Deno.makeTempDir({ prefix: "jetkv-node-" });
    try {
      await t.step("deno pack and npm install", () => install(project));
      await t.step("a program compiles against its declarations, and runs", async () => {
        await Deno.copyFile(`${root}tests/node/program.ts`, `${project}/program.ts`);
        await succeed("npx", ["--no-install", "tsc"], project);
        assertEquals(await succeed("node", ["program.js"], project), "done\n");
      });
      await t.step("a file store is refused where the program flock is not", async () => {
        const node = (await succeed("node", ["--print", "process.execPath"], project)).trim();
        const args = ["--input-type=module", "--eval", OPENS_A_FILE];
        assertMatch(await succeed(node, args, project, { PATH: "" }), REFUSED);
      });
      await t.step("the tests of Deno and Bun pass on Node", async () => {
        const tests = await copyTests(project);
        const report = await succeed("node", ["--test", "--test-reporter=tap", ...tests], project);
        assertMatch(report, /^# pass [1-9]/m);
        assertMatch(report, /^# fail 0$/m);
      });
    } finally {
      await Deno.remove(project, { recursive: true });
    }
  },
});

/** Why the test cannot run here; nothing where it can. */
async function whyNot(): Promise<string> {
  for (const name of ["run", "read", "write"] as const) {
    if ((await Deno.permissions.query({ name })).state !== "granted") {
      return `it needs --allow-${name}`;
    }
  }
  try {
    await succeed("npm", ["--version"], root);
    const version = await succeed("node", ["--version"], root);
    const major = Number(/^v(\d+)/.exec(version)?.[1]);
    return major < NODE_MAJOR_MIN ? `it needs Node ${NODE_MAJOR_MIN}, here is ${version}` : "";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "it needs node and npm";
    throw error;
  }
}

/** Makes a project of TypeScript's and Node's, with the package and its peers. */
async function install(project: string): Promise<void> {
  const tarball = `${project}/jetkv.tgz`;
  const pack = ["pack", "--quiet", "--allow-dirty", "--no-source-maps", "--output", tarball];
  await succeed(Deno.execPath(), pack, root);
  await Deno.writeTextFile(`${project}/package.json`, '{ "private": true, "type": "module" }');
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    target: "ES2022",
    lib: ["ES2022", "ESNext.Disposable"],
    module: "NodeNext",
    types: ["node"],
  };
  const config = { compilerOptions, files: ["program.ts"] };
  await Deno.writeTextFile(`${project}/tsconfig.json`, JSON.stringify(config));
  const quiet = ["--prefer-offline", "--no-audit", "--no-fund"];
  await succeed("npm", ["install", ...quiet, tarball, ...PEERS], project);
}

interface TypeScript {
  transpileModule(
    source: string,
    options: { compilerOptions: Record<string, unknown> },
  ): { outputText: string };
}

/** Puts the tests where their relative imports lead to the installed package, and lists them. */
async function copyTests(project: string): Promise<string[]> {
  const typescript: TypeScript = createRequire(`${project}/`)("typescript");
  const compilerOptions = {
    target: "ES2022",
    module: "ESNext",
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
  };
  const tests: string[] = [];
  const target = `${project}/node_modules/@jetkv/jetkv/tests/`;
  for await (
    const { path } of walk(`${root}tests`, { includeDirs: false, skip: [/\/tests\/(deno|node)\//] })
  ) {
    const copy = target + path.slice(`${root}tests/`.length).replace(/\.ts$/, ".js");
    await ensureDir(copy.slice(0, copy.lastIndexOf("/")));
    if (!path.endsWith(".ts")) {
      await Deno.copyFile(path, copy);
      continue;
    }
    const source = await Deno.readTextFile(path);
    const { outputText } = typescript.transpileModule(source, { compilerOptions });
    await Deno.writeTextFile(copy, outputText);
    if (copy.endsWith("_test.js") && !NOT_ON_NODE.test(copy)) tests.push(copy);
  }
  return tests.sort();
}

/** Runs a program to its end and gives its output, which is shown if it fails. */
async function succeed(
  program: string,
  args: string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<string> {
  const command = new Deno.Command(program, { args, cwd, env, stdin: "null" });
  const { success, stdout, stderr } = await command.output();
  const output = new TextDecoder().decode(stdout);
  assert(success, `${program} ${args[0]} failed:\n${output}${new TextDecoder().decode(stderr)}`);
  return output;
}
