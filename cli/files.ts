/**
 * Commands for the files of stores.
 */

import { type Command, JSON_OPTION, URL_PARAMETER } from "./command.ts";
import { EXIT } from "./exit.ts";
import { formatBytes } from "./sizes.ts";
import { lastCall, openFile } from "./stores.ts";
import { jsonOf, print } from "./terminal.ts";

const check: Command = {
  name: "check",
  summary: "Check a file: account for each of its bytes",
  details: "Prints what is wrong, one sentence a line. Exit code 4 where something is.",
  parameters: [URL_PARAMETER],
  options: [JSON_OPTION],
  examples: [["Check a file after a crash", "jetkv check file:./app.db"]],
  async run({ args, flags, signal, terminal }) {
    const { kv, path } = await openFile(args[0] ?? "", signal);
    const faults = await lastCall(kv, kv.check(), signal);
    if (flags.has("json")) await print(terminal.stdout, jsonOf({ path, faults }));
    else {
      for (const fault of faults) await print(terminal.stdout, fault);
      if (faults.length === 0) await print(terminal.stdout, "The file is sound");
    }
    return faults.length === 0 ? EXIT.ok : EXIT.corrupt;
  },
};

const compact: Command = {
  name: "compact",
  summary: "Give unused space of a file back to the file system",
  parameters: [URL_PARAMETER],
  options: [JSON_OPTION],
  examples: [["Shrink a file after a great removal", "jetkv compact file:./app.db"]],
  async run({ args, flags, signal, terminal }) {
    const { kv, path } = await openFile(args[0] ?? "", signal);
    const before = (await Deno.stat(path)).size;
    await lastCall(kv, kv.compact(), signal);
    const after = (await Deno.stat(path)).size;
    if (flags.has("json")) await print(terminal.stdout, jsonOf({ path, before, after }));
    else {
      const [from, to] = [before, after].map((size) => formatBytes(size));
      await print(terminal.stdout, `${from} before, ${to} now`);
    }
    return EXIT.ok;
  },
};

/** Commands for files. */
export const FILE_COMMANDS: readonly Command[] = [check, compact];
