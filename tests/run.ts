/**
 * Runs every test on Deno and on Bun: `deno task test`.
 *
 * Bun is the one on the PATH, or else the one that its npm package brings.
 *
 *     deno task test                  all of them
 *     deno task test --filter expiry  those with the word in their names, on Deno only
 */

const BUN_VERSION = "1.4.5";

if (Deno.args.includes("--help")) {
  console.log("Usage: deno task test [options of deno test, which leave Bun out]");
  Deno.exit();
}

const deno = await run(Deno.execPath(), ["test", "-P=test", ...Deno.args]);
const bun = Deno.args.length > 0 || await run(await findBun(), ["test", ...portableTests()]);
if (!deno || !bun) Deno.exit(1);

async function run(program: string, args: string[]): Promise<boolean> {
  console.log(`\n${program} ${args.join(" ")}`);
  const { success } = await new Deno.Command(program, { args, stdin: "null" }).spawn().status;
  return success;
}

/** The tests beside this file; those in `deno/` are about what only Deno has. */
function portableTests(): string[] {
  const names = [...Deno.readDirSync(import.meta.dirname!)].map(({ name }) => name);
  return names.filter((name) => name.endsWith("_test.ts")).sort().map((name) => `./tests/${name}`);
}

async function findBun(): Promise<string> {
  if (await answers("bun")) return "bun";
  const dir = await Deno.makeTempDir({ prefix: "jetkv-bun-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
  await Deno.writeTextFile(`${dir}/deno.json`, '{ "nodeModulesDir": "auto" }');
  const { os, arch } = Deno.build;
  const machine = `${os}-${arch === "aarch64" ? "aarch64" : "x64"}`;
  const name = `@oven/bun-${machine}`;
  const args = ["install", "--quiet", `npm:${name}@${BUN_VERSION}`];
  await new Deno.Command(Deno.execPath(), { args, cwd: dir, stdin: "null" }).spawn().status;
  return `${dir}/node_modules/${name}/bin/bun`;
}

async function answers(program: string): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: ["--version"] }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
