import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import type { TypedLimit } from '../application/pause-limit.ts';
import { catchUpTimeoutMs } from '../domain/catch-up.ts';
import type { Action } from '../domain/lifecycle.ts';
import { maxReasonLength } from '../domain/operation.ts';
import { onlyName, parseSelection, type Selection, type SelectionError } from '../domain/selection.ts';
import { maxTasksPerSkip } from '../domain/skipped-tasks.ts';
import { parseDuration } from '../lib/parse-duration.ts';
import { messages } from '../messages/catalog.ts';
import { cliFormatter, sanitizeText } from './terminal-text.ts';
import type { GoalOption } from './wait.ts';

export interface ChangeCommand {
  readonly name: 'change';
  readonly action: Action | 'retry';
  readonly project: string;
  /** The names of the tasks that a restore leaves out, or that a retry moves back. */
  readonly tasks: readonly string[];
  /** When a pause ends. */
  readonly limit: Omit<TypedLimit, 'timeZone'> | null;
  /** Whether a pause waits until the project has caught up. */
  readonly whenCaughtUp: boolean;
  readonly reason: string | null;
  readonly timeoutMs: number;
  /** What to wait for after the outcome. */
  readonly wait: GoalOption | null;
  readonly yes: boolean;
  readonly json: boolean;
}

/** `pause label:prod except orders`. */
export interface ChangeBatchCommand
  extends Pick<ChangeCommand, 'action' | 'limit' | 'whenCaughtUp' | 'reason' | 'timeoutMs' | 'wait' | 'yes' | 'json'> {
  readonly name: 'change-batch';
  readonly action: Action;
  readonly selection: Selection;
}

const { help } = messages.cli;

type OnCommand = (command: ChangeCommand | ChangeBatchCommand) => void;

interface ChangeOptions {
  readonly yes?: boolean;
  readonly reason?: string | null;
  readonly timeout?: number;
  readonly waitQuiet?: number;
  readonly waitCaughtUp?: number;
  readonly json?: boolean;
  readonly skip?: readonly string[];
  readonly for?: string;
  readonly until?: string;
  readonly whenCaughtUp?: boolean;
}

/** The arguments of `start`, `pause` or `restore`. */
export function addChangeCommand(
  command: Command,
  { action, onCommand }: { readonly action: Action; readonly onCommand: OnCommand },
): void {
  if (action === 'pause') {
    const until = new Option('--until <time>', help.untilOption).conflicts('for');
    command.option('--for <duration>', help.forOption).addOption(until);
    command.option('--when-caught-up', help.whenCaughtUpOption);
  }
  const waitOption = action === 'pause' ? '--wait-quiet <duration>' : '--wait-caught-up <duration>';
  const waitHelp = action === 'pause' ? help.waitQuietOption : help.waitCaughtUpOption;
  command.addOption(new Option(waitOption, waitHelp).argParser(parseWait));
  if (action === 'restore') command.alias('resume').option('--skip <task>', help.skipOption, addTask);
  const selection = new Argument('<project...>', help.selection).argParser(readSelectionWord);
  addChangeOptions(command.description(help[action]).addArgument(selection))
    .addHelpText('after', help.waitExitCodes)
    .action((words: string[], options: ChangeOptions) => onCommand(toSelectionCommand(options, { action, words })));
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
  const { limit, whenCaughtUp, reason, timeoutMs, wait, yes, json } = command;
  const change = { limit, whenCaughtUp, reason, timeoutMs, wait, yes, json };
  return { name: 'change-batch', action, selection: parsed.selection, ...change };
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

/** The arguments of `retry`. */
export function addRetryCommand(command: Command, onCommand: OnCommand): void {
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
    .addOption(new Option('--timeout <duration>', help.timeoutOption).argParser(parseTimeout))
    .option('--json', help.jsonOption)
    .addHelpText('after', `\n${help.changeExitCodes}`);
}

function toChangeCommand(
  options: ChangeOptions,
  what: Pick<ChangeCommand, 'action' | 'project' | 'tasks'>,
): ChangeCommand {
  const { yes = false, reason = null, timeout, json = false, for: duration, until, whenCaughtUp = false } = options;
  const wait = toWait(options);
  // Without a timeout of its own a restore in waves may last as long as the command waits afterwards.
  const longestMs = whenCaughtUp ? catchUpTimeoutMs + defaultTimeoutMs : defaultTimeoutMs;
  const timeoutMs = timeout ?? Math.max(longestMs, wait?.ms ?? 0);
  return { name: 'change', ...what, limit: toLimit(duration, until), whenCaughtUp, reason, timeoutMs, wait, yes, json };
}

const defaultTimeoutMs = 60_000;

function toWait({ waitQuiet, waitCaughtUp }: ChangeOptions): GoalOption | null {
  if (waitQuiet !== undefined) return { goal: 'quiet', ms: waitQuiet };
  return waitCaughtUp === undefined ? null : { goal: 'caught_up', ms: waitCaughtUp };
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

/** The argument of a command about one project. */
export function projectArgument(name = '<project>'): Argument {
  return new Argument(name, help.project).argParser((id: string) => sanitizeText(id).trim().slice(0, 100));
}

function parseReason(text: string): string | null {
  const reason = sanitizeText(text).trim();
  if (reason.length > maxReasonLength) throw new InvalidArgumentError(messages.cli.reasonTooLong(maxReasonLength));
  return reason === '' ? null : reason;
}

function parseTimeout(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw new InvalidArgumentError(messages.cli.invalidTimeout);
  return ms;
}

const [minWaitMs, maxWaitMs] = [1_000, 86_400_000];

function parseWait(text: string): number {
  const ms = parseDuration(text);
  if (ms === null || ms < minWaitMs || ms > maxWaitMs) throw new InvalidArgumentError(messages.wait.invalidDuration);
  return ms;
}
