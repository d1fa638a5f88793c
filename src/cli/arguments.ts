import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Action } from '../domain/lifecycle.ts';
import { maxReasonLength } from '../domain/operation.ts';
import { parseDuration } from '../lib/duration.ts';
import { messages } from '../messages/catalog.ts';
import { type Role, roles } from './context.ts';
import { sanitizeText } from './table.ts';

/** What was asked for on the command line. */
export type ParsedCommand =
  | { readonly name: 'run'; readonly role: Role }
  | { readonly name: 'apply'; readonly file: string | null; readonly yes: boolean }
  | { readonly name: 'list'; readonly filter: string; readonly json: boolean }
  | { readonly name: 'show' | 'precheck' | 'history'; readonly project: string; readonly json: boolean }
  | ChangeCommand
  | { readonly name: 'doctor'; readonly json: boolean };

export interface ChangeCommand {
  readonly name: 'act';
  readonly action: Action;
  readonly project: string;
  readonly reason: string | null;
  readonly timeoutMs: number;
  readonly yes: boolean;
  readonly json: boolean;
}

export type ParsedArguments =
  | { readonly kind: 'task'; readonly command: ParsedCommand }
  /** Help or version was asked for. */
  | { readonly kind: 'printed'; readonly text: string }
  | { readonly kind: 'misused'; readonly message: string };

/** Reads the arguments. Prints nothing and never ends the process. */
export function parseArguments(argv: readonly string[], version: string): ParsedArguments {
  const parsedCommands: ParsedCommand[] = [];
  const printedText: string[] = [];
  const program = new Command('syncbot')
    .description('List, start, pause and restore data synchronization projects.')
    .version(version)
    .helpOption('-h, --help', 'show help')
    .addHelpText('after', '\nExit codes: 0 done, 1 refused, failed or not known, 2 bad usage or configuration.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void printedText.push(text),
      writeErr: (text) => void printedText.push(text),
      getOutHelpWidth: () => 100,
    });
  addCommands(program, (command) => void parsedCommands.push(command));
  try {
    program.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const text = printedText.join('').trimEnd();
    if (error.exitCode === 0 && argv.length > 0) return { kind: 'printed', text };
    return { kind: 'misused', message: error.code === 'commander.help' ? text : usageMessage(error.message) };
  }
  const command = parsedCommands[0];
  return command === undefined ? { kind: 'misused', message: program.helpInformation() } : { kind: 'task', command };
}

const jsonOption = () => new Option('--json', 'print JSON; errors are { code, message } on stderr');

function addCommands(program: Command, onCommand: (command: ParsedCommand) => void): void {
  program
    .command('run')
    .description('run the bot, the worker or both until SIGTERM or Ctrl-C')
    .addOption(new Option('--role <role>', 'what to run here').choices(roles).default('all'))
    .action(({ role }: { role: Role }) => onCommand({ name: 'run', role }));
  program
    .command('apply')
    .description('show what syncbot.yml changes, ask, and apply it')
    .argument('[file]', 'instead of SYNCBOT_CONFIG')
    .option('--yes', 'do not ask')
    .action((file: string | undefined, { yes }: { yes?: true }) =>
      onCommand({ name: 'apply', file: file ?? null, yes: yes === true }),
    );
  program
    .command('list')
    .description('list projects, the worst state first')
    .argument('[filter...]', 'a state, a label or a part of a name')
    .addOption(jsonOption())
    .action((filter: string[], options: { json?: true }) =>
      onCommand({ name: 'list', filter: filter.join(' '), json: options.json === true }),
    );
  for (const [name, description] of queryCommands) {
    program
      .command(name)
      .description(description)
      .addArgument(projectArgument())
      .addOption(jsonOption())
      .action((id: string, options: { json?: true }) => onCommand({ name, project: id, json: options.json === true }));
  }
  for (const [action, description] of changeCommands) addChangeCommand({ program, onCommand, action, description });
  program
    .command('doctor')
    .description('check Redis, Slack, links and configuration')
    .addOption(jsonOption())
    .action((options: { json?: true }) => onCommand({ name: 'doctor', json: options.json === true }));
}

const queryCommands = [
  ['show', 'show a project with its links, precheck and last operations'],
  ['precheck', 'check what must hold before a project may be started'],
  ['history', 'tell what happened to a project, the newest first'],
] as const;

const changeCommands = [
  ['start', 'start a project that is Not Started'],
  ['pause', 'pause a Running project'],
  ['restore', 'restore a Paused or Failed project'],
] as const;

interface ChangeCommandOptions {
  readonly program: Command;
  readonly onCommand: (command: ParsedCommand) => void;
  readonly action: Action;
  readonly description: string;
}

function addChangeCommand({ program, onCommand, action, description }: ChangeCommandOptions): void {
  const command = program.command(action);
  if (action === 'restore') command.alias('resume');
  command
    .description(description)
    .addArgument(projectArgument())
    .option('--yes', 'do not ask')
    .option('--reason <text>', `why: kept with the operation and shown to others`, parseReason)
    .addOption(
      new Option('--timeout <duration>', 'how long to wait for the outcome')
        .argParser(parseTimeout)
        .default(60_000, '60s'),
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `\n${messages.actions[action].doing} waits for its outcome: exit 0 done, 1 not done or not known.`,
    )
    .action((id: string, options: { yes?: true; reason?: string | null; timeout: number; json?: true }) =>
      onCommand({
        name: 'act',
        action,
        project: id,
        reason: options.reason ?? null,
        timeoutMs: options.timeout,
        yes: options.yes === true,
        json: options.json === true,
      }),
    );
}

function projectArgument(): Argument {
  return new Argument('<project>', "the project's id").argParser((id: string) => sanitizeText(id).trim().slice(0, 100));
}

function parseReason(text: string): string | null {
  const reason = sanitizeText(text).trim();
  if (reason.length > maxReasonLength) throw new InvalidArgumentError(`Use at most ${maxReasonLength} characters.`);
  return reason === '' ? null : reason;
}

function parseTimeout(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw new InvalidArgumentError('Write a duration such as 60s or 5m.');
  return ms;
}

function usageMessage(message: string): string {
  return `${message.replace(/^error: /, '')}\nSee syncbot --help.`;
}
