/** What benches and their sections are called, and what their rows go over. */

/** What the numbers in the rows of a bench are; benches whose rows have none are not here. */
export const ACROSS: Readonly<Record<string, string>> = {
  growth: "keys in the store",
  latency: "the slowest of so many calls",
};

const SUBJECTS: Readonly<Record<string, string>> = {
  memory: "Memory stores",
  growth: "Growing stores",
  latency: "The time of single calls",
  file: "File stores",
  valkey: "Valkey clients",
};

const SECTIONS: Readonly<Record<string, string>> = {
  memory: "in memory",
  file: "in a file",
  process: 'durability "process"',
  power: 'durability "power"',
  valkey: "on Valkey",
};

const RUNTIMES: Readonly<Record<string, string>> = { deno: "Deno", bun: "Bun" };

/** The order in which benches are shown. */
export const SUBJECT_ORDER: readonly string[] = Object.keys(SUBJECTS);

/** A heading for a section of results, such as those of `file.deno`. */
export function headingOf(name: string, section: string): string {
  const [subject = "", runtime = ""] = name.split(".");
  const part = section === "" ? "" : `, ${SECTIONS[section] ?? section}`;
  return `${SUBJECTS[subject] ?? subject}${part}, on ${RUNTIMES[runtime] ?? runtime}`;
}
