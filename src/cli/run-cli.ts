import { apply } from './apply.ts';
import { type ChangeCommand, type ParsedCommand, parseArguments } from './arguments.ts';
import { changeState } from './change.ts';
import { withCommandContext } from './command-context.ts';
import { type ExitCode, exitCodes, type ProcessIo } from './context.ts';
import { doctor } from './doctor.ts';
import { history } from './history.ts';
import { list } from './list.ts';
import { createOutput } from './output.ts';
import { isInteractive, notInteractive } from './prompt.ts';
import { run } from './run.ts';
import { precheck, show } from './show.ts';

/** The whole command line; resolves with the exit code. Never throws. */
export async function runCli(io: ProcessIo): Promise<ExitCode> {
  for (const stream of [io.stdout, io.stderr]) stream.on('error', ignoreBrokenPipe);
  const parsed = parseArguments(io.argv, io.version);
  if (parsed.kind === 'task') return runCommand(io, parsed.command);
  const output = createOutput(io, parsed.kind === 'misused' && io.argv.includes('--json'));
  if (parsed.kind === 'printed') {
    output.result(parsed.text, null);
    return exitCodes.success;
  }
  output.error({ code: 'usage', message: parsed.message });
  return exitCodes.usageError;
}

function runCommand(io: ProcessIo, command: ParsedCommand): Promise<ExitCode> {
  switch (command.name) {
    case 'run':
      return withCommandContext(
        io,
        { json: false, logLevel: 'info', role: command.role, lostReplySafe: false },
        (context) => run(context, command.role),
      );
    case 'apply':
      return withCommandContext(io, { json: false, configFile: command.file, lostReplySafe: false }, (context) =>
        apply(context, command),
      );
    case 'list':
      return withCommandContext(io, { json: command.json, lostReplySafe: true }, (context) =>
        list(context, command.filter),
      );
    case 'show':
      return withCommandContext(io, { json: command.json, lostReplySafe: true }, (context) =>
        show(context, command.project),
      );
    case 'precheck':
      return withCommandContext(io, { json: command.json, lostReplySafe: true }, (context) =>
        precheck(context, command.project),
      );
    case 'history':
      return withCommandContext(io, { json: command.json, lostReplySafe: true }, (context) =>
        history(context, command),
      );
    case 'doctor':
      return withCommandContext(io, { json: command.json, lostReplySafe: true }, doctor);
    case 'act':
      return runChangeCommand(io, command);
    default:
      return command satisfies never;
  }
}

async function runChangeCommand(io: ProcessIo, command: ChangeCommand): Promise<ExitCode> {
  if (!command.yes && !isInteractive(io)) {
    createOutput(io, command.json).error(notInteractive);
    return exitCodes.usageError;
  }
  return withCommandContext(io, { json: command.json, lostReplySafe: true }, (context) =>
    changeState(context, command),
  );
}

/** Whoever read our output has gone (`| head`): what is still written goes nowhere, the work itself goes on. */
function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
}
