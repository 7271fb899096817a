/**
 * Runs every test on Deno and on Bun, with a real Valkey: `deno task test`.
 *
 * The Valkey is that of `JETKV_TEST_VALKEY`, a URL; else a `valkey-server` on the PATH, which the
 * tests start themselves; else, on Debian as root, it is installed; else `docker compose` brings
 * one up for the run. Without any the tests that need one are skipped, but in CI that is a failure.
 * Bun is the one on the PATH, or else the one that its npm package brings.
 *
 *     deno task test                  all of them
 *     deno task test --filter expiry  those with the word in their names, on Deno only
 */

const BUN_VERSION = "1.4.5";
/** Its limit of five seconds a test is not enough for thousands of crashes on a busy machine. */
const BUN_OPTIONS = ["--timeout=300000"];

if (Deno.args.includes("--help")) {
  console.log("Usage: deno task test [options of deno test, which leave Bun out]");
  Deno.exit();
}

const valkey = await provideValkey();
console.log(`Valkey: ${valkey.origin}`);
if (valkey.isMissing && Deno.env.has("CI")) Deno.exit(1);

const deno = await run(Deno.execPath(), ["test", "-P=test", ...Deno.args]);
const bun = Deno.args.length > 0 ||
  await run(await findBun(), ["test", ...BUN_OPTIONS, ...portableTests()]);
await valkey.stop();
if (!deno || !bun) Deno.exit(1);

interface Provided {
  /** In a line, which Valkey it is. */
  readonly origin: string;
  readonly isMissing: boolean;
  /** Stops what was started. */
  stop(): Promise<unknown>;
}

async function provideValkey(): Promise<Provided> {
  const isMissing = false;
  const stop = (): Promise<void> => Promise.resolve();
  const url = Deno.env.get("JETKV_TEST_VALKEY");
  if (url) return { origin: "the one of JETKV_TEST_VALKEY", isMissing, stop };
  if (await succeeds("valkey-server", "--version")) {
    return { origin: "valkey-server on the PATH, started by the tests", isMissing, stop };
  }
  const installer = new URL("support/install_valkey.sh", import.meta.url).pathname;
  if (await succeeds("bash", installer)) {
    return { origin: "valkey-server, installed just now, started by the tests", isMissing, stop };
  }
  if (await succeeds("docker", "compose", "up", "--wait")) {
    const down = (): Promise<boolean> => succeeds("docker", "compose", "down");
    return { origin: "the one of docker compose, on 127.0.0.1:6379", isMissing, stop: down };
  }
  const origin = "none found, none installed, no docker compose: its tests are skipped";
  return { origin, isMissing: true, stop };
}

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
  if (await succeeds("bun", "--version")) return "bun";
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

/** Whether a program is there and ends well. What it prints is not shown. */
async function succeeds(program: string, ...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args, stdin: "null" }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
