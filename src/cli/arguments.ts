import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { TypedLimit } from '../application/pause-limit.ts';
import { type Action, actions } from '../domain/lifecycle.ts';
import { maxReasonLength } from '../domain/operation.ts';
import { onlyName, parseSelection, type Selection, type SelectionError } from '../domain/selection.ts';
import { maxTasksPerSkip } from '../domain/skipped-tasks.ts';
import { parseDuration } from '../lib/parse-duration.ts';
import { parseSince, type SinceTime } from '../lib/since-time.ts';
import { messages } from '../messages/catalog.ts';
import { type Role, roles } from './cli-app.ts';
import { cliFormatter, sanitizeText } from './terminal-text.ts';

/** A command with its arguments. */
export type ParsedCommand =
  | { readonly name: 'run'; readonly role: Role }
  | { readonly name: 'apply'; readonly file: string | null; readonly yes: boolean }
  | { readonly name: 'list'; readonly filter: string; readonly json: boolean }
  | { readonly name: 'show' | 'precheck' | 'skipped'; readonly project: string; readonly json: boolean }
  | HistoryCommand
  | ChangeCommand
  | ChangeBatchCommand
  | { readonly name: 'extend'; readonly project: string; readonly duration: string; readonly json: boolean }
  | { readonly name: 'doctor'; readonly json: boolean };

export interface HistoryCommand {
  readonly name: 'history';
  /** Null for all projects. */
  readonly project: string | null;
  readonly since: SinceTime | null;
  readonly json: boolean;
}

export interface ChangeCommand {
  readonly name: 'change';
  readonly action: Action | 'retry';
  readonly project: string;
  /** The names of the tasks that a restore leaves out, or that a retry moves back. */
  readonly tasks: readonly string[];
  /** When a pause ends. */
  readonly limit: Omit<TypedLimit, 'timeZone'> | null;
  readonly reason: string | null;
  readonly timeoutMs: number;
  readonly yes: boolean;
  readonly json: boolean;
}

/** `pause label:prod except orders`. */
export interface ChangeBatchCommand
  extends Pick<ChangeCommand, 'action' | 'limit' | 'reason' | 'timeoutMs' | 'yes' | 'json'> {
  readonly name: 'change-batch';
  readonly action: Action;
  readonly selection: Selection;
}

export type ParsedArguments =
  | { readonly kind: 'command'; readonly command: ParsedCommand }
  /** The user asked for help or for the version. */
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'invalid'; readonly message: string };

const { help } = messages.cli;

/** Parses the arguments. Prints nothing and does not exit the process. */
export function parseArguments(argv: readonly string[], version: string): ParsedArguments {
  const commands: ParsedCommand[] = [];
  const printed: string[] = [];
  const program = new Command('syncbot')
    .description(help.program)
    .version(version)
    .helpOption('-h, --help', help.helpOption)
    .addHelpText('after', `\n${help.exitCodes}`)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void printed.push(text),
      writeErr: (text) => void printed.push(text),
      getOutHelpWidth: () => 100,
    });
  addCommands(program, (command) => void commands.push(command));
  try {
    program.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const text = printed.join('').trimEnd();
    if (error.exitCode === 0 && argv.length > 0) return { kind: 'help', text };
    if (error.code === 'commander.help') return { kind: 'invalid', message: text };
    return { kind: 'invalid', message: messages.cli.seeHelp(error.message.replace(/^error: /, '')) };
  }
  const [command] = commands;
  return command === undefined ? { kind: 'invalid', message: program.helpInformation() } : { kind: 'command', command };
}

type OnCommand = (command: ParsedCommand) => void;

function addCommands(program: Command, onCommand: OnCommand): void {
  program
    .command('run')
    .description(help.run)
    .addOption(new Option('--role <role>', help.roleOption).choices(roles).default('all'))
    .action(({ role }: { role: Role }) => onCommand({ name: 'run', role }));
  program
    .command('apply')
    .description(help.apply)
    .argument('[file]', help.applyFile)
    .option('--yes', help.yesOption)
    .action((file: string | undefined, { yes = false }: { yes?: boolean }) =>
      onCommand({ name: 'apply', file: file ?? null, yes }),
    );
  program
    .command('list')
    .description(help.list)
    .argument('[filter...]', help.listFilter)
    .option('--json', help.jsonOption)
    .action((filter: string[], { json = false }: { json?: boolean }) =>
      onCommand({ name: 'list', filter: filter.map(quoteLabel).join(' '), json }),
    );
  for (const name of ['show', 'precheck', 'skipped'] as const) {
    program
      .command(name)
      .description(help[name])
      .addArgument(projectArgument())
      .option('--json', help.jsonOption)
      .action((project: string, { json = false }: { json?: boolean }) => onCommand({ name, project, json }));
  }
  program
    .command('history')
    .description(help.history)
    .addArgument(projectArgument('[project]'))
    .option('--since <time>', help.sinceOption, parseSinceOption)
    .option('--json', help.jsonOption)
    .action((project: string | undefined, { since = null, json = false }: HistoryOptions) =>
      onCommand({ name: 'history', project: project ?? null, since, json }),
    );
  for (const action of actions) addChangeCommand(program.command(action), { action, onCommand });
  addRetryCommand(program.command('retry'), onCommand);
  program
    .command('extend')
    .description(help.extend)
    .addArgument(projectArgument())
    .argument('<duration...>', help.extendDuration)
    .option('--json', help.jsonOption)
    .addHelpText('after', `\n${help.changeExitCodes}`)
    .action((project: string, duration: string[], { json = false }: { json?: boolean }) =>
      onCommand({ name: 'extend', project, duration: sanitizeText(duration.join(' ')).trim(), json }),
    );
  program
    .command('doctor')
    .description(help.doctor)
    .option('--json', help.jsonOption)
    .action(({ json = false }: { json?: boolean }) => onCommand({ name: 'doctor', json }));
}

