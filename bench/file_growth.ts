/** How the cost of a call grows with the store: a file store should not care how full it is. */

import { type Load, measure, perSecond, summarize } from "./measure.ts";
import { bytesIn, temporaryPlace } from "./place.ts";
import type { Entrant } from "./rounds.ts";
import { fill } from "./store_pass.ts";
import type { Subject } from "./subject.ts";
import { printTable, short } from "./tables.ts";
import { keyOf, shuffled, valueOf } from "./workloads.ts";

const KEY_COUNTS: readonly number[] = [1e4, 1e5, 1e6];
const ROUNDS = 5;

/** What a store did at one size. */
export interface GrowthFigure {
  readonly contender: string;
  readonly keys: number;
  readonly getOneByOne: number;
  readonly get64: number;
  readonly overwriteOneByOne: number;
  readonly overwrite64: number;
  /** Bytes on the disk for each key. */
  readonly bytesAKey: number;
}

/** Fills each store step by step, and at each size reads and overwrites keys drawn at random. */
export async function measureGrowth(
  entrants: readonly Entrant<Subject>[],
  scale: number,
): Promise<GrowthFigure[]> {
  const stores = [];
  for (const { contender, open } of entrants) {
    const place = temporaryPlace();
    stores.push({ name: contender.name, subject: await open(place.path), place });
  }
  const figures: GrowthFigure[] = [];
  let filled = 0;
  for (const keys of KEY_COUNTS.map((count) => count / scale)) {
    const added = shuffled(keys - filled, 41).map((id) => id + filled);
    for (const { subject } of stores) await fill(subject, added);
    filled = keys;
    const speeds = new Map(stores.map(({ name }) => [name, newSpeeds()]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const { name, subject } of stores) {
        await playSize(subject, keys, round, scale, speeds.get(name) as Speeds);
      }
    }
    for (const { name, place } of stores) {
      const bytesAKey = Math.round(bytesIn(place.path) / keys);
      figures.push({ contender: name, keys, bytesAKey, ...medians(speeds.get(name) as Speeds) });
    }
  }
  for (const { subject, place } of stores) {
    await subject.close();
    place.remove();
  }
  return figures;
}

const ROWS = ["getOneByOne", "get64", "overwriteOneByOne", "overwrite64"] as const;

type Speeds = Record<typeof ROWS[number], number[]>;

function newSpeeds(): Speeds {
  return { getOneByOne: [], get64: [], overwriteOneByOne: [], overwrite64: [] };
}

function medians(speeds: Speeds): Record<typeof ROWS[number], number> {
  const median = (row: typeof ROWS[number]): number => Math.round(summarize(speeds[row]).median);
  return {
    getOneByOne: median("getOneByOne"),
    get64: median("get64"),
    overwriteOneByOne: median("overwriteOneByOne"),
    overwrite64: median("overwrite64"),
  };
}

async function playSize(
  subject: Subject,
  keys: number,
  round: number,
  scale: number,
  speeds: Speeds,
): Promise<void> {
  const ids = shuffled(keys, 50 + round);
  const idAt = (at: number): number => ids[at % keys] as number;
  const get = (at: number): Promise<unknown> => subject.get(keyOf(idAt(at)));
  const overwrite = (at: number): Promise<unknown> =>
    subject.put(keyOf(idAt(at)), valueOf(idAt(at), 0));
  const load: Omit<Load, "inFlight"> = { count: 1e6 / scale, budgetMs: 200 };
  const speedOf = async (inFlight: number, run: (at: number) => Promise<unknown>) =>
    perSecond(await measure({ ...load, inFlight }, run));
  speeds.getOneByOne.push(await speedOf(1, get));
  speeds.get64.push(await speedOf(64, get));
  speeds.overwriteOneByOne.push(await speedOf(1, overwrite));
  speeds.overwrite64.push(await speedOf(64, overwrite));
}

/** Prints a line for each store and size. */
export function printGrowth(figures: readonly GrowthFigure[]): void {
  console.log(
    "growth: operations a second at each number of keys, and bytes on the disk for a key",
  );
  printTable([
    ["", "keys", "get", "get, 64", "overwrite", "overwrite, 64", "bytes a key"],
    ...figures.map((figure) => [
      figure.contender,
      String(figure.keys),
      ...ROWS.map((row) => short(figure[row])),
      String(figure.bytesAKey),
    ]),
  ]);
}
