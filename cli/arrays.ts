/**
 * Commands for arrays.
 */

import { sliceIndex } from "../internal/slice_index.ts";
import type { Kv, Value } from "../kv/kv.ts";
import {
  BASE64_OPTION,
  type Command,
  JSON_OPTION,
  KEY_PARAMETER,
  URL_PARAMETER,
} from "./command.ts";
import { CommandError, EXIT } from "./exit.ts";
import { openBytes } from "./stores.ts";
import { answer } from "./strings.ts";
import { jsonOf, LinePrinter, print, showOn, toJson } from "./terminal.ts";
import { parseWait, parseWhole, readValues } from "./values.ts";
import { sinkUntilAborted } from "./waiting.ts";

/** Elements that are read at once. */
const ELEMENTS_A_READ = 1_024;

type BytesKv = Kv<Uint8Array, Value>;

const append = adding({
  name: "append",
  summary: "Add values at the end of an array",
  details: "Creates the array where there is no such key, and prints its new length. VALUE - is\n" +
    "read from standard input.",
  example: ["Queue two jobs", 'jetkv append file:./app.db jobs "resize 42.png" "resize 43.png"'],
  add: (kv, key, values) => kv.append(key, ...values),
});

const prepend = adding({
  name: "prepend",
  summary: "Add values at the front of an array",
  details: "One after the other, so that the last of them ends up first. Otherwise as append.",
  example: ["Put a job in front", 'jetkv prepend file:./app.db jobs "resize 41.png"'],
  add: (kv, key, values) => kv.prepend(key, ...values),
});

const pop = popping({
  name: "pop",
  summary: "Remove the last element of an array and print it",
  example: ["Take the newest job", "jetkv pop file:./app.db jobs"],
  take: (kv, key, options) => kv.pop(key, options),
});

const popFirst = popping({
  name: "pop-first",
  summary: "Remove the first element of an array and print it",
  example: ["Wait for a job", "jetkv pop-first valkey://localhost jobs --wait 30s"],
  take: (kv, key, options) => kv.popFirst(key, options),
});

const range: Command = {
  name: "range",
  summary: "Print elements of an array, and change nothing",
  details: "From START up to END, which is left out; negative ones count back from the end. One\n" +
    "element a line, which must be text unless --base64 or --json is given.",
  parameters: [
    URL_PARAMETER,
    KEY_PARAMETER,
    { name: "START", optional: true },
    { name: "END", optional: true },
  ],
  options: [{ ...BASE64_OPTION, summary: "Print elements as base64" }, JSON_OPTION],
  examples: [
    ["Print the next ten jobs", "jetkv range file:./app.db jobs 0 10"],
    ["Print the last one", "jetkv range file:./app.db jobs -- -1"],
  ],
  async run({ args, flags, signal, terminal }) {
    const [url = "", key = "", start = "0", end] = args;
    const from = parseWhole(start, "START");
    const to = end === undefined ? Infinity : parseWhole(end, "END");
    await using kv = await openBytes(url, { create: false, signal });
    // Of a string the first one says that no range of it can be read.
    const [, length] = await Promise.all([kv.range(key, 0, 0), kv.length(key)]);
    const lines = new LinePrinter(sinkUntilAborted(terminal.stdout, signal));
    const stop = sliceIndex(to, length);
    for (let at = sliceIndex(from, length); at < stop;) {
      signal.throwIfAborted();
      const next = Math.min(at + ELEMENTS_A_READ, stop);
      for (const element of await kv.range(key, at, next)) {
        await lines.print(showOn(terminal.stdout, lineOf(element, flags)));
      }
      at = next;
    }
    await lines.flush();
    return length === 0 ? EXIT.no : EXIT.ok;
  },
};

/** Commands for arrays. */
export const ARRAY_COMMANDS: readonly Command[] = [append, prepend, pop, popFirst, range];

function lineOf(element: Uint8Array, flags: ReadonlySet<string>): string {
  if (flags.has("base64")) return element.toBase64();
  const json = toJson(element);
  if (flags.has("json")) return jsonOf(json);
  if (typeof json === "string") return json;
  throw new CommandError("Cannot print an element: it is not text; use --base64 or --json");
}

function adding({ name, summary, details, example, add }: {
  readonly name: string;
  readonly summary: string;
  readonly details: string;
  readonly example: readonly [string, string];
  add(kv: BytesKv, key: string, values: Value[]): Promise<number>;
}): Command {
  return {
    name,
    summary,
    details,
    parameters: [URL_PARAMETER, KEY_PARAMETER, { name: "VALUE", repeated: true }],
    options: [BASE64_OPTION, JSON_OPTION],
    examples: [example],
    async run(call) {
      const [url = "", key = "", ...args] = call.args;
      const values = await readValues(args, call);
      await using kv = await openBytes(url, { create: true, signal: call.signal });
      const length = await add(kv, key, values);
      const line = call.flags.has("json") ? jsonOf({ key, length }) : `${length}`;
      await print(call.terminal.stdout, line);
      return EXIT.ok;
    },
  };
}

function popping({ name, summary, example, take }: {
  readonly name: string;
  readonly summary: string;
  readonly example: readonly [string, string];
  take(
    kv: BytesKv,
    key: string,
    options: { wait: number | boolean; signal: AbortSignal },
  ): Promise<Uint8Array | null>;
}): Command {
  return {
    name,
    summary,
    details: "Prints the element as get prints a value. Exit code 1 where there is none. The\n" +
      "element has left the store then: printed into a pipe that nobody reads, it is gone.",
    parameters: [URL_PARAMETER, KEY_PARAMETER],
    options: [
      { name: "wait", value: "DURATION", summary: 'Wait for an element: 90s, or "forever"' },
      { ...BASE64_OPTION, summary: "Print the element as base64" },
      JSON_OPTION,
    ],
    examples: [example],
    async run(call) {
      const [url = "", key = ""] = call.args;
      const text = call.values.get("wait");
      const wait = text === undefined ? false : parseWait(text);
      await using kv = await openBytes(url, { create: false, signal: call.signal });
      const element = await take(kv, key, { wait, signal: call.signal });
      return await answer(call, key, element);
    },
  };
}
