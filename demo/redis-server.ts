import { mkdir, mkdtemp } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RedisStartError } from './errors.ts';
import { findFreePort } from './free-port.ts';
import { findRedisServer, type RedisBinary } from './redis-binary.ts';
import { type SupervisedProcess, spawnSupervised } from './supervised-process.ts';

export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when the server process has exited, for any reason, and its temporary folder is removed. */
  readonly exited: Promise<void>;
  /** Returns false if the process has exited. */
  kill(signal: NodeJS.Signals): boolean;
  /** Stops the server and waits until it has exited. May be called again. */
  stop(): Promise<void>;
}

export interface RedisServerOptions {
  /** The data folder. Default: a temporary folder, which is removed at the end, even if this process is killed. */
  readonly dir?: string;
  readonly port?: number;
  /** Redis options, e.g. `['--appendonly', 'yes']`. They override the defaults. */
  readonly args?: readonly string[];
  readonly binary?: RedisBinary;
}

type StartOptions = RedisServerOptions & { readonly binary: RedisBinary; readonly port: number };

const host = '127.0.0.1';
const defaultArgs = ['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'];
const startTimeoutMs = 15_000;

/**
 * Starts a Redis server on the loopback address and waits until it answers. It never outlives this process.
 * @throws {RedisStartError} `redis_not_found`, `redis_port_taken` (only if a port is given), `redis_not_started`.
 */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const binary = options.binary ?? (await findRedisServer());
  if (options.port !== undefined) return startOnce({ ...options, binary, port: options.port });
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce({ ...options, binary, port: await findFreePort(host) });
    } catch (error) {
      if (attempt === 5 || !(error instanceof RedisStartError && error.code === 'redis_port_taken')) throw error;
    }
  }
}

async function startOnce(options: StartOptions): Promise<RedisServer> {
  const { port } = options;
  const server = await spawnServer(options);
  if (server === null)
    throw new RedisStartError('redis_not_started', 'Redis did not start: no shell (sh) could be run.');
  const { pid, exited, kill, stop } = server;
  const deadline = Date.now() + startTimeoutMs;
  while (!(await isReady(port, pid))) {
    if (Date.now() > deadline) await stop();
    const exitOutput = server.exitOutput();
    if (exitOutput !== null) throw toStartError(port, exitOutput);
    await delay(5);
  }
  server.unref();
  return { url: `redis://${host}:${port}`, host, port, pid, exited, kill, stop, [Symbol.asyncDispose]: stop };
}

async function spawnServer({ binary, port, args = [], dir }: StartOptions): Promise<SupervisedProcess | null> {
  if (dir !== undefined) await mkdir(dir, { recursive: true });
  const folder = dir ?? (await mkdtemp(join(tmpdir(), 'syncbot-redis-')));
  return spawnSupervised({
    name: 'syncbot-redis',
    command: [binary.path, '--port', String(port), '--bind', host, '--dir', folder, ...defaultArgs, ...args],
    logFile: join(folder, 'redis.log'),
    temporaryFolder: dir === undefined ? folder : undefined,
    env: binary.libraryPath ? { LD_LIBRARY_PATH: binary.libraryPath } : {},
  });
}

/** Checks the process id: another server may have taken the port. */
async function isReady(port: number, pid: number): Promise<boolean> {
  const socket = connect({ host, port });
  socket.setTimeout(1_000, () => socket.destroy());
  const reply = await new Promise<string>((resolve) => {
    let received = '';
    socket.on('error', () => undefined).on('close', () => resolve(received));
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      received += chunk;
    });
    socket.end('PING\r\nINFO server\r\nQUIT\r\n');
  });
  if (reply.startsWith('-NOAUTH')) return true;
  return reply.startsWith('+PONG') && reply.includes(`\r\nprocess_id:${pid}\r\n`);
}

function toStartError(port: number, exitOutput: string): RedisStartError {
  if (/address already in use/i.test(exitOutput)) {
    return new RedisStartError('redis_port_taken', `Redis did not start: port ${port} is already in use.`);
  }
  const lastLine = exitOutput.split('\n').at(-1) || 'it printed nothing';
  return new RedisStartError(
    'redis_not_started',
    `Redis did not start: ${lastLine.replace(/^\d+:\w .*? [*#.-] /, '')}`,
  );
}