/** The shell has removed the quotes of `label:"two words"`. */
function quoteLabel(argument: string): string {
  const [, label] = /^label:([^"]*\s[^"]*)$/u.exec(argument) ?? [];
  return label === undefined ? argument : `label:"${label}"`;
}

interface HistoryOptions {
  readonly since?: SinceTime | null;
  readonly json?: boolean;
}

interface ChangeOptions {
  readonly yes?: boolean;
  readonly reason?: string | null;
  readonly timeout: number;
  readonly json?: boolean;
  readonly skip?: readonly string[];
  readonly for?: string;
  readonly until?: string;
}

function addChangeCommand(
  command: Command,
  { action, onCommand }: { readonly action: Action; readonly onCommand: OnCommand },
): void {
  if (action === 'pause') {
    const until = new Option('--until <time>', help.untilOption).conflicts('for');
    command.option('--for <duration>', help.forOption).addOption(until);
  }
  if (action === 'restore') command.alias('resume').option('--skip <task>', help.skipOption, addTask);
  const selection = new Argument('<project...>', help.selection).argParser(readSelectionWord);
  addChangeOptions(command.description(help[action]).addArgument(selection)).action(
    (words: string[], options: ChangeOptions) => onCommand(toSelectionCommand(options, { action, words })),
  );
}

/** One word that is no `key:value` is the name of a project. Throws `InvalidArgumentError`. */
function toSelectionCommand(
  options: ChangeOptions,
  { action, words }: { readonly action: Action; readonly words: readonly string[] },
): ChangeCommand | ChangeBatchCommand {
  const parsed = parseSelection(words);
  if (parsed.kind === 'invalid') throw new InvalidArgumentError(selectionProblem(parsed.error, action, words));
  const project = onlyName(parsed.selection);
  const tasks = options.skip ?? [];
  const { tasks: _tasks, ...command } = toChangeCommand(options, { action, project: project ?? '', tasks });
  if (project !== null) return { ...command, project, tasks };
  if (tasks.length > 0) throw new InvalidArgumentError(messages.cli.skipNeedsOneProject);
  const { limit, reason, timeoutMs, yes, json } = command;
  return { name: 'change-batch', action, selection: parsed.selection, limit, reason, timeoutMs, yes, json };
}

function selectionProblem(error: SelectionError, action: Action, words: readonly string[]): string {
  const texts = messages.selection;
  return error.code === 'unknown_state'
    ? texts.unknownState(error.value, cliFormatter)
    : texts.exceptMissing(`${action} ${words.join(' ')}`, cliFormatter);
}

/** Commander passes the words before this one. */
function readSelectionWord(word: string, words: readonly string[] = []): readonly string[] {
  return [...words, sanitizeText(word).trim().slice(0, 100)];
}

function addRetryCommand(command: Command, onCommand: OnCommand): void {
  const described = command
    .description(help.retry)
    .addArgument(projectArgument())
    .argument('[task...]', help.retryTasks);
  addChangeOptions(described).action((project: string, tasks: string[], options: ChangeOptions) =>
    onCommand(toChangeCommand(options, { action: 'retry', project, tasks: tasks.map(sanitizeText) })),
  );
}

function addChangeOptions(command: Command): Command {
  return command
    .option('--yes', help.yesOption)
    .option('--reason <text>', help.reasonOption, parseReason)
    .addOption(new Option('--timeout <duration>', help.timeoutOption).argParser(parseTimeout).default(60_000, '60s'))
    .option('--json', help.jsonOption)
    .addHelpText('after', `\n${help.changeExitCodes}`);
}

function toChangeCommand(
  { yes = false, reason = null, timeout, json = false, for: duration, until }: ChangeOptions,
  what: Pick<ChangeCommand, 'action' | 'project' | 'tasks'>,
): ChangeCommand {
  return { name: 'change', ...what, limit: toLimit(duration, until), reason, timeoutMs: timeout, yes, json };
}

/** The options exclude each other. */
function toLimit(duration: string | undefined, until: string | undefined): ChangeCommand['limit'] {
  if (duration !== undefined) return { word: 'for', text: sanitizeText(duration).trim() };
  return until === undefined ? null : { word: 'until', text: sanitizeText(until).trim() };
}

/** `--skip` may be given several times. */
function addTask(name: string, names: readonly string[] = []): readonly string[] {
  if (names.length >= maxTasksPerSkip) throw new InvalidArgumentError(messages.cli.tooManyToSkip(maxTasksPerSkip));
  return [...names, sanitizeText(name)];
}

function projectArgument(name = '<project>'): Argument {
  return new Argument(name, help.project).argParser((id: string) => sanitizeText(id).trim().slice(0, 100));
}

function parseReason(text: string): string | null {
  const reason = sanitizeText(text).trim();
  if (reason.length > maxReasonLength) throw new InvalidArgumentError(messages.cli.reasonTooLong(maxReasonLength));
  return reason === '' ? null : reason;
}

function parseSinceOption(text: string): SinceTime {
  const since = parseSince(text);
  if (since === null) throw new InvalidArgumentError(messages.cli.invalidSince);
  return since;
}

function parseTimeout(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw new InvalidArgumentError(messages.cli.invalidTimeout);
  return ms;
}
