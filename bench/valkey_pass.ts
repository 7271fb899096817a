/**
 * What Valkey clients do in a round: small values one by one and in flight together, a queue, and
 * values of 10 KiB and 1 MiB as bytes. Each answer is checked.
 */

import { type Call, type Load, measure, type Sample } from "./measure.ts";
import { type Pass, type Row, WARM_UP_SHARE, type WarmPass } from "./turns.ts";
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

/** Makes the pass that plays `row`, after a short run that is not counted. */
export function warmValkeyPass(row: ValkeyRow): WarmPass<ValkeySubject | ValkeyBound> {
  const warmUp = valkeyPass({ ...row, budgetMs: row.budgetMs * WARM_UP_SHARE });
  return { warmUp, pass: valkeyPass(row) };
}

function valkeyPass(row: ValkeyRow): Pass<ValkeySubject | ValkeyBound> {
  return async function* (subject, name): AsyncGenerator<Row & { sample: Sample }> {
    const title = `${name}: ${row.row}, ${row.inFlight} in flight`;
    const sample = "play" in subject ? await subject.play(row) : await playRow(subject, row, title);
    if (sample !== null) yield { row: row.row, inFlight: row.inFlight, sample };
  };
}

/** What the calls of a row have at hand. */
interface Play {
  readonly subject: ValkeySubject;
  readonly row: ValkeyRow;
  /** The value of a row of large ones. */
  readonly large: Uint8Array;
  /** Answers that were not what they must be, where the calls compare them. */
  wrong: number;
}

async function playRow(subject: ValkeySubject, row: ValkeyRow, title: string): Promise<Sample> {
  const large = LARGE.get(row.valueBytes) ?? new Uint8Array();
  const play: Play = { subject, row, large, wrong: 0 };
  const isLarge = large.length > 0;
  if (row.command === "RPUSH+LPOP") return await playQueue(play, title);
  if (row.command === "SET") return await playSet(play, isLarge ? setLarge : setSmall, title);
  if (isLarge) return trusted(await measure(row, play, getLarge), play.wrong, title);
  const sample = await measure(row, play, getSmall);
  let checksum = 0;
  for (let at = 0; at < sample.operations; at++) checksum += digest(smallValueAt(at));
  if (checksum !== sample.checksum) throw new Error(`Cannot trust ${title}: checksum differs`);
  return sample;
}

const getSmall: Call<Play> = ({ subject, row }, at) => subject.get(keyAt(row, at));

const setSmall: Call<Play> = ({ subject, row }, at) =>
  subject.set(keyAt(row, at), smallValueAt(at));

const setLarge: Call<Play> = ({ subject, row, large }, at) =>
  subject.setBytes(keyAt(row, at), large);

async function getLarge(play: Play, at: number): Promise<void> {
  const value = await play.subject.getBytes(keyAt(play.row, at));
  if (value === null || !isAlike(value, play.large)) play.wrong++;
}

async function pushAndPop(play: Play, at: number): Promise<void> {
  const key = arrayAt(at);
  await play.subject.push(key, key);
  if (await play.subject.popFirst(key) !== key) play.wrong++;
}

/** Writes, and then reads one of the values, not timed. */
async function playSet(play: Play, set: Call<Play>, title: string): Promise<Sample> {
  const { subject, row, large } = play;
  const sample = await measure(row, play, set);
  const expected = large.length > 0 ? large : new TextEncoder().encode(smallValueAt(0));
  const value = await subject.getBytes(keyAt(row, 0));
  return trusted(sample, value === null || !isAlike(value, expected) ? 1 : 0, title);
}

/** An element in and out again: two commands. */
async function playQueue(play: Play, title: string): Promise<Sample> {
  const sample = await measure(play.row, play, pushAndPop);
  return trusted({ ...sample, operations: sample.operations * 2 }, play.wrong, title);
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
