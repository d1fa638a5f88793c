import { act } from './act.ts';
import { apply } from './apply.ts';
import { type ExitCode, exitCodes, type Shell } from './context.ts';
import { doctor } from './doctor.ts';
import { history } from './history.ts';
import { list } from './list.ts';
import { type ActTask, parseArguments, type Task } from './program.ts';
import { canAsk, nobodyToAsk } from './prompt.ts';
import { run } from './run.ts';
import { sayTo } from './say.ts';
import { withSession } from './session.ts';
import { precheck, show } from './show.ts';

/** The whole command line; resolves with the exit code. Never throws. */
export async function runCli(shell: Shell): Promise<ExitCode> {
  for (const stream of [shell.stdout, shell.stderr]) stream.on('error', brokenPipe);
  const parsed = parseArguments(shell.argv, shell.version);
  if (parsed.kind === 'task') return carryOut(shell, parsed.task);
  const say = sayTo(shell, parsed.kind === 'misused' && shell.argv.includes('--json'));
  if (parsed.kind === 'told') {
    say.result(parsed.text, null);
    return exitCodes.done;
  }
  say.fault({ code: 'usage', message: parsed.message });
  return exitCodes.usage;
}

function carryOut(shell: Shell, task: Task): Promise<ExitCode> {
  switch (task.name) {
    case 'run':
      return withSession(shell, { json: false, logLevel: 'info', role: task.role, harmless: false }, (session) =>
        run(session, task.role),
      );
    case 'apply':
      return withSession(shell, { json: false, file: task.file, harmless: false }, (session) => apply(session, task));
    case 'list':
      return withSession(shell, { json: task.json, harmless: true }, (session) => list(session, task.filter));
    case 'show':
      return withSession(shell, { json: task.json, harmless: true }, (session) => show(session, task.project));
    case 'precheck':
      return withSession(shell, { json: task.json, harmless: true }, (session) => precheck(session, task.project));
    case 'history':
      return withSession(shell, { json: task.json, harmless: true }, (session) => history(session, task));
    case 'doctor':
      return withSession(shell, { json: task.json, harmless: true }, doctor);
    case 'act':
      return actWhereAllowed(shell, task);
    default:
      return task satisfies never;
  }
}

async function actWhereAllowed(shell: Shell, task: ActTask): Promise<ExitCode> {
  if (!task.yes && !canAsk(shell)) {
    sayTo(shell, task.json).fault(nobodyToAsk);
    return exitCodes.usage;
  }
  return withSession(shell, { json: task.json, harmless: true }, (session) => act(session, task));
}

/** Whoever read our output has gone (`| head`): what is still written goes nowhere, the work itself goes on. */
function brokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
}
