import type { Command, Option } from 'commander';
import { alertKinds } from '../domain/conditions.ts';
import { projectStates } from '../domain/project-state.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** What can follow `syncbot`, from the definition of the commands. */
interface CompletedCommand {
  readonly names: readonly string[];
  readonly description: string;
  readonly options: readonly CompletedOption[];
  /** Words that its arguments can be. */
  readonly words: readonly string[];
  readonly takesFiles: boolean;
  readonly takesProjects: boolean;
}

interface CompletedOption {
  readonly flag: string;
  readonly description: string;
  /** `file`: the name of a file. `any`: a value that is not completed. */
  readonly value: 'none' | 'file' | 'any' | readonly string[];
}

/**
 * Returns the script that completes the commands of the program in a shell: commands, options, their values, the words of a
 * filter, and the ids of projects, for which it starts syncbot.
 */
export function completionScript(shell: Shell, program: Command): string {
  const name = program.name();
  const help = program.createHelp();
  const commands = help.visibleCommands(program).map((command) => describeCommand(command));
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](name, commands);
}

function describeCommand(command: Command): CompletedCommand {
  const help = command.createHelp();
  const args = command.registeredArguments;
  return {
    names: [command.name(), ...command.aliases()],
    description: command.description(),
    options: help.visibleOptions(command).map(describeOption),
    words: args.flatMap((argument) => argument.argChoices ?? (argument.name() === 'filter' ? filterWords : [])),
    takesFiles: args.some((argument) => argument.name() === 'file'),
    takesProjects: args.some((argument) => argument.name() === 'project'),
  };
}

function describeOption({ long, flags, description, required, argChoices }: Option): CompletedOption {
  const isFile = flags.endsWith('<file>');
  return { flag: long ?? flags, description, value: required ? (argChoices ?? (isFile ? 'file' : 'any')) : 'none' };
}

/** A state of two words is one word with `state:`. bash reads a colon as the end of a word, so there are no others. */
const filterWords = ['attention', ...projectStates.filter((state) => !state.includes('_'))];
const filterWordsWithKeys = [
  ...projectStates.map((state) => `state:${state}`),
  ...alertKinds.map((kind) => `alert:${kind}`),
];

function bashScript(name: string, commands: readonly CompletedCommand[]): string {
  const valueCases = commands.flatMap(({ names, options }) =>
    options.flatMap(({ flag, value }) => {
      if (value === 'none') return [];
      const does = value === 'file' ? files : value === 'any' ? 'return' : `words=${quote(value.join(' '))}`;
      return [`    ${names.map((each) => `${each}:${flag}`).join('|')}) ${does} ;;`];
    }),
  );
  const commandCases = commands.map(({ names, options, words, takesFiles, takesProjects }) => {
    const flags = options.map(({ flag }) => flag).join(' ');
    const given = takesProjects ? `"$("\${COMP_WORDS[0]}" project-ids 2>/dev/null)"` : quote(words.join(' '));
    const other = takesFiles ? files : `words=${given}`;
    return `      ${names.join('|')}) if [[ $cur == -* ]]; then words=${quote(flags)}; else ${other}; fi ;;`;
  });
  return `# bash completion of ${name}, written by: ${name} completion bash
_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command='' words='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ \${COMP_WORDS[i]} != -* ]]; then command=\${COMP_WORDS[i]}; break; fi
  done
  case $command:$prev in
${valueCases.join('\n')}
    *) case $command in
      '') words=${quote([...commands.flatMap(({ names }) => names), '--help', '--version'].join(' '))} ;;
${commandCases.join('\n')}
    esac ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _${name} ${name}`;
}

const files = 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return';

function zshScript(name: string, commands: readonly CompletedCommand[]): string {
  const cases = commands.map(({ names, options, words, takesFiles, takesProjects }) => {
    const specs = options.map(({ flag, description, value }) => {
      const text = `${flag}[${description.replace(/[[\]\\:]/g, '\\$&')}]`;
      if (value === 'none') return quote(text);
      const values = value === 'file' ? '_files' : value === 'any' ? ' ' : `(${value.join(' ')})`;
      return quote(`${text}:value:${values}`);
    });
    const all = words.includes('attention') ? [...words, ...filterWordsWithKeys] : words;
    const word = takesProjects ? `_${name}_projects` : `(${all.map((each) => each.replace(':', '\\:')).join(' ')})`;
    const rest = takesFiles ? '*:file:_files' : `*:word:${word}`;
    return `    ${names.join('|')}) _arguments ${[...specs, quote(rest)].join(' ')} ;;`;
  });
  const described = commands.flatMap(({ names, description }) =>
    names.map((each) => `    ${quote(`${each}:${description.replaceAll(':', '\\:')}`)}`),
  );
  return `#compdef ${name}
# zsh completion of ${name}, written by: ${name} completion zsh
_${name}_projects() {
  local -a ids=(\${(f)"$($program project-ids 2>/dev/null)"})
  compadd "$@" -a ids
}
_${name}() {
  local -a commands=(
${described.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local program=$words[1] command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = "_${name}" ]; then _${name} "$@"; else compdef _${name} ${name}; fi`;
}

function fishScript(name: string, commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ names, description, options, words, takesFiles, takesProjects }) => {
    const when = `-n ${quote(`__fish_seen_subcommand_from ${names.join(' ')}`)}`;
    const all = words.includes('attention') ? [...words, ...filterWordsWithKeys] : words;
    return [
      ...names.map((each) => `complete -c ${name} -n __fish_use_subcommand -a ${each} -d ${quote(description)}`),
      ...(all.length === 0 ? [] : [`complete -c ${name} ${when} -a ${quote(all.join(' '))}`]),
      ...(takesFiles ? [`complete -c ${name} ${when} -F`] : []),
      ...(takesProjects ? [`complete -c ${name} ${when} -a '(${name} project-ids 2>/dev/null)'`] : []),
      ...options.map(({ flag, description: text, value }) => {
        const takes =
          value === 'none'
            ? ''
            : value === 'file'
              ? ' -r -F'
              : value === 'any'
                ? ' -x'
                : ` -x -a ${quote(value.join(' '))}`;
        return `complete -c ${name} ${when} -l ${flag.replace(/^--/, '')}${takes} -d ${quote(text)}`;
      }),
    ];
  });
  return [`# fish completion of ${name}, written by: ${name} completion fish`, `complete -c ${name} -f`, ...lines].join(
    '\n',
  );
}

/** One word for each of the three shells: a quote ends the word, is escaped, and begins it again. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
