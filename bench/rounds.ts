/**
 * Plays the workloads on all contenders in turn, round after round, so that whatever slows the
 * machine down for a while slows all of them down.
 */

import { collectGarbage } from "./garbage.ts";
import { type Load, measure, type Sample } from "./measure.ts";
import type { Contender, Subject } from "./subject.ts";
import {
  ARRAY_COUNT,
  arrayOf,
  digest,
  keyOf,
  shuffled,
  valueOf,
  type Workload,
  WORKLOADS,
} from "./workloads.ts";

/** What to play. */
export interface Plan {
  readonly keyCount: number;
  readonly rounds: number;
  /** The numbers of calls in flight, each a pass of its own. */
  readonly inFlight: readonly number[];
  /** See {@linkcode Load.budgetMs}. */
  readonly budgetMs: number;
  /** Makes an empty place for a store (a directory, a database), and removes it when it is done. */
  readonly place: () => { readonly path: string; remove(): void };
}

/** A contender that this machine and runtime have. */
export interface Entrant {
  readonly contender: Contender;
  readonly open: (place: string) => Promise<Subject>;
}

/** All runs of one row by one contender. */
export interface Series {
  readonly contender: Contender;
  readonly row: string;
  readonly inFlight: number;
  readonly samples: Sample[];
}

/** Loads the contenders, and says which ones cannot be loaded and why. */
export async function enter(
  contenders: readonly Contender[],
): Promise<Entrant[]> {
  const entrants: Entrant[] = [];
  for (const contender of contenders) {
    try {
      entrants.push({ contender, open: await contender.load() });
    } catch (reason) {
      console.log(
        `skipped: ${contender.name}: ${reason instanceof Error ? reason.message : reason}`,
      );
    }
  }
  return entrants;
}

/** Plays a warm-up and then all rounds. A contender with a wrong answer ends the bench. */
export async function playRounds(
  entrants: readonly Entrant[],
  plan: Plan,
): Promise<Series[]> {
  const series = new Map<string, Series>();
  for (let round = -1; round < plan.rounds; round++) {
    const keyCount = round < 0 ? Math.ceil(plan.keyCount / 4) : plan.keyCount;
    for (const { contender, open } of rotated(entrants, Math.max(round, 0))) {
      for (const inFlight of plan.inFlight) {
        const place = plan.place();
        const subject = await open(place.path);
        try {
          const load = { count: keyCount, inFlight, budgetMs: plan.budgetMs };
          for (
            const [row, sample] of await playPass(contender.name, subject, load)
          ) {
            if (round >= 0) {
              seriesOf(series, { contender, row, inFlight }).push(sample);
            }
          }
        } finally {
          await subject.close();
          place.remove();
        }
        collectGarbage();
      }
    }
  }
  return [...series.values()];
}

function seriesOf(
  all: Map<string, Series>,
  head: Omit<Series, "samples">,
): Sample[] {
  const key = `${head.contender.name}/${head.row}/${head.inFlight}`;
  let series = all.get(key);
  if (series === undefined) all.set(key, series = { ...head, samples: [] });
  return series.samples;
}

/** Each round begins with another contender: none always runs after the same one. */
function rotated<T>(items: readonly T[], by: number): T[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}

/** Plays each row once on an empty store. */
async function playPass(
  name: string,
  subject: Subject,
  load: Load,
): Promise<Map<string, Sample>> {
  await subject.prepareArrays?.(
    Array.from({ length: ARRAY_COUNT }, (_, id) => arrayOf(id)),
  );
  const samples = new Map<string, Sample>();
  const all = shuffled(load.count, 11);
  const put = await playRow(name, subject, "put new", all, load, samples);
  await fill(subject, all.subarray(put));
  await playRow(name, subject, "get", shuffled(load.count, 12), load, samples);
  const overwritten = shuffled(load.count, 13);
  const overwrites = await playRow(
    name,
    subject,
    "overwrite",
    overwritten,
    load,
    samples,
  );
  await expectValues(name, subject, overwritten.subarray(0, overwrites), 1);
  const appends = await playRow(name, subject, "append", all, load, samples);
  await playRow(
    name,
    subject,
    "popFirst",
    all.subarray(0, appends),
    load,
    samples,
  );
  const removed = shuffled(load.count, 14);
  const removes = await playRow(
    name,
    subject,
    "remove",
    removed,
    load,
    samples,
  );
  await expectValues(name, subject, removed.subarray(0, removes), null);
  return samples;
}

const FILLING_IN_FLIGHT = 256;

/** Puts the rest, not timed, so that the later rows find as many keys in a slow store. */
export async function fill(subject: Subject, ids: Uint32Array): Promise<void> {
  const load = {
    count: ids.length,
    inFlight: FILLING_IN_FLIGHT,
    budgetMs: Infinity,
  };
  await measure(load, (at) => {
    const id = ids[at] as number;
    return subject.put(keyOf(id), valueOf(id, 0));
  });
}

/** Plays one row and checks its answers; gives back how many calls were made in time. */
async function playRow(
  name: string,
  subject: Subject,
  row: string,
  ids: Uint32Array,
  load: Load,
  samples: Map<string, Sample>,
): Promise<number> {
  const workload = WORKLOADS.find((workload) => workload.name === row) as Workload;
  const { run } = workload;
  const sample = await measure(
    { ...load, count: ids.length },
    (at) => run(subject, ids[at] as number),
  );
  if (workload.expected !== undefined) {
    let checksum = 0;
    for (const id of ids.subarray(0, sample.operations)) {
      checksum += workload.expected(id);
    }
    if (checksum !== sample.checksum) {
      throw new Error(
        `Cannot trust ${name}: wrong answers to "${row}", checksum differs`,
      );
    }
  }
  samples.set(row, sample);
  return sample.operations;
}

const LOOKED_AT = 1000;

/** Looks at some of the keys, not timed: each has the value of that version, or `null` none. */
async function expectValues(
  name: string,
  subject: Subject,
  ids: Uint32Array,
  version: number | null,
): Promise<void> {
  for (const id of ids.subarray(0, LOOKED_AT)) {
    const expected = version === null ? 0 : digest(valueOf(id, version));
    if (digest(await subject.get(keyOf(id))) !== expected) {
      throw new Error(
        `Cannot trust ${name}: key ${id} is not what was written`,
      );
    }
  }
}
