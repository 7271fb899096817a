/**
 * From the words of a command line to a checked call. A word that no command knows is an error that
 * names what is known: a typo is never silently ignored.
 */

import { parseArgs } from "node:util";
import { show } from "../kv/errors.ts";
import type { Command } from "./command.ts";
import { UsageError } from "./exit.ts";

/** What stands on a command line. */
export interface Parsed {
  readonly args: readonly string[];
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  /** Whether help is wanted. */
  readonly isHelp: boolean;
}

/**
 * Reads the words after the name of a command.
 *
 * @throws {UsageError} If the command has no such option, or takes more or fewer arguments.
 */
export function parseCall(words: readonly string[], command: Command): Parsed {
  const parsed = parseOptions(words, command);
  const args = parsed.positionals;
  if (parsed.values["help"] === true) return { args, flags: NONE, values: NO_VALUES, isHelp: true };
  const flags = new Set<string>();
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(parsed.values)) {
    if (typeof value !== "string") flags.add(name);
    else if (value !== "") values.set(name, value);
    else throw new UsageError(`Cannot take --${name} without a value`);
  }
  checkCount(args, command);
  return { args, flags, values, isHelp: false };
}

interface Options {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];
}

function parseOptions(words: readonly string[], command: Command): Options {
  const options: Record<string, { type: "boolean" | "string"; short?: string }> = {
    help: { type: "boolean", short: "h" },
  };
  for (const { name, value } of command.options) {
    options[name] ??= { type: value === undefined ? "boolean" : "string" };
  }
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (cause) {
    const { code } = cause as { code?: string };
    const named = words.find((word) => word.startsWith("-") && !isOption(word, options));
    if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION" && named !== undefined) {
      rejectOption(named, command);
    }
    const { message } = cause as Error;
    throw new UsageError(`Cannot read the options: ${message.split(/[.\n]/, 1)[0]}`);
  }
}

function isOption(word: string, options: Readonly<Record<string, unknown>>): boolean {
  return word === "-" || word === "-h" ||
    Object.hasOwn(options, word.slice(2).split("=", 1)[0]!);
}

const NONE: ReadonlySet<string> = new Set();
const NO_VALUES: ReadonlyMap<string, string> = new Map();

/** The usage of a command in one line. */
export function usageOf({ name, parameters, options }: Command): string {
  const words = parameters.map(({ name, optional, repeated }) => {
    const word = repeated ? `${name}...` : name;
    return optional ? `[${word}]` : word;
  });
  return ["jetkv", name, ...words, ...(options.length > 0 ? ["[options]"] : [])].join(" ");
}

function rejectOption(word: string, command: Command): never {
  const known = command.options.map(({ name }) => `--${name}`).join(", ");
  throw new UsageError(
    `Cannot take the option ${show(word)}: known are ${known}; after -- nothing is an option`,
  );
}

function checkCount(args: readonly string[], command: Command): void {
  const { parameters } = command;
  const missing = parameters.slice(args.length).find(({ optional }) => optional !== true);
  if (missing !== undefined) {
    throw new UsageError(`Cannot ${command.name} without ${missing.name}: ${usageOf(command)}`);
  }
  if (args.length <= parameters.length || parameters.at(-1)?.repeated === true) return;
  const extra = args[parameters.length]!;
  throw new UsageError(`Cannot take the argument ${show(extra)}: ${usageOf(command)}`);
}
