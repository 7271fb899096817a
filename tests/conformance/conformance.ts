/**
 * The contract as a suite: every backend passes all of it, in every runtime. A test file of a
 * backend is one call of `conformance`. There is no flag to skip a case.
 */

import { describe, it } from "node:test";
import { aborting } from "./aborting.ts";
import { atomic } from "./atomic.ts";
import { batches } from "./batches.ts";
import { blocking } from "./blocking.ts";
import { codecs } from "./codecs.ts";
import { errors } from "./errors.ts";
import { expiry } from "./expiry.ts";
import { inProcess } from "./in_process.ts";
import { keyStates } from "./key_states.ts";
import { lifecycle } from "./lifecycle.ts";
import { limits } from "./limits.ts";
import { lists } from "./lists.ts";
import { namespaces } from "./namespaces.ts";
import { order } from "./order.ts";
import { scanning } from "./scanning.ts";
import { stats } from "./stats.ts";
import { strings } from "./strings.ts";
import type { Cases, Subject } from "./subject.ts";

const subjects: Readonly<Record<string, Cases>> = {
  "key states": keyStates,
  strings,
  lists,
  expiry,
  atomic,
  batches,
  scanning,
  blocking,
  aborting,
  order,
  codecs,
  namespaces,
  limits,
  errors,
  stats,
  lifecycle,
};

/** A case that hangs fails then. Far above what the slowest takes: a limit, not a measure. */
const CASE_MS_MAX = 30_000;

/** Gives a fresh, empty store at each call. */
export type Open = () => Promise<Subject & AsyncDisposable>;

/** Registers every case of the contract for the stores that `open` gives. */
export function conformance(name: string, open: Open): void {
  for (const [group, cases] of Object.entries(subjects)) register(name, group, cases, open);
}

/**
 * Registers what the contract asks of stores in this process, memory and file, beyond the rest:
 * their clock is exact, and nothing comes between their calls.
 */
export function inProcessConformance(name: string, open: Open): void {
  register(name, "in process", inProcess, open);
}

function register(name: string, group: string, cases: Cases, open: Open): void {
  describe(`${name}: ${group}`, () => {
    for (const [title, run] of Object.entries(cases)) {
      it(title, { timeout: CASE_MS_MAX }, async () => {
        await using subject = await open();
        await run(subject);
      });
    }
  });
}
