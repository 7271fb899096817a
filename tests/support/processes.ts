/**
 * Other processes in tests: which runtimes there are, and a child whose lines can be waited for.
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A runtime that runs the tests' TypeScript. */
export interface Runtime {
  readonly name: "deno" | "bun" | "node";
  readonly program: string;
  readonly args: readonly string[];
}

const DENO_ARGS = ["run", "--quiet", "--no-check", "--allow-all"];
/** JavaScript beside JavaScript: on Node the tests are compiled. */
const WRITER = fileURLToPath(import.meta.url.replace("/processes.", "/writer."));

/** This runtime, and another one if it is on the PATH. */
export function findRuntimes(): { own: Runtime; other: Runtime | null } {
  const deno = { name: "deno", args: DENO_ARGS } as const;
  const bun = { name: "bun", args: [] } as const;
  const node = { name: "node", args: [] } as const;
  const [own, other] = "Deno" in globalThis
    ? [deno, bun]
    : "Bun" in globalThis
    ? [bun, deno]
    : [node, deno];
  const isThere = spawnSync(other.name, ["--version"]).status === 0;
  return {
    own: { ...own, program: process.execPath },
    other: isThere ? { ...other, program: other.name } : null,
  };
}

/** A writer in another process. */
export class Writer implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** What it has said so far. */
  readonly lines: string[] = [];
  readonly #ended: Promise<unknown>;
  #heard: () => void = () => {};

  /** Starts `writer.ts`; see there for the commands. */
  constructor({ program, args }: Runtime, path: string, command: string) {
    const stdio = ["ignore", "pipe", "inherit"] as const;
    this.#child = spawn(program, [...args, WRITER, path, command], { stdio: [...stdio] });
    const reader = createInterface({ input: this.#child.stdout! });
    reader.on("line", (line) => {
      this.lines.push(line);
      this.#heard();
    });
    this.#ended = Promise.all([once(this.#child, "exit"), once(reader, "close")]);
    this.#ended.finally(() => this.#heard());
  }

  /** Resolves when it has said so many lines, or has ended. */
  async heard(count: number): Promise<void> {
    while (this.lines.length < count && this.#child.exitCode === null) {
      await new Promise<void>((resolve) => this.#heard = resolve);
    }
  }

  /** Resolves when it has ended and everything it said has come. */
  async ended(): Promise<void> {
    await this.#ended;
  }

  /** Ends it with SIGKILL. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** Makes a directory that is removed at the end of a block. */
export function makeDirectory(): { path: string } & Disposable {
  const path = mkdtempSync(`${tmpdir()}/jetkv-test-`);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}
