/**
 * The help of the tool and of each command, made from what the commands say of themselves.
 */

import { usageOf } from "./arguments.ts";
import { bold, cyan } from "./colours.ts";
import { type Command, HELP_OPTION, type Option, optionsOf } from "./command.ts";
import { EXIT } from "./exit.ts";

/** What the tool takes in the place of a command. */
export const TOOL_OPTIONS: readonly Option[] = [
  HELP_OPTION,
  { name: "version", short: "V", summary: "Print the version" },
];

/** Commands that belong together. */
export interface Group {
  readonly title: string;
  readonly commands: readonly Command[];
}

const EXIT_CODES = `${EXIT.ok}  done; the answer is yes
${EXIT.no}  done; the answer is no: no such key, nothing stored, nothing removed
${EXIT.usage}  the command line is wrong: nothing was done
${EXIT.failed}  the store, the server or a file failed or refused
${EXIT.corrupt}  a file or a dump is cut or damaged
${EXIT.permission}  Deno was not given a permission
${EXIT.hungUp} SIGHUP: the terminal has gone
${EXIT.interrupted} Ctrl-C
${EXIT.brokenPipe} the reader of the output has gone
${EXIT.terminated} SIGTERM`;

const EXAMPLES: readonly (readonly [string, string])[] = [
  ["Store and read a value in a file", "jetkv put file:./app.db greeting hello"],
  ["", "jetkv get file:./app.db greeting"],
  ["Go from a file to a server", "jetkv copy file:./app.db valkey://localhost"],
  ["Back up a store", "jetkv dump valkey://localhost backup.jsonl"],
];

/** The help of the tool. */
export function helpOfTool(groups: readonly Group[]): string {
  const width = Math.max(
    ...groups.flatMap(({ commands }) => commands.map(({ name }) => name.length)),
  );
  const lists = groups.map(({ title, commands }) =>
    section(title, commands.map(({ name, summary }) => `${cyan(name.padEnd(width))}  ${summary}`))
  );
  return [
    `${bold("jetkv")}: a key-value store in memory, in a file or on Valkey, by its URL`,
    section("Usage", ["jetkv COMMAND URL [arguments] [options]", "jetkv COMMAND --help"]),
    ...lists,
    section("Options", optionLines(TOOL_OPTIONS)),
    section("Stores", [
      "file:./app.db              a file; parameters as in file:./app.db?durability=power",
      "valkey://user:pw@host/0    a Valkey server; valkeys: with TLS; redis:, rediss: as well",
      "memory:                    memory, which ends with the command",
    ]),
    section("Examples", examplesOf(EXAMPLES)),
    section("Exit codes", EXIT_CODES.split("\n")),
  ].join("\n\n");
}

/** The help of a command. */
export function helpOf(command: Command): string {
  const { name, summary, details, examples } = command;
  return [
    `${bold(`jetkv ${name}`)}: ${summary}`,
    section("Usage", [usageOf(command)]),
    ...(details === undefined ? [] : [details]),
    section("Options", optionLines(optionsOf(command))),
    section("Examples", examplesOf(examples)),
  ].join("\n\n");
}

function section(title: string, lines: readonly string[]): string {
  return [bold(`${title}:`), ...lines.map((line) => `  ${line}`)].join("\n");
}

function optionLines(options: readonly Option[]): string[] {
  const words = options.map(wordOf);
  const width = Math.max(...words.map((word) => word.length));
  return options.map(({ summary }, i) => `${cyan(words[i]!.padEnd(width))}  ${summary}`);
}

function wordOf({ name, short, value }: Option): string {
  const names = short === undefined ? `--${name}` : `--${name}, -${short}`;
  return value === undefined ? names : `${names} ${value}`;
}

function examplesOf(examples: readonly (readonly [string, string])[]): string[] {
  return examples.flatMap(([purpose, line]) => [...(purpose === "" ? [] : [`# ${purpose}`]), line]);
}
