/**
 * Completions for shells, made from the table of commands: names of commands, then what their first
 * argument may be where that is known, options and file names.
 */

import { type Command, type Option, optionsOf } from "./command.ts";
import { TOOL_OPTIONS } from "./help.ts";

/** Writes the completions of a shell. */
export type Shell = (commands: readonly Command[]) => string;

/** The shells by name. */
export const SHELLS: Readonly<Record<string, Shell>> = {
  bash(commands) {
    const cases = commands.map((command) => {
      const options = wordsOf(optionsOf(command)).join(" ");
      return `    ${command.name}) options="${options}" choices="${choicesOf(command)}" ;;`;
    });
    const first = [...commands.map(({ name }) => name), ...wordsOf(TOOL_OPTIONS)];
    return `_jetkv() {
  local current="\${COMP_WORDS[COMP_CWORD]}" options="" choices=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${first.join(" ")}" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) [ "$COMP_CWORD" -eq 2 ] && COMPREPLY=($(compgen -W "$choices" -- "$current")) ;;
  esac
}
complete -o default -F _jetkv jetkv
`;
  },

  zsh(commands) {
    const first = [
      ...commands,
      ...TOOL_OPTIONS.map((option) => {
        return { ...option, name: `--${option.name}` };
      }),
    ];
    const names = first.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`);
    const cases = commands.map((command) => {
      const words = optionsOf(command).map(({ name, value, summary }) => {
        const description = summary.replaceAll(/[[\]:]/g, "\\$&");
        return quote(`--${name}[${description}]${value === undefined ? "" : `:${value}`}`);
      });
      const choices = choicesOf(command);
      // The command itself is the first argument to zsh.
      if (choices !== "") words.push(quote(`2:${command.parameters[0]!.name}:(${choices})`));
      return `    ${command.name}) _arguments ${words.join(" ")} '*:file:_jetkv_files' ;;`;
    });
    // Sourced from a start-up file, or loaded by the first completion: then it is to complete that.
    return `#compdef jetkv
_jetkv_files() {
  compset -P 'file:'
  _files
}
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
if [ "$funcstack[1]" = _jetkv ]; then
  _jetkv "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
  compdef _jetkv jetkv
fi
`;
  },

  fish(commands) {
    const lines = commands.flatMap((command) => [
      `complete -c jetkv -f -n __fish_use_subcommand -a ${command.name} -d ${
        quote(command.summary)
      }`,
      ...(choicesOf(command) === "" ? [] : [
        `complete -c jetkv -f -n '__jetkv_is_at ${command.name} 2' -a '${choicesOf(command)}'`,
      ]),
      ...optionsOf(command).map(({ name, value, summary }) => {
        const words = `-l ${name}${value === undefined ? "" : " -r"} -d ${quote(summary)}`;
        return `complete -c jetkv -n '__jetkv_is_at ${command.name}' ${words}`;
      }),
    ]);
    const options = TOOL_OPTIONS.map(({ name, summary }) =>
      `complete -c jetkv -f -n __fish_use_subcommand -l ${name} -d ${quote(summary)}`
    );
    return FISH_IS_AT + [...lines, ...options].map((line) => `${line}\n`).join("");
  },
};

/** Tells whether words before the cursor are of a command, and where asked, how many there are. */
const FISH_IS_AT = `function __jetkv_is_at
  set -l words (commandline -opc)
  test (count $words) -ge 2; and test $words[2] = $argv[1]
  and begin; test (count $argv) -lt 2; or test (count $words) -eq $argv[2]; end
end
`;

function wordsOf(options: readonly Option[]): string[] {
  return options.map(({ name }) => `--${name}`);
}

/** What the first argument of a command may be; `""` where it may be anything. */
function choicesOf({ parameters: [first] }: Command): string {
  return first?.choices?.join(" ") ?? "";
}

/** Text as one word of a shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}
