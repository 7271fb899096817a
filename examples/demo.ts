/**
 * A small program on a store: it reads documents and tells about each of them.
 *
 * One job a file goes into a queue. Three workers take jobs; a job stays in the worker's own array
 * until it is done, so that a worker that dies loses none. What a worker finds out is cached under
 * a hash of the file's content, for a minute, so the second round finds every answer there. Each
 * worker keeps a session alive while it works; left alone, the sessions expire.
 *
 *     deno task demo                                 in memory, on the project's own documents
 *     deno task demo file:./demo.db                  in a file
 *     deno task demo valkey://127.0.0.1:6379         on a Valkey server
 *     deno task demo memory: README.md mod.ts        on files of your choice
 */

import { parseArgs } from "node:util";
import { walk } from "@std/fs/walk";
import { TextLineStream } from "@std/streams/text-line-stream";
import { json, type Kv, openKv } from "@jetkv/jetkv";

const USAGE = "Usage: deno task demo [URL] [FILE...]";
const WORKERS = ["ada", "barbara", "grace"];
const SESSION_MS = 300;
const CACHE_MS = 60_000;

/** What a worker finds out about a document. */
interface Report {
  lines: number;
  words: number;
  longest: string;
}

/** A finished job. */
interface Result {
  file: string;
  worker: string;
  report: Report;
  fromCache: boolean;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    args: Deno.args.filter((arg) => arg !== "--"),
    options: { help: { type: "boolean", short: "h" } },
    allowPositionals: true,
  });
  if (values.help) return console.log(USAGE);
  const [url = "memory:", ...named] = positionals;
  if (!url.includes(":")) {
    throw new Error(`Cannot open a store at "${url}": the URL comes first, as in memory: ${url}`);
  }
  const files = named.length > 0 ? named : await projectDocuments();

  await using kv = await openKv(url);
  const demo = kv.namespace("demo:");
  console.log(`${files.length} documents, ${WORKERS.length} workers, on ${kv.backend}\n`);
  for (const round of ["First round", "Second round, from the cache"]) {
    const startMs = performance.now();
    await demo.append("jobs", ...files);
    const results = (await Promise.all(WORKERS.map((worker) => work(demo, worker)))).flat();
    print(round, results, performance.now() - startMs);
  }
  await watchSessions(demo);
  const { entries, bytes, hits, misses } = await kv.stats();
  console.log(`\nThe store: ${entries} keys, ${bytes} bytes, ${hits} hits, ${misses} misses`);
}

/** Takes jobs until none has come for a moment. */
async function work(kv: Kv, worker: string): Promise<Result[]> {
  const doing = `doing:${worker}`;
  const results: Result[] = [];
  await kv.put(`session:${worker}`, "working", { expireIn: SESSION_MS });
  for (;;) {
    const file = await kv.move("jobs", doing, { take: "first", put: "last", wait: 20 });
    if (file === null) return results;
    results.push({ file, worker, ...await reportOn(kv, file) });
    await kv.pop(doing);
    await kv.touch(`session:${worker}`, SESSION_MS);
  }
}

/** Looks a document up by its content, and reads it only if nobody has. */
async function reportOn(kv: Kv, file: string): Promise<Pick<Result, "report" | "fromCache">> {
  const cache = kv.namespace("report:").withCodec(json<Report>());
  const hash = await hashOf(file);
  const cached = await cache.get(hash);
  if (cached !== null) return { report: cached, fromCache: true };
  const report = await read(file);
  await cache.put(hash, report, { expireIn: CACHE_MS });
  return { report, fromCache: false };
}

async function hashOf(file: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(file));
  return new Uint8Array(digest).toHex();
}

async function read(file: string): Promise<Report> {
  const report: Report = { lines: 0, words: 0, longest: "" };
  using input = await Deno.open(file);
  const lines = input.readable.pipeThrough(new TextDecoderStream()).pipeThrough(
    new TextLineStream(),
  );
  for await (const line of lines) {
    report.lines++;
    for (const [word] of line.matchAll(/\p{L}+/gu)) {
      report.words++;
      if (word.length > report.longest.length) report.longest = word;
    }
  }
  return report;
}

function print(round: string, results: Result[], ms: number): void {
  const width = Math.max(...results.map(({ file }) => file.length));
  console.log(`${round} (${ms.toFixed(0)} ms)`);
  for (const { file, worker, report, fromCache } of results.toSorted(byFile)) {
    const origin = fromCache ? "cached" : "read";
    const counts = [number(report.lines, "lines"), number(report.words, "words")].join(" ");
    const origins = `${worker.padEnd(8)} ${origin.padEnd(7)}`;
    console.log(`  ${file.padEnd(width)} ${counts}   ${origins} ${report.longest}`);
  }
  console.log();
}

function number(count: number, noun: string): string {
  return `${String(count).padStart(6)} ${noun}`;
}

function byFile(a: Result, b: Result): number {
  return a.file < b.file ? -1 : 1;
}

/** Shows that a session ends by itself. */
async function watchSessions(kv: Kv): Promise<void> {
  const before = await Array.fromAsync(kv.keys({ prefix: "session:" }));
  await new Promise((resolve) => setTimeout(resolve, SESSION_MS));
  const after = await Array.fromAsync(kv.keys({ prefix: "session:" }));
  console.log(`Sessions: ${before.length} at work, ${after.length} after ${SESSION_MS} idle ms`);
}

async function projectDocuments(): Promise<string[]> {
  const documents: string[] = [];
  const options = { exts: [".md"], skip: [/node_modules/, /\/\./] };
  for await (const { path } of walk(".", options)) documents.push(path);
  return documents.sort();
}

try {
  await main();
} catch (error) {
  if (!(error instanceof Error)) throw error;
  console.error(`${error.message}\n${USAGE}`);
  Deno.exitCode = 1;
}
