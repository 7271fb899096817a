/**
 * Valkey servers for the tests: one of their own where they may start programs, on a free port with
 * a throw-away directory; else the one of `JETKV_TEST_VALKEY`; else the one on 127.0.0.1:6379,
 * which `docker compose up` starts.
 *
 * A server of their own ends with its test file, however that ends: it is the child of a shell that
 * stops it once its standard input is closed.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { environment, isAllowed } from "./environment.ts";

/** Databases that belong to the tests on a server that is not theirs alone. */
const TEST_DATABASE = 15;
const START_MS_MAX = 10_000;

/** A server to test against. */
export interface TestServer {
  readonly host: string;
  readonly port: number;
  /** A URL of it, credentials included. */
  readonly url: string;
  /** A database that the tests may empty. */
  readonly database: number;
}

/** A server that the tests have started. */
export interface OwnServer extends TestServer, AsyncDisposable {
  readonly directory: string;
  /** Sends a signal: `SIGKILL`, `SIGSTOP`, `SIGCONT`. */
  signal(name: NodeJS.Signals): void;
  /** Stops it and removes its directory. */
  stop(): Promise<void>;
}

/** Limits for tests that are not about them: the machine may be busy with other tests. */
export const PATIENT = { connectTimeout: 20_000, readTimeout: 20_000 } as const;

/** Finds or starts a server for a test file; the reason where there is none. */
export async function findValkey(): Promise<TestServer | { readonly reason: string }> {
  const url = environment("JETKV_TEST_VALKEY");
  if (url !== undefined && url !== "") return await checked(new URL(url));
  if (isAllowed("run") && await isInstalled()) return await startValkey();
  const local = new URL("redis://127.0.0.1:6379");
  if (await answers("127.0.0.1", 6379)) return await checked(local);
  return { reason: "no Valkey on 127.0.0.1:6379: docker compose up" };
}

/** Whether the tests may start servers of their own, and there is a program to start. */
export async function canStartValkey(): Promise<boolean> {
  return isAllowed("run") && await isInstalled();
}

/**
 * Starts a server.
 *
 * @param options `args`: more of the command line. `port`: one that another server had. `script`:
 * what a shell does first, in the server's directory.
 */
export async function startValkey(
  { args = [], port, tls = false, script = "" }: {
    args?: readonly string[];
    port?: number;
    tls?: boolean;
    script?: string;
  } = {},
): Promise<OwnServer> {
  const chosen = port ?? await freePort();
  const words = [
    ...(tls ? ["--port", "0", "--tls-port", `${chosen}`] : ["--port", `${chosen}`]),
    ...["--bind", "127.0.0.1", "--save", "", "--daemonize", "no", "--loglevel", "warning"],
    ...args,
  ];
  const shell = `set -u
directory=$(mktemp -d)
pid=
end() {
  if [ -n "$pid" ]; then kill -KILL "$pid"; wait "$pid"; fi 2>/dev/null
  rm -rf "$directory"
}
trap end EXIT
trap 'exit 1' HUP INT TERM
cd "$directory"
${script}
valkey-server --dir "$directory" "$@" </dev/null >log 2>&1 & pid=$!
echo "$pid $directory"
cat >/dev/null`;
  const child = spawn("sh", ["-c", shell, "sh", ...words], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit").then(() => [""]);
  const [line] = await Promise.race([once(child.stdout!, "data"), ended]);
  if (String(line) === "") throw new Error("Cannot start valkey-server: its script failed");
  const [pid = "", directory = ""] = String(line).trim().split(" ");
  // Nothing of it keeps the test file from ending.
  child.unref();
  child.stdout!.destroy();
  (child.stdin as unknown as { unref?(): void }).unref?.();
  await untilUp(chosen, tls);
  const stop = async (): Promise<void> => {
    child.ref();
    child.stdin!.end();
    await ended;
  };
  return {
    host: "127.0.0.1",
    port: chosen,
    url: `${tls ? "valkeys" : "valkey"}://127.0.0.1:${chosen}`,
    database: 0,
    directory,
    signal: (name) => void process.kill(Number(pid), name),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Finds a port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** Whether the program is there; on Debian as root it is installed first. */
async function isInstalled(): Promise<boolean> {
  if (await succeeds("valkey-server", ["--version"])) return true;
  const installer = fileURLToPath(new URL("install_valkey.sh", import.meta.url));
  return await succeeds("bash", [installer]);
}

function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: "ignore" });
    child.on("error", () => resolve(false));
    child.on("exit", (code) => resolve(code === 0));
  });
}

/**
 * Makes sure that nothing of value is in the test database of a server that is not the tests' own:
 * they empty it.
 */
async function checked(url: URL): Promise<TestServer> {
  const port = Number(url.port || "6379");
  const { openKv } = await import("../../kv/open.ts");
  const database = Number(url.pathname.slice(1) || TEST_DATABASE);
  const at = new URL(`/${database}`, url);
  await using kv = await openKv({ backend: "valkey", url: at });
  await using marks = await openKv({ backend: "valkey", url: at, database: 0 });
  const mark = `jetkv-tests:database-${database}-may-be-emptied`;
  const { entries } = await kv.stats();
  if (entries > 0 && !(await marks.has(mark))) {
    throw new Error(`Cannot test on database ${database} of ${url.host}: it is not empty`);
  }
  await marks.put(mark, "yes", { expireIn: 86_400_000 });
  return { host: url.hostname, port, url: new URL("/", url).href, database };
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on("connect", () => socket.write("PING\r\n"));
    socket.on("data", () => {
      resolve(true);
      socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(false));
  });
}

async function untilUp(port: number, tls: boolean): Promise<void> {
  const untilMs = Date.now() + START_MS_MAX;
  while (!(tls ? await accepts(port) : await answers("127.0.0.1", port))) {
    if (Date.now() > untilMs) throw new Error("Cannot start valkey-server: it does not answer");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A TLS server does not answer plain text; that it accepts must do. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.on("connect", () => {
      resolve(true);
      socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(false));
  });
}
