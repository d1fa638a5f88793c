import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';

export interface SupervisedProcessOptions {
  /** The name of the supervisor in a list of processes. */
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** Receives stdout and stderr of the program. */
  readonly logFile: string;
  /** Removed when the program has exited. */
  readonly temporaryFolder?: string | undefined;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A program that never outlives this process, even if this process is killed. */
export interface SupervisedProcess {
  readonly pid: number;
  /** Resolves when the program has exited, for any reason, and its temporary folder is removed. */
  readonly exited: Promise<void>;
  /** Returns the last lines of its output, or null while it runs. */
  exitOutput(): string | null;
  /** Returns false if the program has exited. */
  kill(signal: NodeJS.Signals): boolean;
  /** Stops the program and waits until it has exited. May be called again. */
  stop(): Promise<void>;
  /** The program no longer keeps this process alive. */
  unref(): void;
}

const stopTimeoutMs = 5_000;

/**
 * Runs the program ($3 and following) with its output in the file $1. Prints the pid at the start and the last lines of
 * the output at the end, then removes the folder $2. Its stdin is a pipe that only this Node process holds: when the pipe
 * closes, because this process ended in any way, the script kills the program. The script runs in its own session, so that
 * a Ctrl-C reaches only this process, which then decides when to stop the program.
 */
const supervisorScript = `
log=$1 temporary=$2; shift 2
exec 3<&0
"$@" >"$log" 2>&1 </dev/null 3<&- & program=$!
{ read -r _ <&3; kill -KILL "$program"; } >/dev/null 2>&1 & guard=$!
exec 3<&-
echo "$program"
wait "$program" 2>/dev/null
kill "$guard" 2>/dev/null
tail -n 20 "$log"
[ -z "$temporary" ] || rm -rf "$temporary"
`;

/** Starts a program under a supervisor. Returns null if there is no shell (sh) that can be the supervisor. */
export async function spawnSupervised({
  name,
  command,
  logFile,
  temporaryFolder = '',
  env = {},
}: SupervisedProcessOptions): Promise<SupervisedProcess | null> {
  const supervisor = spawn('sh', ['-c', supervisorScript, name, logFile, temporaryFolder, ...command], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
    // biome-ignore lint/style/noProcessEnv: the program inherits the environment
    env: { ...process.env, ...env },
  });
  supervisor.stdin.on('error', () => undefined); // The supervisor may exit first.
  const output: OutputBuffer = { text: '' };
  supervisor.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.text += text;
  });
  let hasExited = false;
  const exited = new Promise<void>((resolve) => {
    const markExited = () => {
      hasExited = true;
      resolve();
    };
    supervisor.once('close', markExited).once('error', markExited);
  });
  const pid = await readPid(supervisor, output);
  if (pid === undefined) return null;

  const kill = (signal: NodeJS.Signals) => !hasExited && sendSignal(pid, signal);
  const stop = async () => {
    kill('SIGTERM');
    kill('SIGCONT'); // A suspended process does not handle SIGTERM.
    const killTimer = setTimeout(() => kill('SIGKILL'), stopTimeoutMs);
    await exited;
    clearTimeout(killTimer);
  };
  const unref = () => {
    for (const handle of [supervisor, supervisor.stdin, supervisor.stdout]) {
      if (handle === supervisor || handle instanceof Socket) handle.unref();
    }
  };
  const exitOutput = () => (hasExited ? output.text.slice(output.text.indexOf('\n') + 1).trim() : null);
  return { pid, exited, exitOutput, kill, stop, unref };
}

interface OutputBuffer {
  text: string;
}

async function readPid(supervisor: ChildProcess, output: OutputBuffer): Promise<number | undefined> {
  const exitController = new AbortController();
  const onExit = () => exitController.abort();
  supervisor.once('close', onExit).once('error', onExit);
  while (!output.text.includes('\n') && !exitController.signal.aborted && supervisor.stdout) {
    await once(supervisor.stdout, 'data', { signal: exitController.signal }).catch(() => undefined);
  }
  return Number.parseInt(output.text, 10) || undefined;
}

function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
