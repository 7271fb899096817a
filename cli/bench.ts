/**
 * Measures a store on the reader's own machine.
 *
 * Each row makes the same call for a while, one at a time or many at once, under keys of its own
 * that are removed in the end. One at a time tells the latency, many at once the throughput.
 */

import type { Kv } from "../kv/kv.ts";
import { type Command, JSON_OPTION, URL_PARAMETER } from "./command.ts";
import { EXIT } from "./exit.ts";
import { openStore } from "./stores.ts";
import { jsonOf, print } from "./terminal.ts";
import { parseDuration } from "./values.ts";

const KEY_COUNT = 10_000;
const VALUE = "x".repeat(100);
const IN_FLIGHT = [1, 64];
const ROW_MS = 1_000;
const WARM_UP_SHARE = 0.1;

/** A row of the table. */
interface Row {
  readonly call: string;
  readonly inFlight: number;
  readonly perSecond: number;
  /** Half of the calls took at most so long. */
  readonly medianUs: number;
  /** All but one in a hundred took at most so long. */
  readonly p99Us: number;
}

/** A call that is measured; `i` counts them. */
type Measured = (kv: Kv, i: number) => Promise<unknown>;

const CALLS: Readonly<Record<string, Measured>> = {
  "put 100 B": (kv, i) => kv.put(`key:${i % KEY_COUNT}`, VALUE),
  "get 100 B": (kv, i) => kv.get(`key:${i % KEY_COUNT}`),
  "append + popFirst": (kv) => kv.append("queue", VALUE).then(() => kv.popFirst("queue")),
  "increment": (kv, i) => kv.increment(`counter:${i % KEY_COUNT}`),
};

const bench: Command = {
  name: "bench",
  summary: "Measure a store on this machine",
  details: "Works under keys of its own, which begin with jetkv:bench: and are removed in the end.",
  parameters: [URL_PARAMETER],
  options: [
    { name: "time", value: "DURATION", summary: "How long to measure each row; default 1s" },
    JSON_OPTION,
  ],
  examples: [
    ["Measure a file, synced to the medium", "jetkv bench 'file:./bench.db?durability=power'"],
    ["Measure a server", "jetkv bench valkey://localhost"],
  ],
  async run({ args, flags, values, signal, terminal }) {
    const time = values.get("time");
    const rowMs = time === undefined ? ROW_MS : parseDuration(time, "time");
    await using kv = await openStore(args[0] ?? "", { create: true, signal });
    const keys = kv.namespace(`jetkv:bench:${crypto.randomUUID()}:`);
    const rows: Row[] = [];
    if (!flags.has("json")) {
      await print(terminal.stdout, `${kv.backend}, ${machine()}`);
      const titles = ["at once", "per second", "median µs", "p99 µs"];
      await print(terminal.stdout, lineOf("call", ...titles));
    }
    try {
      for (const [call, run] of Object.entries(CALLS)) {
        for (const inFlight of IN_FLIGHT) {
          const row = { call, inFlight, ...await measure(keys, run, { inFlight, rowMs, signal }) };
          rows.push(row);
          if (!flags.has("json")) await print(terminal.stdout, formatRow(row));
        }
      }
    } finally {
      await keys.clear({ prefix: "" });
    }
    if (flags.has("json")) {
      const result = { backend: kv.backend, machine: machine(), rows };
      await print(terminal.stdout, jsonOf(result));
    }
    return EXIT.ok;
  },
};

/** The command that measures. */
export const BENCH_COMMANDS: readonly Command[] = [bench];

async function measure(
  kv: Kv,
  call: Measured,
  { inFlight, rowMs, signal }: { inFlight: number; rowMs: number; signal: AbortSignal },
): Promise<Omit<Row, "call" | "inFlight">> {
  await runFor(rowMs * WARM_UP_SHARE);
  const startMs = performance.now();
  const latencies = await runFor(rowMs);
  const seconds = (performance.now() - startMs) / 1_000;
  latencies.sort((a, b) => a - b);
  return {
    perSecond: Math.round(latencies.length / seconds),
    medianUs: at(latencies, 0.5),
    p99Us: at(latencies, 0.99),
  };

  /** Makes calls for a while, and gives how long each took, in milliseconds. */
  async function runFor(ms: number): Promise<number[]> {
    const latencies: number[] = [];
    const untilMs = performance.now() + ms;
    let i = 0;
    const work = async (): Promise<void> => {
      for (let nowMs = performance.now(); nowMs < untilMs;) {
        signal.throwIfAborted();
        await call(kv, i++);
        const doneMs = performance.now();
        latencies.push(doneMs - nowMs);
        nowMs = doneMs;
      }
    };
    await Promise.all(Array.from({ length: inFlight }, work));
    return latencies;
  }
}

function at(sorted: readonly number[], share: number): number {
  return Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 10_000) / 10;
}

function formatRow({ call, inFlight, perSecond, medianUs, p99Us }: Row): string {
  const [median, p99] = [medianUs, p99Us].map((us) => us.toFixed(1));
  return lineOf(call, `${inFlight}`, perSecond.toLocaleString("en"), `${median}`, `${p99}`);
}

function lineOf(call: string, ...columns: string[]): string {
  return [call.padEnd(18), ...columns.map((column) => column.padStart(11))].join(" ");
}

function machine(): string {
  const { os, arch } = Deno.build;
  return `Deno ${Deno.version.deno}, ${os} ${arch}, ${navigator.hardwareConcurrency} cores`;
}
