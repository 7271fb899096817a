/** Tables of what was measured: speeds, ratios (lost rows included), processor time. */

import { callOf, type Figure, inFlightTitle, numberOf } from "./figures.ts";

/** Lines of cells as text: the first column to the left, the others to the right. */
export function table(lines: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const line of lines) {
    line.forEach((cell, at) => widths[at] = Math.max(widths[at] ?? 0, cell.length));
  }
  return lines.map((line) => {
    const cells = line.map((cell, at) => {
      const width = widths[at] as number;
      return at === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `${cells.join("  ").trimEnd()}\n`;
  }).join("");
}

/** A figure to three digits, in thousands where it is large: `1.21M`, `812k`, `9.41k`, `731`. */
export function short(figure: number): string {
  if (figure >= 1e6) return `${(figure / 1e6).toPrecision(3)}M`;
  if (figure >= 1000) return `${Number((figure / 1000).toPrecision(3))}k`;
  return `${Number(figure.toPrecision(3))}`;
}

/** For each number of calls in flight the speeds, the ratios and the processor time. */
export function speedTables(all: readonly Figure[]): string {
  return [...Map.groupBy(all, ({ inFlight }) => inFlight)].map(([inFlight, part]) => {
    const title = inFlightTitle(inFlight);
    const rows = [...new Set(part.map(({ row }) => row))];
    return `${title}: operations a second, median and half the spread\n${
      table([
        ["", ...rows],
        ...contenderLines(part, rows, speedCell),
        ...ratioLines(part, rows),
      ])
    }\n${title}: processor seconds of this process for 100,000 calls\n${
      table([
        ["", ...rows],
        ...contenderLines(part, rows, cpuCell),
        ["least of the peers to JetKV", ...rows.map((row) => cpuRatioCell(part, row))],
      ])
    }`;
  }).join("\n");
}

/** For each kind of call, the time that it takes, over the numbers in the names of the rows. */
export function timeTables(all: readonly Figure[], across: string): string {
  const calls = Map.groupBy(
    all,
    (figure) => `${callOf(figure)}, ${inFlightTitle(figure.inFlight)}`,
  );
  return [...calls].map(([call, part]) => {
    const rows = [...new Set(part.map(({ row }) => row))];
    const numbers = rows.map((row) => numberOf({ row }).toLocaleString("en"));
    return `${call}: microseconds a call, by ${across}\n${
      table([["", ...numbers], ...contenderLines(part, rows, timeCell), ...ratioLines(part, rows)])
    }`;
  }).join("\n");
}

function contenderLines(
  part: readonly Figure[],
  rows: readonly string[],
  cell: (figure: Figure) => string,
): string[][] {
  const names = [...new Set(part.map(({ contender }) => contender))];
  return names.map((name) => [
    name,
    ...rows.map((row) => find(part, name, row)).map((found) =>
      found === undefined ? "–" : cell(found)
    ),
  ]);
}

function find(part: readonly Figure[], name: string, row: string): Figure | undefined {
  return part.find((figure) => figure.contender === name && figure.row === row);
}

function speedCell({ perSecond, perSecondLow, perSecondHigh }: Figure): string {
  const spread = Math.round((perSecondHigh - perSecondLow) / 2 / perSecond * 100);
  return `${short(perSecond)} ±${spread}%`;
}

function timeCell({ perSecond }: Figure): string {
  return short(1e6 / perSecond);
}

function cpuCell({ cpuSecondsPer100k }: Figure): string {
  return cpuSecondsPer100k === null ? "–" : cpuSecondsPer100k.toFixed(3);
}

/** How many times JetKV's processor time the thriftiest peer takes. */
function cpuRatioCell(part: readonly Figure[], row: string): string {
  const ofRow = part.filter((figure) => figure.row === row);
  const ours = ofRow.find(({ kind }) => kind === "jetkv")?.cpuSecondsPer100k ?? null;
  const peers = ofRow.filter(({ kind }) => kind === "peer")
    .flatMap(({ cpuSecondsPer100k }) => cpuSecondsPer100k ?? []);
  if (ours === null || peers.length === 0) return "–";
  return `${(Math.min(...peers) / ours).toFixed(2)}x`;
}

/** JetKV's speed divided by that of the best peer of each row, and by that of each bound. */
function ratioLines(part: readonly Figure[], rows: readonly string[]): string[][] {
  const ours = part.filter(({ kind }) => kind === "jetkv");
  const line = (title: string, other: (row: string) => Figure | undefined): string[] => {
    const cells = rows.map((row) =>
      ratioCell(ours.find((figure) => figure.row === row), other(row))
    );
    return [title, ...cells];
  };
  const bounds = part.filter(({ kind }) => kind === "bound");
  const boundNames = [...new Set(bounds.map(({ contender }) => contender))];
  return [
    ["best peer", ...rows.map((row) => bestPeer(part, row)?.contender ?? "–")],
    line("JetKV to the best peer", (row) => bestPeer(part, row)),
    ...boundNames.map((name) => line(`JetKV to ${name}`, (row) => find(part, name, row))),
  ];
}

function bestPeer(part: readonly Figure[], row: string): Figure | undefined {
  return part
    .filter((figure) => figure.kind === "peer" && figure.row === row)
    .toSorted((left, right) => right.perSecond - left.perSecond)[0];
}

function ratioCell(ours: Figure | undefined, other: Figure | undefined): string {
  if (ours === undefined || other === undefined) return "–";
  const ratio = ours.perSecond / other.perSecond;
  const isLost = other.kind === "peer" && ratio < 1;
  return `${isLost ? "LOST " : ""}${ratio.toFixed(2)}x`;
}
