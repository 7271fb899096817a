/**
 * Command lines of `jetkv`: in this process with streams of the test's own, or in a process.
 */

import { run } from "../../cli/program.ts";
import type { Terminal } from "../../cli/terminal.ts";

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command meets. */
export interface Surroundings {
  /** Its standard input. Default: none. */
  readonly input?: Uint8Array | string | ReadableStream<Uint8Array>;
  /** Whether all three streams are a terminal. Default `false`. */
  readonly isTerminal?: boolean;
  readonly signal?: AbortSignal;
  /** Takes what the command writes to its standard output. Default: it is collected. */
  readonly takeOutput?: Terminal["stdout"]["write"];
}

const utf8 = new TextEncoder();

/** Runs a command line in this process. */
export async function jetkv(words: readonly string[], around: Surroundings = {}): Promise<Ended> {
  const { input = "", isTerminal = false, takeOutput } = around;
  const { signal = new AbortController().signal } = around;
  const written = { stdout: "", stderr: "" };
  const sink = (name: "stdout" | "stderr"): Terminal["stdout"] => {
    const decoder = new TextDecoder();
    return {
      isTerminal,
      write(bytes) {
        written[name] += decoder.decode(bytes, { stream: true });
        return Promise.resolve();
      },
    };
  };
  const terminal: Terminal = {
    stdin: { isTerminal, readable: input instanceof ReadableStream ? input : streamOf(input) },
    stdout: takeOutput === undefined ? sink("stdout") : { isTerminal, write: takeOutput },
    stderr: sink("stderr"),
  };
  const code = await run(words, terminal, signal);
  return { code, ...written };
}

function streamOf(input: Uint8Array | string): ReadableStream<Uint8Array> {
  return ReadableStream.from([typeof input === "string" ? utf8.encode(input) : input]);
}

/** A command line in a process of its own. */
export function spawnJetkv(
  words: readonly string[],
  permissions: readonly string[] = ["--allow-all"],
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--config", CONFIG, ...permissions, MAIN, ...words],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** A directory that is gone after the test. */
export async function makeDirectory(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "jetkv-cli-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Gives a `test` for command lines, ignored where one of `permissions` is missing. */
export async function commandTests(
  ...permissions: Deno.PermissionName[]
): Promise<(name: string, fn: () => Promise<void>) => void> {
  const found = await Promise.all(permissions.map((name) => Deno.permissions.query({ name })));
  const ignore = found.some(({ state }) => state !== "granted");
  const flags = permissions.map((name) => `--allow-${name}`).join(" and ");
  const why = ignore ? ` (ignored: it needs ${flags})` : "";
  return (name, fn) => Deno.test({ name: `jetkv ${name}${why}`, ignore, fn });
}
