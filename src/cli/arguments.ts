import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { actions } from '../domain/lifecycle.ts';
import { parseDuration } from '../lib/parse-duration.ts';
import { parseSince, type SinceTime } from '../lib/since-time.ts';
import { messages } from '../messages/catalog.ts';
import { addChangeCommand, addRetryCommand, projectArgument } from './change-arguments.ts';
import { type Role, roles } from './cli-app.ts';
import { completionScript, type Shell, shells } from './completion.ts';
import { limitOption } from './limit-option.ts';
import type { ParsedCommand } from './parsed-command.ts';
import { sanitizeText } from './terminal-text.ts';

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
    .addHelpText('after', `\n${help.envFile}\n\n${help.exitCodes}`)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void printed.push(text),
      writeErr: (text) => void printed.push(text),
      getOutHelpWidth: () => 100,
    });
  addCommands(program, (command) => void commands.push(command));
  program
    .command('completion')
    .description(help.completion)
    .addArgument(new Argument('<shell>', help.completionShell).choices(shells))
    .action((shell: Shell) => void printed.push(completionScript(shell, program)));
  for (const command of program.commands) command.addHelpText('after', examplesText(command.name()));
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
  // A script of `completion` is the only text without an error.
  if (printed.length > 0) return { kind: 'help', text: printed.join('') };
  return command === undefined ? { kind: 'invalid', message: program.helpInformation() } : { kind: 'command', command };
}

function examplesText(command: string): string {
  const [, lines] = Object.entries(messages.cli.examples).find(([name]) => name === command) ?? [];
  return lines === undefined ? '' : `\n${help.examples}\n${lines.replace(/^/gm, '  ')}`;
}

type OnCommand = (command: ParsedCommand) => void;

function addCommands(program: Command, onCommand: OnCommand): void {
  program
    .command('init')
    .description(help.init)
    .action(() => onCommand({ name: 'init' }));
  program
    .command('run')
    .description(help.run)
    .addOption(new Option('--role <role>', help.roleOption).choices(roles).default('all'))
    .action(({ role }: { role: Role }) => onCommand({ name: 'run', role }));
  program
    .command('apply')
    .description(help.apply)
    .argument('[file...]', help.applyFile)
    .option('--prune', help.pruneOption)
    .option('--yes', help.yesOption)
    .addOption(new Option('--plan', help.planOption).conflicts('yes'))
    .option('--json', help.planJsonOption)
    .addHelpText('after', `\n${help.planExitCodes}`)
    .action((files: string[], options: ApplyOptions, command: Command) => {
      const { prune = false, plan = false, json = false, yes = false } = options;
      if (json && !plan) command.error(messages.cli.jsonNeedsPlan);
      onCommand({ name: 'apply', files, prune, plan, json, yes });
    });
  program
    .command('list')
    .description(help.list)
    .argument('[filter...]', help.listFilter)
    .addOption(limitOption(help.listLimit))
    .option('--json', help.jsonOption)
    .action((filter: string[], { limit, json = false }: ListOptions) =>
      onCommand({ name: 'list', filter: filter.map(quoteLabel).join(' '), limit: limit ?? null, json }),
    );
  program
    .command('watch')
    .description(help.watch)
    .argument('[filter...]', help.listFilter)
    .option('--interval <duration>', help.watchInterval, parseInterval)
    .action((filter: string[], { interval = defaultIntervalMs }: { interval?: number }) =>
      onCommand({ name: 'watch', filter: filter.map(quoteLabel).join(' '), intervalMs: interval, json: false }),
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
    .option('--all', help.historyAll)
    .option('--since <time>', help.sinceOption, parseSinceOption)
    .addOption(limitOption(help.historyLimit))
    .option('--json', help.historyJson)
    .action((project: string | undefined, options: HistoryOptions, command: Command) => {
      const { all = false, since, limit, json = false } = options;
      if (all && project !== undefined) command.error(messages.cli.allNeedsNoProject);
      onCommand({ name: 'history', project: project ?? null, all, since: since ?? null, limit: limit ?? null, json });
    });
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
  for (const [name, description] of [
    ['cancel', help.cancel],
    ['keep-paused', help.keepPaused],
  ] as const) {
    program
      .command(name)
      .description(description)
      .addArgument(projectArgument())
      .option('--json', help.jsonOption)
      .addHelpText('after', `\n${help.exitCodes}`)
      .action((project: string, { json = false }: { json?: boolean }) => onCommand({ name, project, json }));
  }
  program
    .command('discover')
    .description(help.discover)
    .option('--connection <name|url>', help.discoverConnection)
    .option('--prefix <prefix>', help.discoverPrefix)
    .option('--output <file>', help.discoverOutput)
    .option('--max-keys <number>', help.discoverMaxKeys, parseMaxKeys, defaultMaxKeys)
    .option('--json', help.jsonOption)
    .addHelpText('after', `\n${help.exitCodes}`)
    .action(({ connection, prefix, output, maxKeys, json = false }: DiscoverOptions) =>
      onCommand({
        name: 'discover',
        connection: connection ?? null,
        prefix: prefix ?? null,
        output: output ?? null,
        maxKeys,
        json,
      }),
    );
  program
    .command('export')
    .description(help.export)
    .option('--output <file>', help.outputOption)
    .action(({ output = null }: { output?: string | null }) => onCommand({ name: 'export', output }));
  program.command('project-ids', { hidden: true }).action(() => onCommand({ name: 'project-ids' }));
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

interface ApplyOptions {
  readonly prune?: boolean;
  readonly plan?: boolean;
  readonly json?: boolean;
  readonly yes?: boolean;
}

interface DiscoverOptions {
  readonly connection?: string;
  readonly prefix?: string;
  readonly output?: string;
  readonly maxKeys: number;
  readonly json?: boolean;
}

/** Redis examines about 500,000 keys a second on one processor. */
const defaultMaxKeys = 5_000_000;

function parseMaxKeys(text: string): number {
  if (!/^[1-9]\d{0,11}$/.test(text)) throw new InvalidArgumentError(messages.cli.invalidMaxKeys);
  return Number(text);
}

const defaultIntervalMs = 2_000;

function parseInterval(text: string): number {
  const ms = parseDuration(text) ?? 0;
  if (ms < 1_000 || ms > 3_600_000) throw new InvalidArgumentError(messages.cli.watch.invalidInterval);
  return ms;
}

interface ListOptions {
  readonly limit?: number;
  readonly json?: boolean;
}

interface HistoryOptions extends ListOptions {
  readonly all?: boolean;
  readonly since?: SinceTime;
}

/** As in Slack, and also longer ago, and the epoch ms of `at` in the output of `--json`. */
function parseSinceOption(text: string): SinceTime {
  if (/^\d{12,14}$/.test(text)) return { kind: 'instant', at: Number(text) };
  const ms = parseDuration(text);
  if (ms !== null && ms > 0) return { kind: 'ago', ms };
  const since = parseSince(text);
  if (since === null) throw new InvalidArgumentError(messages.cli.invalidSince);
  return since;
}
