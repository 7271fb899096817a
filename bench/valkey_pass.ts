/**
 * What Valkey clients do in a round: small values one by one and in flight together, a queue, and
 * values of 10 KiB and 1 MiB as bytes. Each answer is checked.
 */

import { type Load, measure, type Sample } from "./measure.ts";
import type { Pass, Row } from "./turns.ts";
import { ARRAY_COUNT, arrayOf, digest, keyOf, shuffled } from "./workloads.ts";

/** An open client under measurement. */
export interface ValkeySubject {
  get(key: string): Promise<unknown>;
  set(key: string, value: string): Promise<unknown>;
  push(key: string, value: string): Promise<unknown>;
  popFirst(key: string): Promise<unknown>;
  getBytes(key: string): Promise<Uint8Array | null>;
  setBytes(key: string, value: Uint8Array): Promise<unknown>;
  close(): Promise<unknown>;
}

/** What has no calls to make one by one and plays a row as a whole: a bound. */
export interface ValkeyBound {
  play(row: ValkeyRow): Promise<Sample | null>;
  close(): Promise<unknown>;
}

/** A row of the Valkey bench. */
export interface ValkeyRow extends Row, Load {
  readonly command: "GET" | "SET" | "RPUSH+LPOP";
  readonly valueBytes: number;
}

const KIB = 1024;
const SMALL_BYTES = 16;
const KEY_COUNT = 10_000;
const LARGE_KEY_COUNT = 16;

/** The rows; `scale` divides their calls. */
export function valkeyRows(scale: number): ValkeyRow[] {
  const rows: Omit<ValkeyRow, "budgetMs">[] = [
    small("GET", 1, 20_000),
    small("SET", 1, 20_000),
    small("GET", 64, 200_000),
    small("SET", 64, 200_000),
    small("RPUSH+LPOP", 64, 100_000),
    small("GET", 1000, 200_000),
    { ...small("GET", 64, 20_000), row: "10 KiB GET", valueBytes: 10 * KIB },
    { ...small("SET", 64, 20_000), row: "10 KiB SET", valueBytes: 10 * KIB },
    { ...small("GET", 8, 600), row: "1 MiB GET", valueBytes: KIB * KIB },
    { ...small("SET", 8, 600), row: "1 MiB SET", valueBytes: KIB * KIB },
  ];
  return rows.map((row) => ({ ...row, budgetMs: 200, count: Math.ceil(row.count / scale) }));
}

function small(
  command: ValkeyRow["command"],
  inFlight: number,
  count: number,
): Omit<ValkeyRow, "budgetMs"> {
  return { row: command, command, valueBytes: SMALL_BYTES, inFlight, count };
}

/** The key that call `at` of a row is for. */
export function keyAt({ valueBytes }: ValkeyRow, at: number): string {
  if (valueBytes === SMALL_BYTES) return KEYS[at % KEY_COUNT] as string;
  return `big:${valueBytes}:${at % LARGE_KEY_COUNT}`;
}

/** The small value that is stored at `keyAt` the same place: as many bytes, another for each. */
export function smallValueAt(at: number): string {
  return SMALL_VALUES[at % KEY_COUNT] as string;
}

/** The array that is used at place `at` of a row. */
export function arrayAt(at: number): string {
  return ARRAYS[at % ARRAY_COUNT] as string;
}

// Made beforehand: what the rows measure is the clients, not the joining of strings.
const KEYS = Array.from(shuffled(KEY_COUNT, 31), keyOf);
const SMALL_VALUES = KEYS.map((key) => `v${key.slice(1)}`);
const ARRAYS = Array.from({ length: ARRAY_COUNT }, (_, id) => arrayOf(id));

/** The value of `valueBytes` bytes, no two pieces of which are alike. */
export function largeValue(valueBytes: number): Uint8Array {
  return Uint8Array.from({ length: valueBytes }, (_, at) => (at * 31 + (at >> 8) * 7) & 0xff);
}

const LARGE = new Map([10 * KIB, KIB * KIB].map((bytes) => [bytes, largeValue(bytes)]));

