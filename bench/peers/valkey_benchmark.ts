/** `valkey-benchmark`, in C, with one connection and as many commands in flight. */

import { execFile } from "node:child_process";
import type { Sample } from "../measure.ts";
import type { Contender } from "../subject.ts";
import type { ValkeyBound, ValkeyRow } from "../valkey_pass.ts";

/** How fast it is expected to be at most, to choose a number of commands that lasts long enough. */
const PER_SECOND_GUESS = 600_000;

class ValkeyBenchmark implements ValkeyBound {
  readonly #port: string;

  constructor(port: string) {
    this.#port = port;
  }

  async play(row: ValkeyRow): Promise<Sample | null> {
    if (row.command === "RPUSH+LPOP" || row.valueBytes > 16) return null;
    const seconds = row.budgetMs / 1000;
    const guess = row.inFlight === 1 ? PER_SECOND_GUESS / 20 : PER_SECOND_GUESS;
    const operations = Math.min(row.count * 4, Math.ceil(guess * seconds));
    const args = ["-p", this.#port, "-c", "1", "-P", `${row.inFlight}`, "-n", `${operations}`];
    const output = await run([...args, "-d", "16", "-r", "10000", "-t", row.command, "--csv"]);
    const perSecond = Number(/^"[A-Z]+","([\d.]+)"/m.exec(output)?.[1]);
    if (!(perSecond > 0)) throw new Error(`Cannot read what valkey-benchmark printed: ${output}`);
    return { operations, seconds: operations / perSecond, cpuSeconds: null, checksum: 0 };
  }

  async close(): Promise<void> {}
}

function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile("valkey-benchmark", args, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`Cannot run valkey-benchmark: ${error.message}`));
    });
  });
}

/** The server's own load generator. */
export const valkeyBenchmark: Contender<ValkeyBound> = {
  name: "valkey-benchmark",
  kind: "bound",
  settings: "-c 1 -P <commands in flight> -d 16 -r 10000",
  async load() {
    await run(["--version"]);
    return (place) => Promise.resolve(new ValkeyBenchmark(place));
  },
};
