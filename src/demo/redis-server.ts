import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { connect, createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findRedisServer, type RedisBinary } from './redis-binary.ts';
import { RedisFault } from './redis-fault.ts';

export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** Settles when the server process is gone, for whatever reason, and its temporary folder with it. */
  readonly exited: Promise<void>;
  /** False if the process is gone already. */
  kill(signal: NodeJS.Signals): boolean;
  /** Ends the server and waits until it is gone. May be called again. */
  stop(): Promise<void>;
}

export interface RedisServerOptions {
  /** Where it keeps its data. Without: a temporary folder, removed at the end, also when this process is killed. */
  readonly dir?: string;
  readonly port?: number;
  /** Redis options, e.g. `['--appendonly', 'yes']`; they win over the defaults. */
  readonly args?: readonly string[];
  readonly binary?: RedisBinary;
}

type StartOptions = RedisServerOptions & { readonly binary: RedisBinary; readonly port: number };

const HOST = '127.0.0.1';
const DEFAULTS = ['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'];
const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 5_000;

/**
 * Runs the server ($3 and on) with its output in $1; says its pid, at its end its last words, and removes $2. Its stdin
 * is a pipe that only our process holds: when that closes, however we died, the server is killed. It leads a session of
 * its own, so that a Ctrl-C reaches us only and we decide when Redis goes.
 */
const KEEPER = `
log=$1 temporary=$2; shift 2
exec 3<&0
"$@" >"$log" 2>&1 </dev/null 3<&- & server=$!
{ read -r _ <&3; kill -KILL "$server"; } >/dev/null 2>&1 & guard=$!
exec 3<&-
echo "$server"
wait "$server" 2>/dev/null
kill "$guard" 2>/dev/null
tail -n 20 "$log"
[ -z "$temporary" ] || rm -rf "$temporary"
`;

/**
 * Starts a Redis server on the loopback address and waits until it answers. It never outlives this process.
 * @throws {RedisFault} `redis_not_found`, `redis_port_taken` (only for a given port), `redis_not_started`.
 */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const binary = options.binary ?? (await findRedisServer());
  if (options.port !== undefined) return startOnce({ ...options, binary, port: options.port });
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce({ ...options, binary, port: await freePort() });
    } catch (fault) {
      if (attempt === 5 || !(fault instanceof RedisFault && fault.code === 'redis_port_taken')) throw fault;
    }
  }
}

async function startOnce(options: StartOptions): Promise<RedisServer> {
  const { keeper, output } = await spawnKeeper(options);
  let gone = false;
  const exited = new Promise<void>((resolve) => {
    const end = () => {
      gone = true;
      resolve();
    };
    keeper.once('close', end).once('error', end);
  });
  const pid = await firstLine(keeper, output);
  if (pid === undefined) {
    throw new RedisFault('redis_not_started', 'Redis did not start: no shell (sh) could be run.');
  }

  const kill = (signal: NodeJS.Signals) => !gone && signalled(pid, signal);
  const stop = async () => {
    keeper.ref();
    kill('SIGTERM');
    kill('SIGCONT'); // a stopped process would never see the first
    const patience = setTimeout(() => kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(patience);
  };
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await answers(options.port, pid))) {
    if (gone) throw notStarted(options.port, output.text);
    if (Date.now() > deadline) {
      await stop();
      throw notStarted(options.port, output.text);
    }
    await delay(5);
  }
  for (const part of [keeper, keeper.stdin, keeper.stdout]) {
    if (part === keeper || part instanceof Socket) part.unref();
  }
  const { port } = options;
  return { url: `redis://${HOST}:${port}`, host: HOST, port, pid, exited, kill, stop, [Symbol.asyncDispose]: stop };
}

interface Output {
  text: string;
}

async function spawnKeeper({ binary, port, args = [], dir }: StartOptions) {
  if (dir !== undefined) await mkdir(dir, { recursive: true });
  const folder = dir ?? (await mkdtemp(join(tmpdir(), 'syncbot-redis-')));
  const server = [binary.path, '--port', String(port), '--bind', HOST, '--dir', folder, ...DEFAULTS, ...args];
  const temporary = dir === undefined ? folder : '';
  const keeper = spawn('sh', ['-c', KEEPER, 'syncbot-redis', join(folder, 'redis.log'), temporary, ...server], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
    // biome-ignore lint/style/noProcessEnv: the server sees what we see, and finds the libraries it came with
    env: { ...process.env, ...(binary.libraryPath ? { LD_LIBRARY_PATH: binary.libraryPath } : {}) },
  });
  keeper.stdin.on('error', () => undefined); // the keeper went first
  const output: Output = { text: '' };
  keeper.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.text += text;
  });
  return { keeper, output };
}

async function firstLine(keeper: ChildProcess, output: Output): Promise<number | undefined> {
  const over = new AbortController();
  const end = () => over.abort();
  keeper.once('close', end).once('error', end);
  while (!output.text.includes('\n') && !over.signal.aborted && keeper.stdout) {
    await once(keeper.stdout, 'data', { signal: over.signal }).catch(() => undefined);
  }
  return Number.parseInt(output.text, 10) || undefined;
}

function signalled(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Whether *our* server answers: another one may have taken the port. */
async function answers(port: number, pid: number): Promise<boolean> {
  const socket = connect({ host: HOST, port });
  socket.setTimeout(1_000, () => socket.destroy());
  const reply = await new Promise<string>((resolve) => {
    let text = '';
    socket.on('error', () => undefined).on('close', () => resolve(text));
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    socket.end('PING\r\nINFO server\r\nQUIT\r\n');
  });
  if (reply.startsWith('-NOAUTH')) return true;
  return reply.startsWith('+PONG') && reply.includes(`\r\nprocess_id:${pid}\r\n`);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, HOST);
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}

function notStarted(port: number, lastWords: string): RedisFault {
  if (/address already in use/i.test(lastWords)) {
    return new RedisFault('redis_port_taken', `Redis did not start: port ${port} is already in use.`);
  }
  const last = lastWords.trim().split('\n').slice(1).at(-1) ?? 'it said nothing';
  return new RedisFault('redis_not_started', `Redis did not start: ${last.replace(/^\d+:\w .*? [*#.-] /, '')}`);
}
