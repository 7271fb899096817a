/**
 * What a command of `jetkv` is: its name, its words for people, and what it does.
 */

import type { Terminal } from "./terminal.ts";

/** An argument by its place. */
export interface Parameter {
  /** As the usage shows it, such as `KEY`. */
  readonly name: string;
  /** Whether it may be missing. */
  readonly optional?: boolean;
  /** Whether more of it may follow. */
  readonly repeated?: boolean;
  /** All that it may be, where that is known. */
  readonly choices?: readonly string[];
}

/** An option by its name. */
export interface Option {
  /** Without its dashes, such as `expire-in`. */
  readonly name: string;
  /** The letter that does as well, such as `h`. */
  readonly short?: string;
  /** What its value is, such as `DURATION`; a flag has none. */
  readonly value?: string;
  readonly summary: string;
}

/** A command. */
export interface Command {
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** More of it, for the help of the command. */
  readonly details?: string;
  readonly parameters: readonly Parameter[];
  readonly options: readonly Option[];
  /** What to do, and the command line for it. */
  readonly examples: readonly (readonly [purpose: string, line: string])[];
  /** Does it, and gives the exit code. */
  run(call: Call): Promise<number>;
}

/** A command as it was called. */
export interface Call {
  /** The arguments, in their order. */
  readonly args: readonly string[];
  /** The flags that were given. */
  readonly flags: ReadonlySet<string>;
  /** The values of the options that were given. */
  readonly values: ReadonlyMap<string, string>;
  readonly terminal: Terminal;
  /** Is aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Where the store is. */
export const URL_PARAMETER: Parameter = { name: "URL" };
/** The key. */
export const KEY_PARAMETER: Parameter = { name: "KEY" };

/** Every command has it, beside its own. */
export const HELP_OPTION: Option = { name: "help", short: "h", summary: "Print this" };

/** The options of a command, with those that every command has. */
export function optionsOf({ options }: Command): Option[] {
  return [...options, HELP_OPTION];
}

/** For the output. */
export const JSON_OPTION: Option = { name: "json", summary: "Print JSON, for programs" };
/** Values that are not text. */
export const BASE64_OPTION: Option = { name: "base64", summary: "Values are base64" };
/** Which keys. */
export const PREFIX_OPTION: Option = {
  name: "prefix",
  value: "TEXT",
  summary: "Only keys that begin with TEXT",
};
/** No progress. */
export const QUIET_OPTION: Option = { name: "quiet", summary: "Print errors only" };
