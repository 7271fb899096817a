/** What was measured, as it is kept, printed and drawn: a figure for each row of each contender. */

import { cpuPer100k, perSecond, summarize, type Summary } from "./measure.ts";
import type { Series } from "./rounds.ts";
import type { Kind } from "./subject.ts";

/** The median of a contender in a row, with its extremes, rounded to what they are worth. */
export interface Figure {
  readonly contender: string;
  readonly kind: Kind;
  readonly row: string;
  readonly inFlight: number;
  /** Calls of the first round. */
  readonly operations: number;
  readonly perSecond: number;
  readonly perSecondLow: number;
  readonly perSecondHigh: number;
  /** Processor time of the contender's process; `null` if not known. */
  readonly cpuSecondsPer100k: number | null;
  readonly cpuSecondsPer100kLow: number | null;
  readonly cpuSecondsPer100kHigh: number | null;
  /** The digests of all answers of the first round, added up. */
  readonly checksum: number;
}

/** The figures of all rounds. */
export function figuresOf(all: readonly Series[]): Figure[] {
  return all.map(({ contender, row, inFlight, samples }) => {
    const speed = rounded(summarize(samples.map(perSecond)), 0);
    const cpu = rounded(summarize(samples.map(cpuPer100k)), 4);
    return {
      contender: contender.name,
      kind: contender.kind,
      row,
      inFlight,
      operations: samples[0]!.operations,
      perSecond: speed.median,
      perSecondLow: speed.low,
      perSecondHigh: speed.high,
      cpuSecondsPer100k: orNull(cpu.median),
      cpuSecondsPer100kLow: orNull(cpu.low),
      cpuSecondsPer100kHigh: orNull(cpu.high),
      checksum: samples[0]!.checksum,
    };
  });
}

function rounded({ median, low, high }: Summary, digits: number): Summary {
  const round = (figure: number): number => Number(figure.toFixed(digits));
  return { median: round(median), low: round(low), high: round(high) };
}

function orNull(figure: number): number | null {
  return Number.isNaN(figure) ? null : figure;
}

/** How many calls were in flight, in words. */
export function inFlightTitle(inFlight: number): string {
  return inFlight === 1 ? "awaited one by one" : `${inFlight} in flight`;
}

/** The call that a row is about, where its name goes on with a number: `get, 1000 keys`. */
export function callOf({ row }: Pick<Figure, "row">): string {
  return row.slice(0, row.indexOf(","));
}

/** That number. */
export function numberOf({ row }: Pick<Figure, "row">): number {
  return Number(/\d+/.exec(row)![0]);
}
