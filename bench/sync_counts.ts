/**
 * Proves how durable each contender of the file bench is: counts, by `strace`, the system calls
 * that write and that sync while puts are awaited one by one.
 *
 * `deno run -A --unstable-kv bench/sync_counts.ts`, on Linux with `strace` on the PATH.
 */

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { POWER, PROCESS } from "./file_contenders.ts";
import { temporaryPlace } from "./place.ts";
import { printMachine, runtime, writeResults } from "./results.ts";
import type { Contender } from "./subject.ts";
import { table } from "./tables.ts";
import { keyOf, valueOf } from "./workloads.ts";

const PUTS = 200;
const SYNCS = ["fsync", "fdatasync", "msync", "sync_file_range"];
const WRITES = ["write", "pwrite64", "writev", "pwritev", "pwritev2"];
const CLASSES: Record<string, readonly Contender[]> = { process: PROCESS, power: POWER };

const [, , durability, name] = process.argv;
if (durability !== undefined && name !== undefined) await putAll(durability, name);
else await countAll();

/** Runs this file under `strace` for each contender. */
async function countAll(): Promise<void> {
  printMachine();
  const counts: Record<string, Record<string, { writes: number; syncs: number }>> = {};
  for (const [durability, contenders] of Object.entries(CLASSES)) {
    const ofClass: Record<string, { writes: number; syncs: number }> = {};
    for (const { name } of contenders) {
      try {
        ofClass[name] = await count(durability, name);
      } catch (reason) {
        console.log(`skipped: ${name}: ${reason instanceof Error ? reason.message : reason}`);
      }
    }
    counts[durability] = ofClass;
    console.log(`durability "${durability}": system calls for ${PUTS} puts awaited one by one`);
    const lines = Object.entries(ofClass);
    console.log(table([
      ["", "writes", "syncs"],
      ...lines.map(([name, { writes, syncs }]) => [name, `${writes}`, `${syncs}`]),
    ]));
  }
  writeResults("syncs", { sections: {}, puts: PUTS, counts });
}

/** Counts the calls of a run with the puts, and takes off those of a run without. */
async function count(
  durability: string,
  name: string,
): Promise<{ writes: number; syncs: number }> {
  const idle = await trace(durability, name, 0);
  const busy = await trace(durability, name, PUTS);
  return { writes: busy.writes - idle.writes, syncs: busy.syncs - idle.syncs };
}

async function trace(
  durability: string,
  name: string,
  puts: number,
): Promise<{ writes: number; syncs: number }> {
  const place = temporaryPlace();
  const log = `${place.path}/strace`;
  const options = runtime().name === "deno" ? ["run", "-A", "--unstable-kv"] : [];
  const program = [process.execPath, ...options, fileURLToPath(import.meta.url)];
  const calls = [...SYNCS, ...WRITES].join(",");
  const args = ["-f", "-qq", "-e", `trace=${calls}`, "-e", "signal=none", "-y", "-o", log];
  await run("strace", [...args, ...program, durability, name, String(puts)]);
  // With -y each descriptor shows its file, so that what goes to pipes and terminals is left out.
  const lines = readFileSync(log, "utf8").split("\n").filter((line) => /\d+<\/|msync/.test(line));
  place.remove();
  const countOf = (names: readonly string[]): number =>
    lines.filter((line) => names.some((name) => line.includes(` ${name}(`))).length;
  return { writes: countOf(WRITES), syncs: countOf(SYNCS) };
}

function run(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, args, (error, _, stderr) => {
      if (error === null) resolve();
      else reject(new Error(stderr.trim().split("\n").at(-1) ?? error.message));
    });
  });
}

/** What is traced: puts, and no orderly end that could sync what they did not. */
async function putAll(durability: string, name: string): Promise<void> {
  const contender = CLASSES[durability]?.find((contender) => contender.name === name);
  if (contender === undefined) throw new Error(`Cannot find ${name} among ${durability}`);
  const place = temporaryPlace();
  const subject = await (await contender.load())(place.path);
  const puts = Number(process.argv[4]);
  for (let id = 0; id < puts; id++) await subject.put(keyOf(id), valueOf(id, 0));
  place.remove();
  process.exit();
}
