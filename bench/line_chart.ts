/**
 * How the time of a call grows, with the number of keys or of calls: a line for each contender.
 */

import {
  colourOf,
  escape,
  fixed,
  GAP,
  type Panel,
  PANEL_WIDTH,
  type Theme,
  TITLE_HEIGHT,
} from "./chart.ts";
import { callOf, type Figure, inFlightTitle, numberOf } from "./figures.ts";

const PLOT_HEIGHT = 190;
const FOOT_HEIGHT = 30;
const SCALE_WIDTH = 54;
const LABEL_WIDTH = 116;
const LABEL_STEP = 12;

/** A figure whose row has one number in its name. */
interface Point {
  readonly figure: Figure;
  readonly number: number;
  readonly microseconds: number;
}

/** Makes a panel for each kind of call, over `across`. Both scales are logarithmic. */
export function linePanels(series: readonly Figure[], across: string, theme: Theme): Panel[] {
  const rows = Map.groupBy(series, (figure) => `${callOf(figure)}\n${figure.inFlight}`);
  return [...rows.values()].map((figures) => ({
    height: TITLE_HEIGHT + PLOT_HEIGHT + FOOT_HEIGHT + GAP,
    draw: (left, top) => drawPanel(figures, across, left, top, theme),
  }));
}

function pointOf(figure: Figure): Point {
  return { figure, number: numberOf(figure), microseconds: 1e6 / figure.perSecond };
}

function drawPanel(
  figures: readonly Figure[],
  acrossTitle: string,
  left: number,
  top: number,
  theme: Theme,
): string {
  const points = figures.map(pointOf);
  const first = figures[0]!;
  const plotLeft = left + SCALE_WIDTH;
  const plotWidth = PANEL_WIDTH - SCALE_WIDTH - LABEL_WIDTH;
  const plotTop = top + TITLE_HEIGHT;
  const bottom = plotTop + PLOT_HEIGHT;
  const across = logScale(points.map(({ number }) => number), plotLeft, plotLeft + plotWidth);
  const up = logScale(points.map(({ microseconds }) => microseconds), bottom, plotTop);
  const lines = [...Map.groupBy(points, ({ figure }) => figure.contender).values()]
    .map((line) => line.toSorted((a, b) => a.number - b.number));
  const title = `${callOf(first)}, ${
    inFlightTitle(first.inFlight)
  }: microseconds a call, less is better`;
  return [
    `<text x="${left}" y="${top + 14}" font-weight="600">${escape(title)}</text>`,
    ...across.decades.map((number) =>
      text(across.at(number), bottom + 14, powerOfTen(number), "middle", theme.faint)
    ),
    text(plotLeft + plotWidth / 2, bottom + 27, escape(acrossTitle), "middle", theme.faint),
    ...up.decades.map((microseconds) =>
      `<path d="M${plotLeft} ${fixed(up.at(microseconds))}h${plotWidth}" stroke="${theme.peer}"
  stroke-opacity="0.4"/>${
        text(plotLeft - 6, up.at(microseconds) + 4, `${microseconds}`, "end", theme.faint)
      }`
    ),
    ...drawLines(lines, across.at, up.at, theme),
  ].join("\n");
}

/** Draws the lines, and at their right ends their names, moved apart where they would overlap. */
function drawLines(
  lines: readonly (readonly Point[])[],
  across: (number: number) => number,
  up: (microseconds: number) => number,
  theme: Theme,
): string[] {
  const highestFirst = lines.toSorted((a, b) => b.at(-1)!.microseconds - a.at(-1)!.microseconds);
  let free = -Infinity;
  return highestFirst.map((line) => {
    const last = line.at(-1)!;
    const { contender, kind } = last.figure;
    const colour = colourOf(last.figure, theme);
    const path = line.map(({ number, microseconds }) =>
      `${fixed(across(number))} ${fixed(up(microseconds))}`
    ).join("L");
    const weight = kind === "jetkv" ? ' font-weight="600"' : "";
    const dash = kind === "bound" ? ' stroke-dasharray="3 3"' : "";
    const end = up(last.microseconds);
    const label = Math.max(end + 4, free);
    free = label + LABEL_STEP;
    return `<path d="M${path}" fill="none" stroke="${colour}" stroke-width="${
      kind === "jetkv" ? 2.5 : 1.5
    }"${dash}/><text x="${fixed(across(last.number) + 6)}" y="${fixed(label)}"${weight}>${
      escape(contender)
    }</text>`;
  });
}

function text(x: number, y: number, content: string, anchor: string, colour: string): string {
  return `<text x="${fixed(x)}" y="${
    fixed(y)
  }" text-anchor="${anchor}" fill="${colour}">${content}</text>`;
}

function powerOfTen(number: number): string {
  const power = Math.round(Math.log10(number));
  return `10<tspan dy="-4" font-size="8">${power}</tspan>`;
}

interface LogScale {
  /** The powers of ten that the scale has. */
  readonly decades: readonly number[];
  readonly at: (figure: number) => number;
}

/** Maps whole decades around `figures` to the pixels `from` to `to`. */
function logScale(figures: readonly number[], from: number, to: number): LogScale {
  const logs = figures.map(Math.log10);
  const low = Math.floor(Math.min(...logs));
  const high = Math.max(Math.ceil(Math.max(...logs)), low + 1);
  const step = (to - from) / (high - low);
  return {
    decades: Array.from({ length: high - low + 1 }, (_, at) => 10 ** (low + at)),
    at: (figure) => from + (Math.log10(figure) - low) * step,
  };
}
