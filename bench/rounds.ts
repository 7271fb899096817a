/**
 * Has all contenders do the same in turn, round after round, so that whatever slows the machine
 * down for a while slows all of them down.
 */

import { collectGarbage } from "./garbage.ts";
import type { Sample } from "./measure.ts";
import type { Place } from "./place.ts";
import type { Contender } from "./subject.ts";

/** A contender that this machine and runtime have. */
export interface Entrant<S> {
  readonly contender: Contender<S>;
  readonly open: (place: string) => Promise<S>;
}

/** One row of a table, and how many of its calls are in flight together. */
export interface Row {
  readonly row: string;
  readonly inFlight: number;
}

/** All runs of one row by one contender. */
export interface Series extends Row {
  readonly contender: Omit<Contender<unknown>, "load">;
  readonly samples: Sample[];
}

/** What a contender does in a round; it yields each row as soon as it is measured. */
export type Pass<S> = (subject: S, name: string) => AsyncIterable<Row & { sample: Sample }>;

/** What to play. */
export interface Plan<S> {
  readonly rounds: number;
  /** Each is played by all contenders in turn, each time on a store of its own. */
  readonly passes: readonly Pass<S>[];
  /** Played first, for the runtime to compile what it will, and not counted. */
  readonly warmUps: readonly Pass<S>[];
  /** Makes an empty place for a store. */
  readonly place: () => Place;
}

/** Loads the contenders, and says which ones cannot be loaded and why. */
export async function enter<S>(contenders: readonly Contender<S>[]): Promise<Entrant<S>[]> {
  const entrants: Entrant<S>[] = [];
  for (const contender of contenders) {
    try {
      entrants.push({ contender, open: await contender.load() });
      console.log(`${contender.name}: ${contender.settings}`);
    } catch (reason) {
      console.log(
        `skipped: ${contender.name}: ${reason instanceof Error ? reason.message : reason}`,
      );
    }
  }
  console.log();
  return entrants;
}

/** Plays the warm-ups and then all rounds. */
export async function playRounds<S extends { close(): Promise<unknown> }>(
  entrants: readonly Entrant<S>[],
  plan: Plan<S>,
): Promise<Series[]> {
  const all = new Map<string, Series>();
  for (const entrant of entrants) {
    for (const pass of plan.warmUps) await play(entrant, pass, plan.place());
  }
  for (let round = 0; round < plan.rounds; round++) {
    for (const pass of plan.passes) {
      for (const entrant of rotated(entrants, round)) {
        for (const { sample, ...row } of await play(entrant, pass, plan.place())) {
          seriesOf(all, { ...row, contender: entrant.contender }).push(sample);
        }
      }
    }
  }
  return [...all.values()];
}

/** Plays one pass. Where a peer fails, the bench says so and goes on without its figures. */
async function play<S extends { close(): Promise<unknown> }>(
  { contender, open }: Entrant<S>,
  pass: Pass<S>,
  place: Place,
): Promise<(Row & { sample: Sample })[]> {
  try {
    const subject = await open(place.path);
    try {
      return await Array.fromAsync(pass(subject, contender.name));
    } finally {
      await subject.close();
    }
  } catch (reason) {
    if (contender.kind !== "peer") throw reason;
    console.log(`failed: ${contender.name}: ${reason instanceof Error ? reason.message : reason}`);
    return [];
  } finally {
    place.remove();
    collectGarbage();
  }
}

function seriesOf(all: Map<string, Series>, head: Omit<Series, "samples">): Sample[] {
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
