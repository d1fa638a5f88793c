import { messages } from '../messages/catalog.ts';
import { parseArguments } from './arguments.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import type { CommandContext, CommandContextOptions } from './command-context.ts';
import { readEnvFile } from './env-file.ts';
import { createOutput, type OutputFormat } from './output.ts';
import type { ParsedCommand } from './parsed-command.ts';
import type { ProcessIo } from './process-io.ts';
import { isInteractive, notInteractiveError } from './prompt.ts';
import { hasScreen } from './screen.ts';

/** Parses the arguments, runs the command and resolves with the exit code. */
export async function runCli(io: ProcessIo): Promise<ExitCode> {
  for (const stream of [io.stdout, io.stderr]) stream.on('error', ignoreBrokenPipe);
  const parsed = parseArguments(io.argv, io.version);
  switch (parsed.kind) {
    case 'command':
      return runWithEnvFile(io, parsed.command);
    case 'help':
      createOutput(io, 'text').result(parsed.text, null);
      return exitCodes.success;
    case 'invalid':
      createOutput(io, io.argv.includes('--json') ? 'json' : 'text').error({ code: 'usage', message: parsed.message });
      return exitCodes.usageError;
    default:
      return parsed satisfies never;
  }
}

/** A variable that is set already wins over `.env`, also if it is empty. */
async function runWithEnvFile(io: ProcessIo, command: ParsedCommand): Promise<ExitCode> {
  const file = readEnvFile(io);
  if (file.kind === 'refused') {
    createOutput(io, io.argv.includes('--json') ? 'json' : 'text').error(file.error);
    return exitCodes.usageError;
  }
  // `init` changes `.env`, so it compares the variables of the shell with it.
  if (command.name === 'init') return (await import('./init/init.ts')).init(io);
  return runCommand({ ...io, env: { ...file.variables, ...io.env } }, command);
}

async function runCommand(
  io: ProcessIo,
  command: Exclude<ParsedCommand, { readonly name: 'init' }>,
): Promise<ExitCode> {
  if (command.name === 'project-ids') return (await import('./project-ids.ts')).printProjectIds(io);
  if (command.name === 'run') {
    const options = { format: 'text', logLevel: 'info', role: command.role, isIdempotent: false } as const;
    return inCommandContext(io, options, async (context) => (await import('./run.ts')).run(context, command.role));
  }
  if (command.name === 'apply') {
    const format = command.json ? 'json' : 'text';
    const options = { format, configFiles: command.files, isIdempotent: command.plan } as const;
    return inCommandContext(io, options, async (context) => (await import('./apply.ts')).apply(context, command));
  }
  if (command.name === 'discover') return (await import('./discover.ts')).discover(io, command);
  if (command.name === 'export') {
    const options = { format: 'text', readsFile: false, isIdempotent: true } as const;
    return inCommandContext(io, options, async (context) =>
      (await import('./export.ts')).exportState(context, command.output),
    );
  }
  const format = formatOf(command);
  const isChange = command.name === 'change' || command.name === 'change-batch';
  if (isChange && !command.yes && !isInteractive(io)) {
    createOutput(io, format).error(notInteractiveError);
    return exitCodes.usageError;
  }
  if (command.name === 'watch' && !hasScreen(io)) {
    createOutput(io, format).error({ code: 'usage', message: messages.cli.watch.noTerminal });
    return exitCodes.usageError;
  }
  const options: CommandContextOptions = {
    format,
    isIdempotent: !['extend', 'cancel', 'keep-paused'].includes(command.name),
    ...(isChange ? { tracedAs: 'cli' } : {}),
  };
  return inCommandContext(io, options, (context) => runProjectCommand(context, command));
}

/** Each command, and what it needs, is loaded when it runs: `--help` and usage errors load nothing of it. */
async function inCommandContext(
  io: ProcessIo,
  options: CommandContextOptions,
  run: (context: CommandContext) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { withCommandContext } = await import('./command-context.ts');
  return withCommandContext(io, options, run);
}

type ProjectCommand = Exclude<
  ParsedCommand,
  { readonly name: 'init' | 'run' | 'apply' | 'discover' | 'export' | 'project-ids' }
>;

function formatOf(command: ProjectCommand): OutputFormat {
  if (!command.json) return 'text';
  return 'wait' in command && command.wait !== null ? 'json-lines' : 'json';
}

/** Every command but `doctor` and `apply`, which are about the file, uses what is stored. */
async function runProjectCommand(context: CommandContext, command: ProjectCommand): Promise<ExitCode> {
  if (command.name !== 'doctor') await context.app.useStoredConfiguration();
  if (!('project' in command) || command.project === null) return runWithId(context, command);
  const { resolveName } = await import('./command-context.ts');
  const resolved = await resolveName(context, command.project, needsExactId(command));
  return resolved.kind === 'exit' ? resolved.code : runWithId(context, { ...command, project: resolved.project });
}

/** A script gets no answer about another project than the one it names. A person reads which project was taken. */
function needsExactId(command: ProjectCommand): boolean {
  return command.json || (command.name === 'change' && command.yes);
}

async function runWithId(context: CommandContext, command: ProjectCommand): Promise<ExitCode> {
  switch (command.name) {
    case 'list':
      return (await import('./list.ts')).list(context, command);
    case 'watch':
      return (await import('./watch.ts')).watch(context, command);
    case 'show':
      return (await import('./show.ts')).show(context, command.project);
    case 'skipped':
      return (await import('./skipped.ts')).skipped(context, command.project);
    case 'precheck':
      return (await import('./show.ts')).precheck(context, command.project);
    case 'history':
      return (await import('./history.ts')).history(context, command);
    case 'change':
      return context.app.trace(command.action, async () => (await import('./change.ts')).changeState(context, command));
    case 'change-batch':
      return context.app.trace(command.action, async () =>
        (await import('./change-batch.ts')).changeBatch(context, command),
      );
    case 'extend':
      return (await import('./extend.ts')).extend(context, command);
    case 'cancel':
      return (await import('./cancel-wait.ts')).cancelWait(context, command.project);
    case 'keep-paused':
      return (await import('./keep-paused.ts')).keepPausedCommand(context, command.project);
    case 'doctor':
      return (await import('./doctor.ts')).doctor(context);
    default:
      return command satisfies never;
  }
}

/** The reader of the output has closed it (`| head`). The command continues without output. */
function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
}
