/**
 * `jetkv`, the command line tool: reads and changes any store by its URL, dumps, restores and
 * copies whole stores, checks and compacts files.
 *
 * ```sh
 * deno install --global --name jetkv --allow-read --allow-write --allow-net jsr:@jetkv/jetkv/cli
 * jetkv put file:./app.db greeting hello
 * jetkv copy file:./app.db valkey://localhost
 * jetkv --help
 * ```
 *
 * It needs the permissions of the store: for a file `--allow-read` and `--allow-write`, for a
 * server `--allow-net`. An error names the one that is missing.
 *
 * @module
 */

import { Interrupt } from "./exit.ts";
import { run } from "./program.ts";
import { processTerminal } from "./terminal.ts";

if (!("Deno" in globalThis)) throw new Error("Cannot run jetkv: it is a program for Deno");

if (import.meta.main) {
  Deno.exit(await run(Deno.args, processTerminal(), stopSignal()));
}

/** Is aborted by Ctrl-C, SIGTERM and SIGHUP. A second one ends the program at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const names = Deno.build.os === "windows"
    ? ["SIGINT"] as const
    : ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of names) {
    Deno.addSignalListener(name, () => {
      const interrupt = new Interrupt(name);
      if (controller.signal.aborted) Deno.exit(interrupt.exitCode);
      controller.abort(interrupt);
    });
  }
  return controller.signal;
}
