/**
 * Commands that carry whole stores: dump, restore, copy.
 */

import { KvError, show } from "../kv/errors.ts";
import type { Kv } from "../kv/kv.ts";
import { beginsAsUrl } from "../kv/urls.ts";
import { copy } from "../transfer/copy.ts";
import { dump } from "../transfer/dump.ts";
import type { Progress } from "../transfer/piece.ts";
import { checkStart, restore, verify } from "../transfer/restore.ts";
import { writeWhole } from "./atomic_file.ts";
import {
  type Call,
  type Command,
  JSON_OPTION,
  PREFIX_OPTION,
  QUIET_OPTION,
  URL_PARAMETER,
} from "./command.ts";
import { CommandError, EXIT, isMisuse, Unfinished, UsageError } from "./exit.ts";
import { ProgressBar } from "./progress.ts";
import { isOneFile, openStore, pathOf } from "./stores.ts";
import { attempt } from "./system.ts";
import { jsonOf, print, type Sink } from "./terminal.ts";
import { readUntilAborted, sinkUntilAborted, untilAborted } from "./waiting.ts";

const dumpCommand: Command = {
  name: "dump",
  summary: "Write all keys to a file or to standard output",
  details: "The file is there once it is whole; until then an older one stays. Without FILE, or\n" +
    "with -, the dump goes to standard output. Its last line holds a checksum, so a dump that\n" +
    "was cut is told from a whole one. See docs/dump-format.md.",
  parameters: [URL_PARAMETER, { name: "FILE", optional: true }],
  options: [
    PREFIX_OPTION,
    { name: "sort", summary: "In the order of the keys: equal stores give equal dumps" },
    { name: "no-expiry", summary: "Leave out when keys expire" },
    QUIET_OPTION,
    { ...JSON_OPTION, summary: "Print the sum as JSON; needs a FILE" },
  ],
  examples: [
    ["Back up a store", "jetkv dump file:./app.db backup.jsonl"],
    ["Compress on the way", "jetkv dump valkey://localhost | gzip > backup.jsonl.gz"],
    ["Compare two stores", "diff <(jetkv dump A --sort) <(jetkv dump B --sort)"],
  ],
  async run(call) {
    const [url = "", file = "-"] = call.args;
    const { signal, values, flags, terminal } = call;
    const prefix = values.get("prefix");
    if (file === "-" && flags.has("json")) {
      throw new UsageError("Cannot print the sum as JSON: the dump itself goes to standard output");
    }
    checkPath(file);
    if (file !== "-" && await isOneFile(pathOf(url), file)) {
      throw new UsageError("Cannot dump a store onto itself: FILE is the file of the store");
    }
    await using kv = await openStore(url, { create: false, signal });
    return await report(call, {
      verb: "Dumped",
      total: await totalOf(kv, prefix),
      unfinished: null,
      async run({ onProgress }) {
        const sort = flags.has("sort");
        const expiry = !flags.has("no-expiry");
        const chunks = dump(kv, { prefix, sort, expiry, signal, onProgress });
        if (file === "-") return await writeTo(sinkUntilAborted(terminal.stdout, signal), chunks);
        return await writeWhole(file, chunks);
      },
    });
  },
};

const restoreCommand: Command = {
  name: "restore",
  summary: "Put back the keys of a dump",
  details: "A key that the dump has is replaced, others stay unless --clear is given. A FILE is\n" +
    "checked to its end before anything changes; from standard input a damaged dump can only be\n" +
    "refused where the damage is. A key that has expired since is removed. After an\n" +
    "interruption run it again: it ends in the right store.",
  parameters: [URL_PARAMETER, { name: "FILE", optional: true }],
  options: [
    { name: "clear", summary: "Remove all keys of the store first" },
    { name: "check", summary: "Only check the dump, and change nothing" },
    QUIET_OPTION,
    JSON_OPTION,
  ],
  examples: [
    ["Restore a backup", "jetkv restore file:./new.db backup.jsonl"],
    ["Restore what was compressed", "gunzip -c backup.jsonl.gz | jetkv restore file:./new.db"],
    ["Check a backup", "jetkv restore memory: backup.jsonl --check"],
  ],
  async run(call) {
    const [url = "", file = "-"] = call.args;
    const { signal, flags, terminal } = call;
    checkPath(file);
    if (file === "-" && terminal.stdin.isTerminal) {
      throw new UsageError("Cannot restore from a terminal: give a FILE, or a dump on its input");
    }
    const path = pathOf(url);
    if (flags.has("check")) {
      return await report(call, {
        verb: "Checked",
        total: null,
        unfinished: null,
        run: async ({ onProgress }) => verify(await openDump(file, call), { signal, onProgress }),
      });
    }
    if (file !== "-" && await isOneFile(file, path)) {
      throw new UsageError(`Cannot restore ${show(file)} to itself: it is the dump`);
    }
    // A pipe, also one with a name, gives what it has only once.
    const isFile = file !== "-" && await isRegular(file);
    const checked = isFile ? await verify(await openDump(file, call), { signal }) : null;
    // Before the store is opened: what is no dump leaves no empty store.
    const chunks = await checkStart(await openDump(file, call));
    await using kv = await openStore(url, { create: true, signal });
    return await report(call, {
      verb: "Restored",
      total: checked === null ? null : checked.strings + checked.arrays,
      unfinished: isFile ? RUN_AGAIN : PARTLY_DAMAGED,
      async run(told) {
        const progress = await restore(kv, chunks, { clear: flags.has("clear"), signal, ...told });
        await sync(kv);
        return progress;
      },
    });
  },
};

