/**
 * From the words of a command line to a checked call. A word that no command knows is an error that
 * names what is known: a typo is never silently ignored.
 */

import { parseArgs } from "@std/cli/parse-args";
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
  const flagNames = command.options.filter(({ value }) => value === undefined).map(nameOf);
  const valueNames = command.options.filter(({ value }) => value !== undefined).map(nameOf);
  const parsed = parseArgs(words.map((word) => explicit(word, flagNames)), {
    boolean: [...flagNames, "help"],
    string: ["_", ...valueNames],
    alias: { help: "h" },
    unknown: (word, name) => name === undefined || rejectOption(word, command),
  });
  const args = parsed._;
  if (parsed["help"] === true) return { args, flags: NONE, values: NO_VALUES, isHelp: true };
  const values = new Map<string, string>();
  for (const name of valueNames) {
    const value = parsed[name];
    if (value === undefined) continue;
    if (value === "") throw new UsageError(`Cannot take --${name} without a value`);
    values.set(name, String(value));
  }
  checkCount(args, command);
  return { args, flags: new Set(flagNames.filter((name) => parsed[name])), values, isHelp: false };
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

/** A flag as `--flag=true`: after a bare one the parser takes the argument "true" for its value. */
function explicit(word: string, flagNames: readonly string[]): string {
  return word.startsWith("--") && flagNames.includes(word.slice(2)) ? `${word}=true` : word;
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
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
