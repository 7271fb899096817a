/** Writes what `bench/results/` holds to `bench/RESULTS.md`: `deno run -A bench/report.ts`. */

import { writeFileSync } from "node:fs";
import type { CacheResult, OpeningResult, SpaceResult } from "./file_limits.ts";
import {
  arrayGrowthTable,
  bytesTable,
  cacheTable,
  expiryTable,
  openingTable,
  spaceTable,
} from "./limit_tables.ts";
import type { ArrayGrowth, ExpiryResult } from "./memory_limits.ts";
import { ACROSS, headingOf, SUBJECT_ORDER } from "./names.ts";
import { placeOf, readResults, type Results, type Section } from "./results.ts";
import { speedTables, timeTables } from "./tables.ts";

const HEAD = `# Results

As printed by the benches, lost rows included, made by \`report.ts\` from \`results/\`; how they are
measured stands in [README.md](README.md). The machine is a shared one: compare within a table, not
between tables.
`;

/** What a bench measured besides speeds, by its name in the results. */
const LIMITS: Readonly<Record<string, (result: never) => string>> = {
  arrayGrowth: (result: ArrayGrowth) => arrayGrowthTable(result),
  expiry: (result: ExpiryResult) => expiryTable(result),
  bytesPerEntry: (result: Record<string, number>) => bytesTable(result),
  opening: (result: OpeningResult) => openingTable(result),
  cache: (result: CacheResult) => cacheTable(result),
  space: (result: SpaceResult) => spaceTable(result),
};

const bySubject = [...readResults()].toSorted(([left], [right]) => rankOf(left) - rankOf(right));
const parts = bySubject.flatMap(([name, results]) => partsOf(name, results));
writeFileSync(new URL("./RESULTS.md", import.meta.url), [HEAD, ...parts].join("\n"));

function rankOf(name: string): number {
  return SUBJECT_ORDER.indexOf(name.slice(0, name.indexOf(".")));
}

function partsOf(name: string, results: Results): string[] {
  const across = ACROSS[name.slice(0, name.indexOf("."))];
  const sections = Object.entries(results.sections).map(([section, part]) =>
    `## ${headingOf(name, section)}\n\n${introductionOf(part, results)}\n${
      fenced(across === undefined ? speedTables(part.series) : timeTables(part.series, across))
    }`
  );
  const limits = Object.entries(LIMITS).flatMap(([limit, show]) =>
    results[limit] === undefined || results[limit] === null
      ? []
      : [fenced(show(results[limit] as never))]
  );
  return [...sections, ...limits];
}

/** Where and how, and what each contender was set up as, as far as it played. */
function introductionOf({ title, settings, series }: Section, results: Results): string {
  const played = Object.entries(settings).filter(([name]) =>
    series.some(({ contender }) => contender === name)
  );
  const lines = played.map(([name, setting]) => `- ${name}: \`${setting.replaceAll("`", "'")}\`\n`);
  return `${placeOf(results)}. ${title}.\n\n${lines.join("")}`;
}

function fenced(text: string): string {
  return `\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`;
}