/** Stores what the rows read. */
export async function fillServer(subject: ValkeySubject): Promise<void> {
  for (const [at, key] of KEYS.entries()) await subject.set(key, smallValueAt(at));
  for (const [valueBytes, value] of LARGE) {
    for (let at = 0; at < LARGE_KEY_COUNT; at++) {
      await subject.setBytes(`big:${valueBytes}:${at}`, value);
    }
  }
}

/** Makes the pass that plays `rows`, each after a short run that is not counted. */
export function valkeyPass(rows: readonly ValkeyRow[]): Pass<ValkeySubject | ValkeyBound> {
  return async function* (subject, name): AsyncGenerator<Row & { sample: Sample }> {
    for (const row of rows) {
      const title = `${name}: ${row.row}, ${row.inFlight} in flight`;
      const play = (row: ValkeyRow): Promise<Sample | null> =>
        "play" in subject ? subject.play(row) : playRow(subject, row, title);
      await play({ ...row, budgetMs: row.budgetMs / 5 });
      const sample = await play(row);
      if (sample !== null) yield { row: row.row, inFlight: row.inFlight, sample };
    }
  };
}

async function playRow(subject: ValkeySubject, row: ValkeyRow, title: string): Promise<Sample> {
  if (row.command === "RPUSH+LPOP") return await playQueue(subject, row, title);
  const large = LARGE.get(row.valueBytes);
  if (row.command === "SET") return await playSet(subject, row, large, title);
  if (large !== undefined) return await playLargeGet(subject, row, large, title);
  const sample = await measure(row, (at) => subject.get(keyAt(row, at)));
  let checksum = 0;
  for (let at = 0; at < sample.operations; at++) checksum += digest(smallValueAt(at));
  if (checksum !== sample.checksum) throw new Error(`Cannot trust ${title}: checksum differs`);
  return sample;
}

/** Writes, and then reads one of the values, not timed. */
async function playSet(
  subject: ValkeySubject,
  row: ValkeyRow,
  large: Uint8Array | undefined,
  title: string,
): Promise<Sample> {
  const sample = await measure(row, (at) => {
    const key = keyAt(row, at);
    return large === undefined ? subject.set(key, smallValueAt(at)) : subject.setBytes(key, large);
  });
  const key = keyAt(row, 0);
  const expected = large ?? new TextEncoder().encode(smallValueAt(0));
  const value = await subject.getBytes(key);
  return trusted(sample, value === null || !isAlike(value, expected) ? 1 : 0, title);
}

/** An element in and out again: two commands. */
async function playQueue(
  subject: ValkeySubject,
  row: ValkeyRow,
  title: string,
): Promise<Sample> {
  let wrong = 0;
  const sample = await measure(row, async (at) => {
    const key = arrayAt(at);
    await subject.push(key, key);
    if (await subject.popFirst(key) !== key) wrong++;
  });
  return trusted({ ...sample, operations: sample.operations * 2 }, wrong, title);
}

async function playLargeGet(
  subject: ValkeySubject,
  row: ValkeyRow,
  expected: Uint8Array,
  title: string,
): Promise<Sample> {
  let wrong = 0;
  const sample = await measure(row, async (at) => {
    const value = await subject.getBytes(keyAt(row, at));
    if (value === null || !isAlike(value, expected)) wrong++;
  });
  return trusted(sample, wrong, title);
}

const PIECE_BYTES = 1009;

/** Compares length and some bytes, so that the comparing costs little beside the reading. */
function isAlike(value: Uint8Array, expected: Uint8Array): boolean {
  if (value.length !== expected.length) return false;
  for (let at = 0; at < expected.length; at += PIECE_BYTES) {
    if (value[at] !== expected[at]) return false;
  }
  return value.at(-1) === expected.at(-1);
}

function trusted(sample: Sample, wrong: number, title: string): Sample {
  if (wrong > 0) throw new Error(`Cannot trust ${title}: ${wrong} wrong answers`);
  return sample;
}
