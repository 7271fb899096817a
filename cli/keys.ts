/**
 * Commands for keys of either type, and for the store as a whole.
 */

import type { Inspection } from "../kv/call_types.ts";
import {
  type Call,
  type Command,
  JSON_OPTION,
  KEY_PARAMETER,
  PREFIX_OPTION,
  URL_PARAMETER,
} from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import { plural } from "./progress.ts";
import { formatBytes, formatDuration } from "./sizes.ts";
import { lastCall, openBytes, openStore } from "./stores.ts";
import { jsonOf, LinePrinter, print, showOn } from "./terminal.ts";
import { parseWhole } from "./values.ts";
import { sinkUntilAborted } from "./waiting.ts";

const keys: Command = {
  name: "keys",
  summary: "List keys, one a line",
  details:
    "In no particular order. With --json each key is a JSON string, which tells apart keys\n" +
    "that hold line ends.",
  parameters: [URL_PARAMETER],
  options: [
    PREFIX_OPTION,
    { name: "limit", value: "COUNT", summary: "Stop after COUNT keys" },
    JSON_OPTION,
  ],
  examples: [
    ["List the users", "jetkv keys file:./app.db --prefix user:"],
    ["Count all keys", "jetkv keys file:./app.db --json | wc -l"],
  ],
  async run({ args, values, flags, signal, terminal }) {
    const [url = ""] = args;
    const limit = values.get("limit");
    await using kv = await openStore(url, { create: false, signal });
    const lines = new LinePrinter(sinkUntilAborted(terminal.stdout, signal));
    const scan = kv.keys({
      prefix: values.get("prefix"),
      limit: limit === undefined ? undefined : parseWhole(limit, "--limit"),
    });
    for await (const key of scan) {
      signal.throwIfAborted();
      await lines.print(flags.has("json") ? jsonOf(key) : showOn(terminal.stdout, key));
    }
    await lines.flush();
    return EXIT.ok;
  },
};

const inspect: Command = {
  name: "inspect",
  summary: "Tell what is at a key: its type, length and expiry",
  details: "Exit code 1 where there is no such key.",
  parameters: [URL_PARAMETER, KEY_PARAMETER],
  options: [JSON_OPTION],
  examples: [["Look at a session", "jetkv inspect file:./app.db session:42"]],
  async run({ args, flags, signal, terminal }) {
    const [url = "", key = ""] = args;
    await using kv = await openStore(url, { create: false, signal });
    const found = await kv.inspect(key);
    if (flags.has("json")) {
      await print(terminal.stdout, jsonOf({ key, ...(found ?? { type: null }) }));
    } else if (found !== null) await print(terminal.stdout, describe(found));
    return found === null ? EXIT.no : EXIT.ok;
  },
};

const remove: Command = {
  name: "remove",
  summary: "Remove the string at a key, never an array",
  details: "Exit code 1 where no string was there. An array stays: see delete.",
  parameters: [URL_PARAMETER, KEY_PARAMETER],
  options: [JSON_OPTION],
  examples: [["End a session", "jetkv remove file:./app.db session:42"]],
  run: (call) => removeKey(call, "remove"),
};

const deleteKey: Command = {
  name: "delete",
  summary: "Remove whatever is at a key, a string or an array",
  details: "Exit code 1 where there is no such key.",
  parameters: [URL_PARAMETER, KEY_PARAMETER],
  options: [JSON_OPTION],
  examples: [["Drop a queue", "jetkv delete file:./app.db jobs"]],
  run: (call) => removeKey(call, "delete"),
};

const clear: Command = {
  name: "clear",
  summary: "Remove the keys of a prefix, or all",
  details:
    "Strings and arrays. Which ones must be said. Prints how many there were: none is no failure.",
  parameters: [URL_PARAMETER],
  options: [PREFIX_OPTION, { name: "all", summary: "All keys" }, JSON_OPTION],
  examples: [
    ["Empty a cache", "jetkv clear valkey://localhost --prefix page:"],
    ["Empty a store", "jetkv clear file:./app.db --all"],
  ],
  async run({ args, flags, values, signal, terminal }) {
    const [url = ""] = args;
    const prefix = values.get("prefix") ?? "";
    // A prefix that is empty by mistake, as that of an unset variable, must not empty the store.
    if (flags.has("all") === (prefix !== "")) {
      throw new UsageError("Cannot clear: give either --prefix with a text or --all");
    }
    const kv = await openStore(url, { create: false, signal });
    const removed = await lastCall(kv, kv.clear({ prefix }), signal);
    await print(terminal.stdout, flags.has("json") ? jsonOf({ removed }) : `${removed}`);
    return EXIT.ok;
  },
};

const stats: Command = {
  name: "stats",
  summary: "Tell how many keys a store has, and its size",
  details: "The other counters are those of the program that has the store open.",
  parameters: [URL_PARAMETER],
  options: [JSON_OPTION],
  examples: [["Count the keys", "jetkv stats valkey://localhost --json | jq .entries"]],
  async run({ args, flags, signal, terminal }) {
    const [url = ""] = args;
    await using kv = await openStore(url, { create: false, signal });
    const found = await kv.stats();
    const { backend, entries, bytes } = found;
    if (flags.has("json")) await print(terminal.stdout, jsonOf(found));
    else {
      await print(terminal.stdout, `backend  ${backend}`);
      await print(terminal.stdout, `entries  ${entries}`);
      await print(terminal.stdout, `bytes    ${bytes} (${formatBytes(bytes)})`);
    }
    return EXIT.ok;
  },
};

/** Commands for keys and the store. */
export const KEY_COMMANDS: readonly Command[] = [keys, inspect, remove, deleteKey, clear, stats];

async function removeKey(call: Call, method: "remove" | "delete"): Promise<number> {
  const [url = "", key = ""] = call.args;
  await using kv = await openBytes(url, { create: false, signal: call.signal });
  const removed = await kv[method](key);
  if (call.flags.has("json")) await print(call.terminal.stdout, jsonOf({ key, removed }));
  return removed ? EXIT.ok : EXIT.no;
}

function describe({ type, length, expiresIn }: Inspection): string {
  const size = `${type} of ${plural(length, type === "string" ? "byte" : "element")}`;
  const left = expiresIn === null ? "stays" : `expires in ${formatDuration(expiresIn)}`;
  return `${size}, ${left}`;
}
