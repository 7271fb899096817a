/**
 * Arguments as values: what stands on the command line or comes in on standard input, as bytes of a
 * value, a duration, or a whole number.
 */

import { show } from "../kv/errors.ts";
import type { Value } from "../kv/kv.ts";
import type { Call } from "./command.ts";
import { UsageError } from "./exit.ts";
import { readUntilAborted } from "./waiting.ts";

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Reads values: text as it stands, `-` from standard input, base64 with that flag. */
export async function readValues(args: readonly string[], call: Call): Promise<Value[]> {
  if (args.filter((arg) => arg === "-").length > 1) {
    throw new UsageError("Cannot read two values from standard input: give - only once");
  }
  const values: Value[] = [];
  for (const arg of args) {
    const value = arg === "-" ? await readInput(call) : arg;
    values.push(call.flags.has("base64") ? fromBase64(value) : value);
  }
  return values;
}

/** Reads a duration, such as `1500`, `90s` or `7d`, as milliseconds. */
export function parseDuration(text: string, name: string): number {
  const [, digits = "", unit = "ms"] = /^(\d+)([a-z]+)?$/.exec(text) ?? [];
  const ms = Object.hasOwn(UNITS, unit) ? Number(digits) * UNITS[unit]! : NaN;
  if (digits !== "" && Number.isSafeInteger(ms) && ms > 0) return ms;
  throw new UsageError(
    `Cannot take ${show(text)} as --${name}: give a whole number from 1 with ms, s, m, h or d, ` +
      "such as 90s; without one it is milliseconds, of which it may be 2^53 − 1",
  );
}

/** Reads how long to wait, in milliseconds; `true` for as long as it takes. */
export function parseWait(text: string): number | true {
  if (text === "forever") return true;
  if (/^\d/.test(text)) return parseDuration(text, "wait");
  throw new UsageError(
    `Cannot take ${show(text)} as --wait: give a duration such as 90s, or "forever"`,
  );
}

/** Reads a whole number, which may be negative. */
export function parseWhole(text: string, name: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  throw new UsageError(`Cannot take ${show(text)} as ${name}: it must be a whole number`);
}

/** Reads all of standard input. */
async function readInput({ terminal, signal }: Call): Promise<Uint8Array> {
  const input = readUntilAborted(terminal.stdin.readable, signal);
  return new Uint8Array(await new Response(input).arrayBuffer());
}

function fromBase64(value: Value): Uint8Array {
  const text = typeof value === "string" ? value : new TextDecoder().decode(value);
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    throw new UsageError("Cannot read a value: it is not base64");
  }
}
