import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';

export interface SupervisedProcessOptions {
  /** What the keeper is called in a list of processes. */
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** The file that its output goes to. */
  readonly logFile: string;
  /** A folder to be removed when the program is gone. */
  readonly temporaryFolder?: string | undefined;
  /** What it sees besides our own environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A program that never outlives this process, however this process ends. */
export interface SupervisedProcess {
  readonly pid: number;
  /** Settles when the program is gone, for whatever reason, and its temporary folder with it. */
  readonly exited: Promise<void>;
  /** The end of its output, as soon as it is gone. */
  exitOutput(): string | null;
  /** False if it is gone already. */
  kill(signal: NodeJS.Signals): boolean;
  /** Ends it and waits until it is gone. May be called again. */
  stop(): Promise<void>;
  /** From now on it does not keep our process alive. */
  unref(): void;
}

const STOP_TIMEOUT_MS = 5_000;

/**
 * Runs the program ($3 and on) with its output in $1; says its pid, at its end its last words, and removes $2. Its stdin
 * is a pipe that only our process holds: when that closes, however we died, the program is killed. It leads a session of
 * its own, so that a Ctrl-C reaches us only and we decide when the program goes.
 */
const SUPERVISOR_SCRIPT = `
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

/** Starts a program under a keeper. Null: there is no shell (sh) to keep it. */
export async function spawnSupervised({
  name,
  command,
  logFile,
  temporaryFolder = '',
  env = {},
}: SupervisedProcessOptions): Promise<SupervisedProcess | null> {
  const supervisor = spawn('sh', ['-c', SUPERVISOR_SCRIPT, name, logFile, temporaryFolder, ...command], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
    // biome-ignore lint/style/noProcessEnv: the program sees what we see
    env: { ...process.env, ...env },
  });
  supervisor.stdin.on('error', () => undefined); // the keeper went first
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
    kill('SIGCONT'); // a stopped process would never see the first
    const killTimer = setTimeout(() => kill('SIGKILL'), STOP_TIMEOUT_MS);
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
