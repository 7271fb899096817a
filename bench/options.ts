/** What a bench is told on its command line. */

import process from "node:process";
import { CONTENDER_OPTION, SECTION_OPTION } from "./turns.ts";

const USAGE = `Plays a bench, prints its tables and writes them to bench/results/.

  --smoke   inputs so small that only the answers count, and nothing is written
  --help    this
`;

const SMOKE = "--smoke";

/** Tells whether only the answers count. Ends the process where it is told anything else. */
export function isSmoke(): boolean {
  const args = process.argv.slice(2);
  const other = args.find((arg) => arg !== SMOKE && !isOwn(arg));
  if (other === undefined) return args.includes(SMOKE);
  if (other === "--help") console.log(USAGE);
  else console.error(`Cannot take ${other}: no bench has such an option\n\n${USAGE}`);
  process.exit(other === "--help" ? 0 : 2);
}

/** Whether a bench has said so to a process of its own. */
function isOwn(arg: string): boolean {
  return arg.startsWith(CONTENDER_OPTION) || arg.startsWith(SECTION_OPTION);
}
