/** Prints what was measured as tables: speeds, ratios (lost rows included), processor time. */

import { cpuPer100k, perSecond, type Sample, summarize } from "./measure.ts";
import type { Series } from "./rounds.ts";

/** Prints lines of cells: the first column to the left, the others to the right. */
export function printTable(lines: readonly (readonly string[])[]): void {
  const widths: number[] = [];
  for (const line of lines) {
    line.forEach((cell, at) => widths[at] = Math.max(widths[at] ?? 0, cell.length));
  }
  for (const line of lines) {
    const cells = line.map((cell, at) => {
      const width = widths[at] as number;
      return at === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    console.log(cells.join("  ").trimEnd());
  }
  console.log();
}

/** A figure to three digits, in thousands where it is large: `1.21M`, `812k`, `9.41k`, `731`. */
export function short(figure: number): string {
  if (figure >= 1e6) return `${(figure / 1e6).toPrecision(3)}M`;
  if (figure >= 1000) return `${Number((figure / 1000).toPrecision(3))}k`;
  return `${Number(figure.toPrecision(3))}`;
}

/** Prints, for each number of calls in flight, the speeds, the ratios and the processor time. */
export function printSeries(all: readonly Series[]): void {
  for (const inFlight of new Set(all.map((series) => series.inFlight))) {
    const part = all.filter((series) => series.inFlight === inFlight);
    const rows = [...new Set(part.map(({ row }) => row))];
    const names = [...new Set(part.map(({ contender }) => contender.name))];
    const line = (name: string, cell: (samples: readonly Sample[]) => string): string[] => {
      const cells = rows.map((row) => find(part, name, row)).map((series) =>
        series === undefined ? "–" : cell(series.samples)
      );
      return [name, ...cells];
    };
    const title = inFlight === 1 ? "awaited one by one" : `${inFlight} in flight`;

    console.log(`${title}: operations a second, median and half the spread`);
    printTable([
      ["", ...rows],
      ...names.map((name) => line(name, speedCell)),
      ...ratioLines(part, rows),
    ]);
    console.log(`${title}: processor seconds of this process for 100,000 calls`);
    printTable([
      ["", ...rows],
      ...names.map((name) => line(name, cpuCell)),
      ["least of the peers to JetKV", ...rows.map((row) => cpuRatioCell(part, row))],
    ]);
  }
}

/** Prints, for each kind of call, how many microseconds its rows took. */
export function printLatencies(all: readonly Series[]): void {
  const callOf = ({ row }: Series): string => row.slice(0, row.indexOf(","));
  for (const call of new Set(all.map(callOf))) {
    const part = all.filter((series) => callOf(series) === call);
    const rows = [...new Set(part.map(({ row }) => row))];
    const names = [...new Set(part.map(({ contender }) => contender.name))];
    console.log(
      `${call}, awaited one by one: microseconds of the slowest of so many calls, median`,
    );
    printTable([
      ["", ...rows.map((row) => row.replace(/\D+/, ""))],
      ...names.map((name) => [name, ...rows.map((row) => timeCell(find(part, name, row)))]),
      ...ratioLines(part, rows),
    ]);
  }
}

function timeCell(series: Series | undefined): string {
  return series === undefined ? "–" : short(1e6 / speed(series));
}

function find(part: readonly Series[], name: string, row: string): Series | undefined {
  return part.find((series) => series.contender.name === name && series.row === row);
}

function speedCell(samples: readonly Sample[]): string {
  const { median, low, high } = summarize(samples.map(perSecond));
  return `${short(median)} ±${Math.round((high - low) / 2 / median * 100)}%`;
}

function cpuCell(samples: readonly Sample[]): string {
  const { median } = summarize(samples.map(cpuPer100k));
  return Number.isNaN(median) ? "–" : median.toFixed(3);
}

/** How many times JetKV's processor time the thriftiest peer takes. */
function cpuRatioCell(part: readonly Series[], row: string): string {
  const ofRow = part.filter((series) => series.row === row);
  const cpu = ({ samples }: Series): number => summarize(samples.map(cpuPer100k)).median;
  const ours = ofRow.find(({ contender }) => contender.kind === "jetkv");
  const peers = ofRow.filter(({ contender }) => contender.kind === "peer");
  if (ours === undefined || peers.length === 0) return "–";
  return `${(Math.min(...peers.map(cpu)) / cpu(ours)).toFixed(2)}x`;
}

function speed(series: Series): number {
  return summarize(series.samples.map(perSecond)).median;
}

/** JetKV's speed divided by that of the best peer of each row, and by that of each bound. */
function ratioLines(part: readonly Series[], rows: readonly string[]): string[][] {
  const ours = part.filter(({ contender }) => contender.kind === "jetkv");
  const line = (title: string, other: (row: string) => Series | undefined): string[] => {
    const cells = rows.map((row) =>
      ratioCell(ours.find((series) => series.row === row), other(row))
    );
    return [title, ...cells];
  };
  const bounds = part.filter(({ contender }) => contender.kind === "bound");
  const boundNames = [...new Set(bounds.map(({ contender }) => contender.name))];
  const best = rows.map((row) => bestPeer(part, row));
  return [
    ["best peer", ...best.map((series) => series?.contender.name ?? "–")],
    line("JetKV to the best peer", (row) => bestPeer(part, row)),
    ...boundNames.map((name) => line(`JetKV to ${name}`, (row) => find(part, name, row))),
  ];
}

function bestPeer(part: readonly Series[], row: string): Series | undefined {
  return part
    .filter((series) => series.contender.kind === "peer" && series.row === row)
    .toSorted((left, right) => speed(right) - speed(left))[0];
}

function ratioCell(ours: Series | undefined, other: Series | undefined): string {
  if (ours === undefined || other === undefined) return "–";
  const ratio = speed(ours) / speed(other);
  const isLost = other.contender.kind === "peer" && ratio < 1;
  return `${isLost ? "LOST " : ""}${ratio.toFixed(2)}x`;
}
