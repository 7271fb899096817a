/** A panel for each row of a bench, and in it a bar for each contender, as long as it is fast. */

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
import { type Figure, inFlightTitle } from "./figures.ts";
import { short } from "./tables.ts";

const BAR_STEP = 17;
const BAR_HEIGHT = 11;
const LABEL_WIDTH = 130;
const FIGURE_WIDTH = 52;

/**
 * Makes the panels. A bar ends at the median; the thin line is the slowest to the fastest round.
 * JetKV is coloured; bounds, which are no stores, are outlined.
 */
export function barPanels(series: readonly Figure[], theme: Theme): Panel[] {
  const rows = Map.groupBy(series, (figure) => `${figure.inFlight}\n${figure.row}`);
  return [...rows.values()].map((figures) => ({
    height: TITLE_HEIGHT + figures.length * BAR_STEP + GAP,
    draw: (left, top) => drawPanel(figures, left, top, theme),
  }));
}

function drawPanel(figures: readonly Figure[], left: number, top: number, theme: Theme): string {
  const { row, inFlight } = figures[0]!;
  const title = `${row}, ${inFlightTitle(inFlight)}`;
  const longest = Math.max(...figures.map(({ perSecondHigh }) => perSecondHigh));
  const scale = (PANEL_WIDTH - LABEL_WIDTH - FIGURE_WIDTH) / longest;
  const bars = figures.toSorted((a, b) => b.perSecond - a.perSecond).map((figure, i) =>
    drawBar(figure, left, top + TITLE_HEIGHT + i * BAR_STEP, scale, theme)
  );
  return [`<text x="${left}" y="${top + 14}" font-weight="600">${escape(title)}</text>`, ...bars]
    .join("\n");
}

function drawBar(
  { contender, kind, perSecond, perSecondLow, perSecondHigh }: Figure,
  left: number,
  top: number,
  scale: number,
  theme: Theme,
): string {
  const barLeft = left + LABEL_WIDTH;
  const textTop = top + BAR_HEIGHT - 2;
  const middle = top + BAR_HEIGHT / 2;
  const fill = kind === "bound" ? "none" : colourOf({ kind }, theme);
  const weight = kind === "jetkv" ? ' font-weight="600"' : "";
  const end = barLeft + perSecondHigh * scale + 5;
  const [low, high] = [perSecondLow, perSecondHigh].map((figure) =>
    fixed(barLeft + figure * scale)
  );
  return `<text x="${barLeft - 6}" y="${textTop}" text-anchor="end"${weight}>${
    escape(contender)
  }</text><rect x="${barLeft}" y="${top}" width="${fixed(perSecond * scale)}" height="${BAR_HEIGHT}"
  fill="${fill}" stroke="${
    kind === "bound" ? theme.faint : "none"
  }"/><path d="M${low} ${middle}H${high}"
  stroke="${theme.faint}"/><text x="${fixed(end)}" y="${textTop}" fill="${theme.faint}">${
    short(perSecond)
  }</text>`;
}