const copyCommand: Command = {
  name: "copy",
  summary: "Copy all keys from one store to another",
  details:
    "Between any two backends: strings and arrays, text and bytes, with the time they have\n" +
    "left. A key that FROM has is replaced in TO, others stay unless --clear is given. After an\n" +
    "interruption run it again: it ends in the right store. Nobody else should write meanwhile.",
  parameters: [{ name: "FROM" }, { name: "TO" }],
  options: [
    PREFIX_OPTION,
    { name: "clear", summary: "Remove the keys of TO first, those of the prefix if one is given" },
    QUIET_OPTION,
    JSON_OPTION,
  ],
  examples: [
    ["Move from a file to a server", "jetkv copy file:./app.db valkey://localhost"],
    ["Take the sessions home", "jetkv copy valkey://prod file:./app.db --prefix session:"],
  ],
  async run(call) {
    const [from = "", to = ""] = call.args;
    const { signal, values, flags } = call;
    const prefix = values.get("prefix");
    // Opening both would not do: with lock=wait the second one would wait for the first one's lock.
    if (await isOneFile(pathOf(from), pathOf(to))) {
      throw new UsageError("Cannot copy a store to itself: both URLs lead to the same file");
    }
    await using source = await openStore(from, { create: false, signal });
    await using target = await openStore(to, { create: true, signal });
    return await report(call, {
      verb: "Copied",
      total: await totalOf(source, prefix),
      unfinished: RUN_AGAIN,
      async run(told) {
        const options = { prefix, clear: flags.has("clear"), signal, ...told };
        const progress = await copy(source, target, options);
        await sync(target);
        return progress;
      },
    });
  },
};

/** Commands that carry whole stores. */
export const DUMP_COMMANDS: readonly Command[] = [dumpCommand, restoreCommand, copyCommand];

/** A piece of work with whole stores. */
interface Work {
  /** What is done, such as `Dumped`. */
  readonly verb: string;
  /** How many keys there are, or `null` where nobody knows. */
  readonly total: number | null;
  /** What an end in the midst of it leaves, in a sentence; `null` if nothing. */
  readonly unfinished: string | null;
  run(told: Told): Promise<Progress>;
}

/** What the work tells on its way. */
interface Told {
  onProgress(progress: Progress): void;
  onClear(): void;
}

const RUN_AGAIN = "the store has a part of it; the same command, run again, completes it";
const RUN_AGAIN_LATER = `${RUN_AGAIN}, once there is room`;
const PARTLY_DAMAGED = "the store has the entries before the end or the damage";
const CLEARED = "--clear has removed what the store held before";

/** Does a piece of work, shows how far it has come, and prints the sum. */
async function report(
  { flags, terminal }: Call,
  { verb, total, unfinished, run }: Work,
): Promise<number> {
  const bar = new ProgressBar(terminal.stderr, verb, total);
  const isShown = !flags.has("quiet") && !flags.has("json");
  let progress: Progress;
  let isBegun = false;
  let isCleared = false;
  try {
    progress = await run({
      onProgress(progress) {
        isBegun = true;
        if (isShown) bar.update(progress);
      },
      onClear: () => isCleared = true,
    });
  } catch (error) {
    await bar.erase();
    // Misuse comes before any effect, so a clear that was refused has removed nothing.
    if (!isBegun && (!isCleared || isMisuse(error))) throw error;
    throw unfinishedError(error, unfinished, isCleared);
  }
  if (flags.has("json")) await print(terminal.stdout, jsonOf(progress));
  else if (isShown) await bar.finish(progress);
  return EXIT.ok;
}

/** The error of work that ended half-way: what it leaves, and why. */
function unfinishedError(error: unknown, unfinished: string | null, isCleared: boolean): unknown {
  // The command line was right if work could begin.
  const cause = isMisuse(error) ? new CommandError(error.message, { cause: error }) : error;
  if (unfinished === null) return cause;
  const isFull = error instanceof KvError && error.code === "full";
  const left = isFull && unfinished === RUN_AGAIN ? RUN_AGAIN_LATER : unfinished;
  return new Unfinished(isCleared ? `${CLEARED}; ${left}` : left, cause);
}

/** Checks that FILE was not meant as a store. */
function checkPath(file: string): void {
  if (!beginsAsUrl(file)) return;
  throw new UsageError(`Cannot take ${show(file)} as FILE: it is a URL, and a path is wanted`);
}

/** How many keys there will be, where the store can tell. */
async function totalOf(kv: Kv, prefix: string | undefined): Promise<number | null> {
  return prefix === undefined ? (await kv.stats()).entries : null;
}

async function writeTo<R>(sink: Sink, chunks: AsyncGenerator<Uint8Array, R>): Promise<R> {
  let next = await chunks.next();
  for (; !next.done; next = await chunks.next()) await sink.write(next.value);
  return next.value;
}

async function openDump(
  file: string,
  { terminal, signal }: Call,
): Promise<ReadableStream<Uint8Array>> {
  if (file === "-") return readUntilAborted(terminal.stdin.readable, signal);
  // To open a pipe with a name is to wait for who writes to it.
  const open = (): Promise<Deno.FsFile> => untilAborted(Deno.open(file), signal);
  const { readable } = await attempt(`read ${show(file)}`, open);
  return readUntilAborted(readable, signal);
}

async function isRegular(file: string): Promise<boolean> {
  const { isFile, isDirectory } = await attempt(`read ${show(file)}`, () => Deno.stat(file));
  if (isDirectory) throw new CommandError(`Cannot read ${show(file)}: it is a directory`);
  return isFile;
}

/** Waits until the medium has all of it, where that is for us to ask. */
async function sync(kv: Kv): Promise<void> {
  if ("sync" in kv) await (kv as Kv & { sync(): Promise<void> }).sync();
}
