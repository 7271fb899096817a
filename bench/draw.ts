/**
 * Draws what `bench/results/` holds as charts: `deno run -A bench/draw.ts`. Each comes in light and
 * in dark.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { barPanels } from "./bar_chart.ts";
import { drawChart, type Figure, THEMES } from "./chart.ts";
import { linePanels } from "./line_chart.ts";

interface Section {
  readonly series: readonly Figure[];
}

/** A bench of one section has its figures at the top, one of several below their names. */
interface Results extends Partial<Section>, Readonly<Record<string, unknown>> {
  readonly taken: string;
  readonly machine: Readonly<Record<string, string | number>>;
}

const RESULTS = new URL("./results/", import.meta.url);
const FIGURES = new URL("../docs/figures/", import.meta.url);
const SECTIONS = ["memory", "file", "process", "power", "valkey"];

/** What the lines of a chart go over. */
const ACROSS: Readonly<Record<string, string>> = {
  growth: "keys in the store",
  latency: "the slowest of so many calls",
};

mkdirSync(FIGURES, { recursive: true });
for (const file of readdirSync(RESULTS).filter((name) => name.endsWith(".json"))) {
  const results = JSON.parse(readFileSync(new URL(file, RESULTS), "utf8")) as Results;
  const { taken, machine: { runtime, platform, cores, processor } } = results;
  const where = `${runtime}, ${platform}, ${cores} cores, ${processor}, ${taken}`;
  for (const [section, series] of seriesOf(results)) {
    const name = file.replace(/\.json$/, section);
    const across = ACROSS[name.slice(0, name.indexOf("."))];
    for (const [theme, colours] of Object.entries(THEMES)) {
      const panels = across === undefined
        ? barPanels(series, colours)
        : linePanels(series, across, colours);
      const chart = drawChart(titleOf(name), where, panels, colours);
      writeFileSync(new URL(`${name}.${theme}.svg`, FIGURES), chart);
    }
  }
}

function seriesOf(results: Results): [section: string, series: readonly Figure[]][] {
  if (results.series !== undefined) return [["", results.series]];
  return SECTIONS.flatMap((name) => {
    const section = results[name] as Section | undefined;
    return section === undefined ? [] : [[`.${name}`, section.series]];
  });
}

function titleOf(name: string): string {
  const [subject = "", runtime = "", section] = name.split(".");
  if (subject === "growth") return `growing ${section} stores on ${runtime}`;
  if (subject === "latency") return `the time of single calls on ${runtime}, ${section}`;
  const kind = section === undefined ? "" : `, durability "${section}"`;
  return `${subject} on ${runtime}${kind}: operations a second, more is better`;
}
