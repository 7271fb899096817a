/** The process of one contender: it loads its code, and plays a pass whenever it is its turn. */

import process from "node:process";
import { createInterface } from "node:readline";
import { collectGarbage } from "./garbage.ts";
import type { Sample } from "./measure.ts";
import type { Contender } from "./subject.ts";

/** One row of a table, and how many of its calls are in flight together. */
export interface Row {
  readonly row: string;
  readonly inFlight: number;
}

/** What a contender does in a turn; it yields each row as soon as it is measured. */
export type Pass<S> = (subject: S, name: string) => AsyncIterable<Row & { sample: Sample }>;

/**
 * What is played in a turn. A process that has waited for its turn has a heap as small as can be,
 * which then grows again, and a runtime that gathers anew what it knows of the code: the warm-up
 * pays for that, on a store of its own, and is not counted.
 */
export interface WarmPass<S> {
  /** `null` where the pass is so long that it makes no difference. */
  readonly warmUp: Pass<S> | null;
  readonly pass: Pass<S>;
}

/** A warm-up plays this part of what counts, in this part of the time. */
export const WARM_UP_SHARE = 0.2;

/** What a process is told: which of its passes to play, and where. */
export interface Turn {
  readonly pass: number;
  readonly warmUpPlace: string;
  readonly place: string;
}

/** What it says when it is ready, and after each turn. */
export interface Answer {
  readonly rows?: readonly (Row & { sample: Sample })[];
  /** Why it cannot play, or what went wrong. */
  readonly failed?: string;
}

/** Comes before the name of the contender whose process it is. */
export const CONTENDER_OPTION = "--contender=";

/** Whether this is the process of a contender, and not that of the bench itself. */
export function isContender(): boolean {
  return process.argv.some((arg) => arg.startsWith(CONTENDER_OPTION));
}

/** Comes before the name of the section that a process plays in. */
export const SECTION_OPTION = "--section=";

/** The arguments of the processes that play in the section `name` of a bench with several. */
export function sectionArgs(name: string): readonly string[] {
  return [`${SECTION_OPTION}${name}`];
}

/** The section that this process plays in. */
export function sectionPlayed(): string {
  const option = process.argv.find((arg) => arg.startsWith(SECTION_OPTION)) ?? "";
  return option.slice(SECTION_OPTION.length);
}

/**
 * Holds the store of the last warm-up. V8 throws away what it compiled for objects of which none is
 * left, and a program that is no bench keeps its store.
 */
const kept = new Set<unknown>();

/** Plays turns until the bench ends. */
export async function playTurns<S extends { close(): Promise<unknown> }>(
  contenders: readonly Contender<S>[],
  passes: readonly WarmPass<S>[],
): Promise<void> {
  const option = process.argv.find((arg) => arg.startsWith(CONTENDER_OPTION)) ?? "";
  const name = option.slice(CONTENDER_OPTION.length);
  const contender = contenders.find((contender) => contender.name === name);
  if (contender === undefined) return answer({ failed: `no contender has the name ${name}` });
  let open: (place: string) => Promise<S>;
  try {
    open = await contender.load();
    answer({});
  } catch (reason) {
    return answer({ failed: messageOf(reason) });
  }
  for await (const line of createInterface({ input: process.stdin })) {
    const turn = JSON.parse(line) as Turn;
    const { warmUp, pass } = passes[turn.pass]!;
    try {
      if (warmUp !== null) {
        const subject = await open(turn.warmUpPlace);
        kept.clear();
        kept.add(subject);
        await play(warmUp, subject, name);
        collectGarbage();
      }
      answer({ rows: await play(pass, await open(turn.place), name) });
    } catch (reason) {
      answer({ failed: messageOf(reason) });
    }
    collectGarbage();
  }
}

async function play<S extends { close(): Promise<unknown> }>(
  pass: Pass<S>,
  subject: S,
  name: string,
): Promise<(Row & { sample: Sample })[]> {
  try {
    return await Array.fromAsync(pass(subject, name));
  } finally {
    await subject.close();
  }
}

function answer(answer: Answer): void {
  console.log(JSON.stringify(answer));
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
