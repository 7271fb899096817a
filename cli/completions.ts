/**
 * Completions for shells, made from the table of commands: names of commands, then options and file
 * names.
 */

import type { Command, Option } from "./command.ts";

/** Writes the completions of a shell. */
export type Shell = (commands: readonly Command[]) => string;

const HELP: Option = { name: "help", summary: "Print help" };

/** The shells by name. */
export const SHELLS: Readonly<Record<string, Shell>> = {
  bash(commands) {
    const cases = commands.map((command) => {
      const words = optionsOf(command).map(({ name }) => `--${name}`);
      return `    ${command.name}) options="${words.join(" ")}" ;;`;
    });
    return `_jetkv() {
  local current="\${COMP_WORDS[COMP_CWORD]}" options=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(" ")}" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
  esac
}
complete -o default -F _jetkv jetkv
`;
  },

  zsh(commands) {
    const names = commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`);
    const cases = commands.map((command) => {
      const words = optionsOf(command).map(({ name, value, summary }) => {
        const description = summary.replaceAll(/[[\]:]/g, "\\$&");
        return quote(`--${name}[${description}]${value === undefined ? "" : `:${value}`}`);
      });
      return `    ${command.name}) _arguments ${words.join(" ")} '*:file:_files' ;;`;
    });
    return `#compdef jetkv
_jetkv() {
  local -a commands
  commands=(
${names.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case "$words[2]" in
${cases.join("\n")}
  esac
}
compdef _jetkv jetkv
`;
  },

  fish(commands) {
    const lines = commands.flatMap((command) => [
      `complete -c jetkv -f -n __fish_use_subcommand -a ${command.name} -d ${
        quote(command.summary)
      }`,
      ...optionsOf(command).map(({ name, value, summary }) => {
        const words = `-l ${name}${value === undefined ? "" : " -r"} -d ${quote(summary)}`;
        return `complete -c jetkv -n '__fish_seen_subcommand_from ${command.name}' ${words}`;
      }),
    ]);
    return lines.map((line) => `${line}\n`).join("");
  },
};

function optionsOf(command: Command): Option[] {
  return [...command.options, HELP];
}

/** Text as one word of a shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}
