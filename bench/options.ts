/** What a bench is told on its command line. */

import process from "node:process";

const USAGE = `Plays a bench, prints its tables and writes them to bench/results/.

  --smoke   inputs so small that only the answers count, and nothing is written
  --help    this
`;

/** What else the bench tells its own processes; see `turns.ts`. */
const KNOWN = /^--(smoke$|contender=|section=)/;

/** Tells whether only the answers count. Ends the process where it is told anything else. */
export function isSmoke(): boolean {
  const args = process.argv.slice(2);
  const other = args.find((arg) => !KNOWN.test(arg));
  if (other === undefined) return args.includes("--smoke");
  if (other === "--help") console.log(USAGE);
  else console.error(`Cannot take ${other}: no bench has such an option\n\n${USAGE}`);
  process.exit(other === "--help" ? 0 : 2);
}
