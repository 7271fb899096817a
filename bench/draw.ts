/**
 * Draws what `bench/results/` holds as charts: `deno run -A bench/draw.ts`. Each comes in light and
 * in dark.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { barPanels } from "./bar_chart.ts";
import { drawChart, THEMES } from "./chart.ts";
import { linePanels } from "./line_chart.ts";
import { ACROSS, headingOf } from "./names.ts";
import { placeOf, readResults } from "./results.ts";

const FIGURES = new URL("../docs/figures/", import.meta.url);

mkdirSync(FIGURES, { recursive: true });
for (const [name, results] of readResults()) {
  const across = ACROSS[name.slice(0, name.indexOf("."))];
  const measure = across === undefined ? ": operations a second, more is better" : "";
  for (const [section, { series }] of Object.entries(results.sections)) {
    const title = `${headingOf(name, section)}${measure}`;
    for (const [theme, colours] of Object.entries(THEMES)) {
      const panels = across === undefined
        ? barPanels(series, colours)
        : linePanels(series, across, colours);
      const chart = drawChart(title, placeOf(results), panels, colours);
      const file = [name, section, theme, "svg"].filter((part) => part !== "").join(".");
      writeFileSync(new URL(file, FIGURES), chart);
    }
  }
}
