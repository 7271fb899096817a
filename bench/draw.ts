/**
 * Draws what `bench/results/` holds as charts: `deno run -A bench/draw.ts`.
 *
 * A chart has a panel for each row of a bench, and in it a bar for each contender, as long as its
 * median is fast; the thin line is its slowest to its fastest round. JetKV is coloured, bounds are
 * outlined, for no store of their kind can pass them. Each chart comes in light and in dark.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

/** The median of a contender in a row, with its extremes; see `results.ts`. */
interface Figure {
  readonly contender: string;
  readonly kind: "jetkv" | "peer" | "bound";
  readonly row: string;
  readonly inFlight: number;
  readonly perSecond: number;
  readonly perSecondLow: number;
  readonly perSecondHigh: number;
}

interface Section {
  readonly series: readonly Figure[];
}

/** A bench of one section has its figures at the top, one of several below their names. */
interface Results extends Partial<Section>, Readonly<Record<string, unknown>> {
  readonly taken: string;
  readonly machine: Readonly<Record<string, string | number>>;
}

interface Theme {
  readonly ink: string;
  readonly faint: string;
  readonly paper: string;
  readonly jetkv: string;
  readonly peer: string;
}

const THEMES: Readonly<Record<string, Theme>> = {
  light: { ink: "#1f2328", faint: "#656d76", paper: "#ffffff", jetkv: "#0969da", peer: "#afb8c1" },
  dark: { ink: "#e6edf3", faint: "#8d96a0", paper: "#0d1117", jetkv: "#4493f8", peer: "#484f58" },
};

const PANEL_WIDTH = 460;
const COLUMNS = 2;
const BAR_STEP = 17;
const BAR_HEIGHT = 11;
const TITLE_HEIGHT = 26;
const GAP = 18;
const LABEL_WIDTH = 130;
const FIGURE_WIDTH = 52;
const HEAD_HEIGHT = 46;

const RESULTS = new URL("./results/", import.meta.url);
const FIGURES = new URL("../docs/figures/", import.meta.url);

mkdirSync(FIGURES, { recursive: true });
for (const file of readdirSync(RESULTS).filter((name) => name.endsWith(".json"))) {
  const results = JSON.parse(readFileSync(new URL(file, RESULTS), "utf8")) as Results;
  for (const [section, series] of seriesOf(results)) {
    const name = file.replace(/\.json$/, section);
    for (const [theme, colours] of Object.entries(THEMES)) {
      writeFileSync(new URL(`${name}.${theme}.svg`, FIGURES), draw(name, results, series, colours));
    }
  }
}

function seriesOf(results: Results): [section: string, series: readonly Figure[]][] {
  if (results.series !== undefined) return [["", results.series]];
  return ["process", "power"].flatMap((name) => {
    const section = results[name] as Section | undefined;
    return section === undefined ? [] : [[`.${name}`, section.series]];
  });
}

function draw(
  name: string,
  { taken, machine }: Results,
  series: readonly Figure[],
  theme: Theme,
): string {
  const panels = [...Map.groupBy(series, (figure) => `${figure.inFlight}\n${figure.row}`).values()];
  const heights = panels.map((figures) => TITLE_HEIGHT + figures.length * BAR_STEP + GAP);
  const drawn: string[] = [];
  let top = HEAD_HEIGHT;
  for (let first = 0; first < panels.length; first += COLUMNS) {
    const row = panels.slice(first, first + COLUMNS);
    row.forEach((figures, column) => {
      drawn.push(drawPanel(figures, GAP + column * (PANEL_WIDTH + GAP), top, theme));
    });
    top += Math.max(...heights.slice(first, first + COLUMNS));
  }
  const width = GAP + COLUMNS * (PANEL_WIDTH + GAP);
  const { runtime, platform, cores, processor } = machine;
  const where = `${runtime}, ${platform}, ${cores} cores, ${processor}, ${taken}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" font-size="11"
  font-family="system-ui, sans-serif" fill="${theme.ink}">
<rect width="${width}" height="${top}" fill="${theme.paper}"/>
<text x="${GAP}" y="20" font-size="14" font-weight="600">${escape(titleOf(name))}</text>
<text x="${GAP}" y="36" fill="${theme.faint}">${escape(where)}</text>
${drawn.join("\n")}
</svg>
`;
}

function titleOf(name: string): string {
  const [subject = "", runtime = "", section] = name.split(".");
  const kind = section === undefined ? "" : `, durability "${section}"`;
  return `${subject} on ${runtime}${kind}: operations a second, more is better`;
}

function drawPanel(figures: readonly Figure[], left: number, top: number, theme: Theme): string {
  const { row, inFlight } = figures[0]!;
  const title = `${row}, ${inFlight === 1 ? "awaited one by one" : `${inFlight} in flight`}`;
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
  const fill = kind === "jetkv" ? theme.jetkv : kind === "peer" ? theme.peer : "none";
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

/** A figure in three digits: 1.23M, 45.6k, 789. */
function short(figure: number): string {
  if (figure >= 1e6) return `${(figure / 1e6).toPrecision(3)}M`;
  if (figure >= 1e3) return `${Number((figure / 1e3).toPrecision(3))}k`;
  return figure.toFixed(0);
}

function fixed(figure: number): string {
  return figure.toFixed(1);
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
