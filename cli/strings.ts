/**
 * Commands for strings.
 */

import { type Call, type Command, JSON_OPTION, KEY_PARAMETER, URL_PARAMETER } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import { openBytes } from "./stores.ts";
import { jsonOf, print, printValue, toJson } from "./terminal.ts";
import { parseDuration, readValues } from "./values.ts";
import { sinkUntilAborted } from "./waiting.ts";

const get: Command = {
  name: "get",
  summary: "Print the string at a key",
  details:
    "Prints the value byte by byte. On a terminal a line end follows, what is not text comes\n" +
    "as base64, and text with control characters as JSON. Exit code 1 where there is no such key.",
  parameters: [URL_PARAMETER, KEY_PARAMETER],
  options: [{ name: "base64", summary: "Print the value as base64" }, JSON_OPTION],
  examples: [
    ["Print a value", "jetkv get file:./app.db session:42"],
    ["Save a picture", "jetkv get valkey://localhost picture > picture.png"],
  ],
  async run(call) {
    const [url = "", key = ""] = call.args;
    await using kv = await openBytes(url, { create: false, signal: call.signal });
    const terminal = {
      ...call.terminal,
      stdout: sinkUntilAborted(call.terminal.stdout, call.signal),
    };
    return await answer({ ...call, terminal }, key, await kv.get(key));
  },
};

const put: Command = {
  name: "put",
  summary: "Store a string at a key",
  details: "Replaces what is there, an array too. VALUE - is read from standard input, byte by\n" +
    "byte. Exit code 1 where --if-absent finds the key.",
  parameters: [URL_PARAMETER, KEY_PARAMETER, { name: "VALUE" }],
  options: [
    { name: "expire-in", value: "DURATION", summary: "Until the key expires: 500ms, 90s, 5m, 7d" },
    { name: "if-absent", summary: "Only where there is no such key" },
    { name: "keep-ttl", summary: "Keep the expiry of the key that is replaced" },
    { name: "base64", summary: "VALUE is base64" },
    JSON_OPTION,
  ],
  examples: [
    ["Keep a session for an hour", "jetkv put file:./app.db session:42 ada --expire-in 1h"],
    ["Store a picture", "jetkv put valkey://localhost picture - < picture.png"],
  ],
  async run(call) {
    const [url = "", key = "", ...args] = call.args;
    const expireIn = call.values.get("expire-in");
    const options = {
      expireIn: expireIn === undefined ? undefined : parseDuration(expireIn, "expire-in"),
      ifAbsent: call.flags.has("if-absent"),
      keepTtl: call.flags.has("keep-ttl"),
    };
    if (options.keepTtl && expireIn !== undefined) {
      throw new UsageError("Cannot put with both --expire-in and --keep-ttl: choose one");
    }
    const [value = ""] = await readValues(args, call);
    await using kv = await openBytes(url, { create: true, signal: call.signal });
    const stored = await kv.put(key, value, options);
    if (call.flags.has("json")) await print(call.terminal.stdout, jsonOf({ key, stored }));
    return stored ? EXIT.ok : EXIT.no;
  },
};

/** Prints the value that a command has found, or tells that there is none. */
export async function answer(call: Call, key: string, value: Uint8Array | null): Promise<number> {
  const { stdout } = call.terminal;
  if (call.flags.has("json")) {
    const found = { key, value: value === null ? null : toJson(value) };
    await print(stdout, jsonOf(found));
  } else if (value !== null) {
    if (call.flags.has("base64")) await print(stdout, value.toBase64());
    else await printValue(stdout, value);
  }
  return value === null ? EXIT.no : EXIT.ok;
}

/** Commands for strings. */
export const STRING_COMMANDS: readonly Command[] = [get, put];
