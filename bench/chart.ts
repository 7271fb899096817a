/** What the charts have in common: their colours and their frame. */

import type { Figure } from "./figures.ts";

/** Colours of a chart. */
export interface Theme {
  readonly ink: string;
  readonly faint: string;
  readonly paper: string;
  readonly jetkv: string;
  readonly peer: string;
}

/** The colours by the name that the chart's file has. */
export const THEMES: Readonly<Record<string, Theme>> = {
  light: { ink: "#1f2328", faint: "#656d76", paper: "#ffffff", jetkv: "#0969da", peer: "#afb8c1" },
  dark: { ink: "#e6edf3", faint: "#8d96a0", paper: "#0d1117", jetkv: "#4493f8", peer: "#484f58" },
};

/** Panels stand in two columns; all measures are in pixels. */
export const PANEL_WIDTH = 460;
export const TITLE_HEIGHT = 26;
export const GAP = 18;
const COLUMNS = 2;
const HEAD_HEIGHT = 46;

/** A part of a chart with a title of its own. */
export interface Panel {
  readonly height: number;
  readonly draw: (left: number, top: number) => string;
}

/** Draws panels below a title and a line that says where the figures were taken. */
export function drawChart(
  title: string,
  where: string,
  panels: readonly Panel[],
  theme: Theme,
): string {
  const drawn: string[] = [];
  let top = HEAD_HEIGHT;
  for (let first = 0; first < panels.length; first += COLUMNS) {
    const row = panels.slice(first, first + COLUMNS);
    row.forEach((panel, column) => drawn.push(panel.draw(GAP + column * (PANEL_WIDTH + GAP), top)));
    top += Math.max(...row.map(({ height }) => height));
  }
  const width = GAP + COLUMNS * (PANEL_WIDTH + GAP);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" font-size="11"
  font-family="system-ui, sans-serif" fill="${theme.ink}">
<rect width="${width}" height="${top}" fill="${theme.paper}"/>
<text x="${GAP}" y="20" font-size="14" font-weight="600">${escape(title)}</text>
<text x="${GAP}" y="36" fill="${theme.faint}">${escape(where)}</text>
${drawn.join("\n")}
</svg>
`;
}

/** The colour of a contender. */
export function colourOf({ kind }: Pick<Figure, "kind">, theme: Theme): string {
  return kind === "jetkv" ? theme.jetkv : kind === "peer" ? theme.peer : theme.faint;
}

/** A coordinate. */
export function fixed(figure: number): string {
  return figure.toFixed(1);
}

/** Text as it stands in XML. */
export function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
