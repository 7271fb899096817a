/**
 * From the words of a command line to a checked call. A word that no command knows is an error that
 * names what is known: a typo is never silently ignored.
 */

import { parseArgs } from "node:util";
import { show } from "../kv/errors.ts";
import { type Command, HELP_OPTION, type Option, optionsOf } from "./command.ts";
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
  const known = new Map(optionsOf(command).map((option) => [option.name, option]));
  const { tokens, positionals: args } = parseArgs({
    args: [...words],
    options: Object.fromEntries([...known.values()].map(toNode)),
    allowPositionals: true,
    // Strict, it would put into its own words what is wrong.
    strict: false,
    tokens: true,
  });
  const flags = new Set<string>();
  const values = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const option = known.get(token.name);
    if (option === undefined) rejectOption(words[token.index]!, command);
    const value = checkOption(option, token);
    if (value === null) flags.add(option.name);
    else if (!values.has(option.name)) values.set(option.name, value);
    else throw new UsageError(`Cannot take --${option.name} twice`);
  }
  if (flags.has(HELP_OPTION.name)) return { args, flags, values, isHelp: true };
  checkCount(args, command);
  args.forEach((arg, i) =>
    checkText(arg, (command.parameters[i] ?? command.parameters.at(-1))!.name)
  );
  for (const [name, value] of values) checkText(value, `--${name}`);
  return { args, flags, values, isHelp: false };
}

/**
 * Checks that an argument is what was typed: bytes that are no UTF-8 do not reach a program. What
 * stands in their place would make one key of several.
 */
function checkText(arg: string, name: string): void {
  if (!arg.includes("\ufffd")) return;
  const found = "it holds U+FFFD, which Deno puts in place of bytes that are not UTF-8";
  const hint = name === "VALUE"
    ? ": write it to standard input and give -, or give base64 and --base64"
    : "";
  throw new UsageError(`Cannot take ${show(arg)} as ${name}: ${found}${hint}`);
}

function toNode({ name, short, value }: Option): [string, { type: "boolean" | "string" }] {
  const type = value === undefined ? "boolean" : "string";
  return [name, { type, ...(short !== undefined && { short }) }];
}

/** What looks like an option where a value is due: a negative number does not. */
const LIKE_OPTION = /^-(?!\d)./;

/** Gives the value of an option, `null` for a flag. */
function checkOption(
  { name, value: expected }: Option,
  { value, inlineValue }: { value?: string | undefined; inlineValue?: boolean | undefined },
): string | null {
  if (expected === undefined) {
    if (value === undefined) return null;
    throw new UsageError(`Cannot take --${name} with a value: it is there or not`);
  }
  if (value === undefined) throw new UsageError(`Cannot take --${name} without a value`);
  if (value === "") {
    throw new UsageError(`Cannot take --${name} with an empty value: leave the option out`);
  }
  if (inlineValue || !LIKE_OPTION.test(value)) return value;
  const hint = `for ${show(value)} itself write --${name}=${value}`;
  throw new UsageError(`Cannot take --${name} without a value: ${hint}`);
}

/** The usage of a command in one line. */
export function usageOf({ name, parameters, options }: Command): string {
  const words = parameters.map(({ name, optional, repeated }) => {
    const word = repeated ? `${name}...` : name;
    return optional ? `[${word}]` : word;
  });
  return ["jetkv", name, ...words, ...(options.length > 0 ? ["[options]"] : [])].join(" ");
}

function rejectOption(word: string, command: Command): never {
  const known = optionsOf(command).map(({ name }) => `--${name}`).join(", ");
  throw new UsageError(
    `Cannot take the option ${show(word)}: known are ${known}; after -- nothing is an option`,
  );
}

function checkCount(args: readonly string[], command: Command): void {
  const { parameters } = command;
  const missing = parameters.slice(args.length).find(({ optional }) => optional !== true);
  if (missing !== undefined) {
    throw new UsageError(`Cannot run ${command.name} without ${missing.name}: ${usageOf(command)}`);
  }
  if (args.length <= parameters.length || parameters.at(-1)?.repeated === true) return;
  const extra = args[parameters.length]!;
  throw new UsageError(`Cannot take the argument ${show(extra)}: ${usageOf(command)}`);
}
