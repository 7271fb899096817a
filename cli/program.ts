/**
 * The tool as a function from a command line to an exit code.
 */

import denoJson from "../deno.json" with { type: "json" };
import { escapeControls, show } from "../kv/errors.ts";
import { parseCall } from "./arguments.ts";
import { ARRAY_COMMANDS } from "./arrays.ts";
import { BENCH_COMMANDS } from "./bench.ts";
import { red, setColours } from "./colours.ts";
import type { Command } from "./command.ts";
import { SHELLS } from "./completions.ts";
import { DUMP_COMMANDS } from "./dumps.ts";
import { codeOf, EXIT, exitCodeOf, messageOf, Unfinished, UsageError } from "./exit.ts";
import { FILE_COMMANDS } from "./files.ts";
import { type Group, helpOf, helpOfTool } from "./help.ts";
import { KEY_COMMANDS } from "./keys.ts";
import { STRING_COMMANDS } from "./strings.ts";
import { jsonOf, print, type Terminal } from "./terminal.ts";

const completions: Command = {
  name: "completions",
  summary: "Print completions for a shell: bash, zsh or fish",
  parameters: [{ name: "SHELL", choices: Object.keys(SHELLS) }],
  options: [],
  examples: [
    ["In ~/.bashrc or ~/.zshrc", 'eval "$(jetkv completions bash)"'],
    ["For fish", "jetkv completions fish > ~/.config/fish/completions/jetkv.fish"],
  ],
  async run({ args, terminal }) {
    const [name = ""] = args;
    const shell = Object.hasOwn(SHELLS, name) ? SHELLS[name] : undefined;
    if (shell === undefined) {
      const known = Object.keys(SHELLS).join(", ");
      throw new UsageError(`Cannot complete for ${show(name)}: known are ${known}`);
    }
    await terminal.stdout.write(new TextEncoder().encode(shell(COMMANDS)));
    return EXIT.ok;
  },
};

const help: Command = {
  name: "help",
  summary: "Tell about the tool, or about one command",
  parameters: [{
    name: "COMMAND",
    optional: true,
    get choices() {
      return COMMANDS.map(({ name }) => name);
    },
  }],
  options: [],
  examples: [["Tell about dumps", "jetkv help dump"]],
  async run({ args: [name], terminal }) {
    await print(terminal.stdout, name === undefined ? helpOfTool(GROUPS) : helpOf(find(name)));
    return EXIT.ok;
  },
};

const version: Command = {
  name: "version",
  summary: "Print the version",
  parameters: [],
  options: [],
  examples: [["Tell which one this is", "jetkv version"]],
  async run({ terminal }) {
    await print(terminal.stdout, `jetkv ${denoJson.version}`);
    return EXIT.ok;
  },
};

/** Options of the tool itself, which do what a command does. */
const AS_COMMANDS: Readonly<Record<string, string>> = {
  "--help": help.name,
  "-h": help.name,
  "--version": version.name,
  "-V": version.name,
};

const GROUPS: readonly Group[] = [
  { title: "Strings", commands: STRING_COMMANDS },
  { title: "Arrays", commands: ARRAY_COMMANDS },
  { title: "Keys and stores", commands: KEY_COMMANDS },
  { title: "Whole stores", commands: DUMP_COMMANDS },
  { title: "Files and figures", commands: [...FILE_COMMANDS, ...BENCH_COMMANDS] },
  { title: "The tool itself", commands: [completions, help, version] },
];

const COMMANDS: readonly Command[] = GROUPS.flatMap(({ commands }) => commands);

/** Runs a command line, and gives the exit code. Errors are printed, none is thrown. */
export async function run(
  words: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  setColours(terminal.stdout.isTerminal && terminal.stderr.isTerminal);
  try {
    return await runCommand(words, terminal, signal);
  } catch (thrown) {
    const left = thrown instanceof Unfinished ? thrown.message : undefined;
    const cause = thrown instanceof Unfinished ? thrown.cause : thrown;
    // What a store rejects with because it was aborted is the reason of the signal, or due to it.
    const error = signal.aborted ? signal.reason as unknown : cause;
    const exitCode = exitCodeOf(error);
    if (exitCode !== EXIT.brokenPipe) await printError({ error, left }, words, terminal);
    return exitCode;
  }
}

async function runCommand(
  words: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const [name = "", ...rest] = words;
  if (name === "") {
    await print(terminal.stderr, helpOfTool(GROUPS));
    return EXIT.usage;
  }
  const command = find(Object.hasOwn(AS_COMMANDS, name) ? AS_COMMANDS[name]! : name);
  const parsed = parseCall(rest, command);
  if (!parsed.isHelp) return await command.run({ ...parsed, terminal, signal });
  await print(terminal.stdout, helpOf(command));
  return EXIT.ok;
}

function find(name: string): Command {
  const command = COMMANDS.find((command) => command.name === name);
  if (command !== undefined) return command;
  throw new UsageError(
    `Cannot run ${show(name)}: known are ${COMMANDS.map(({ name }) => name).join(", ")}`,
  );
}

async function printError(
  { error, left }: { error: unknown; left: string | undefined },
  words: readonly string[],
  { stderr }: Terminal,
): Promise<void> {
  const message = messageOf(error);
  const note = left === undefined ? "" : `Unfinished: ${left}\n`;
  const optionsEnd = words.indexOf("--");
  const options = optionsEnd === -1 ? words : words.slice(0, optionsEnd);
  const line = options.includes("--json")
    ? jsonOf({ error: { code: codeOf(error), message, unfinished: left } })
    : `${note}${stderr.isTerminal ? red("error:") : "error:"} ${escapeControls(message)}`;
  // Where even this cannot be printed, the exit code is what is left to tell.
  await print(stderr, line).catch(() => {});
}
