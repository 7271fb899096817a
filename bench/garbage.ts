/** Garbage collection on demand. */

import v8 from "node:v8";
import vm from "node:vm";

const { Bun, gc } = globalThis as { Bun?: { gc(force: boolean): void }; gc?: () => void };

/**
 * Flags of V8 for a process that is measured: it has V8's own collector at hand, and V8 does not
 * forget what it compiled of a contender while the others have their turns, as it does with code
 * that looks unused for some collections.
 */
export const V8_FLAGS = "--v8-flags=--expose-gc,--no-flush-bytecode";

/** Frees what nothing refers to, so that one measurement does not pay for the one before. */
export const collectGarbage: () => void = Bun !== undefined
  ? () => Bun.gc(true)
  : gc ?? exposedGarbageCollector();

/** For a process without these flags. What Deno exposes makes the heap as small as can be, too. */
function exposedGarbageCollector(): () => void {
  v8.setFlagsFromString("--expose-gc");
  return vm.runInNewContext("gc") as () => void;
}
