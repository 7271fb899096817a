/** Garbage collection on demand, without a flag on the command line. */

import v8 from "node:v8";
import vm from "node:vm";

const { Bun } = globalThis as { Bun?: { gc(force: boolean): void } };

/** Frees what nothing refers to, so that one measurement does not pay for the one before. */
export const collectGarbage: () => void = Bun === undefined
  ? exposedGarbageCollector()
  : () => Bun.gc(true);

function exposedGarbageCollector(): () => void {
  v8.setFlagsFromString("--expose-gc");
  // Else V8 forgets what it compiled of a contender while the others have their turns, because each
  // collection makes its code look unused for longer.
  v8.setFlagsFromString("--no-flush-bytecode");
  return vm.runInNewContext("gc") as () => void;
}
