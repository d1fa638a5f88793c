import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findFreePort } from '../../demo/free-port.ts';
import { findRedisServer } from '../../demo/redis-binary.ts';
import type { RedisServer } from '../../demo/redis-server.ts';
import { spawnSupervised } from '../../demo/supervised-process.ts';
import type { RedisEndpoint } from '../../src/config/redis-url.ts';
import { startTestRedis } from './test-redis.ts';
import { waitFor } from './wait-for.ts';

/** A primary with two replicas, and a Sentinel that promotes a replica when the primary is down. */
export interface SentinelGroup extends AsyncDisposable {
  readonly endpoint: RedisEndpoint;
  /** Returns a client of the current primary. */
  client(): Redis;
  /** The first server is the primary at the start. */
  readonly servers: readonly RedisServer[];
  /** Waits until both replicas have received everything that this client wrote. */
  waitForReplicas(client: Redis): Promise<void>;
  /** Stops the replication. Sentinel restores it some seconds later. */
  cutReplication(): Promise<void>;
  /** Kills the primary of the start. */
  killPrimary(): Promise<void>;
  /** Waits until another server is the primary. */
  waitForFailover(): Promise<void>;
}

const host = '127.0.0.1';
/** The name of the primary in the Sentinel's configuration. */
const masterName = 'main';

/**
 * How long a primary does not answer before Sentinel promotes a replica, ms. Only a killed primary may be replaced: on a busy
 * machine a running one does not answer for a second, and a second failover would lose what was not replicated.
 */
const [killedDownAfterMs, runningDownAfterMs] = [600, 600_000];

export async function startSentinelGroup(): Promise<SentinelGroup> {
  const primary = await startTestRedis({ args: ['--repl-diskless-sync-delay', '0'] });
  const replicaArgs = ['--replicaof', host, String(primary.port)];
  const replicas = await Promise.all([startTestRedis({ args: replicaArgs }), startTestRedis({ args: replicaArgs })]);
  const sentinel = await startSentinel({ primaryPort: primary.port });
  const endpoint: RedisEndpoint = {
    kind: 'sentinel',
    nodes: [{ host, port: sentinel.port }],
    master: masterName,
    db: 0,
  };
  const clients: Redis[] = [];
  const client = (port?: number) => {
    const redis = port === undefined ? connectThroughSentinel(sentinel.port) : new Redis(port, host);
    redis.on('error', () => {});
    clients.push(redis);
    return redis;
  };
  const sentinelClient = client(sentinel.port);
  // Sentinel promotes only replicas that it has discovered and that are connected.
  await waitFor(async () => /slaves=2/.test(await sentinelClient.info('sentinel')), { description: 'two replicas' });
  const primaryClient = client(primary.port);
  await waitFor(async () => (await primaryClient.info('replication')).match(/state=online/g)?.length === 2);

  return {
    endpoint,
    client,
    servers: [primary, ...replicas],
    async waitForReplicas(writer) {
      await waitFor(async () => (await writer.wait(2, 1_000)) === 2, { description: 'both replicas up to date' });
    },
    async cutReplication() {
      await Promise.all(replicas.map(({ port }) => client(port).replicaof(host, 1)));
    },
    async killPrimary() {
      await setDownAfter(sentinelClient, killedDownAfterMs);
      primary.kill('SIGKILL');
      await primary.exited;
    },
    async waitForFailover() {
      await waitFor(
        async () => {
          const [, port] = (await sentinelClient.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', masterName)) as [
            string,
            string,
          ];
          return Number(port) !== primary.port && (await client().role())[0] === 'master';
        },
        { description: 'a new primary' },
      );
      await setDownAfter(sentinelClient, runningDownAfterMs);
    },
    async [Symbol.asyncDispose]() {
      for (const openClient of clients) openClient.disconnect();
      await sentinel.stop();
      await Promise.all([primary, ...replicas].map((server) => server.stop()));
    },
  };
}

async function setDownAfter(sentinel: Redis, ms: number): Promise<void> {
  await sentinel.call('SENTINEL', 'SET', masterName, 'down-after-milliseconds', String(ms));
}

function connectThroughSentinel(port: number): Redis {
  return new Redis({ sentinels: [{ host, port }], name: masterName, maxRetriesPerRequest: null });
}

export interface SentinelOptions {
  readonly primaryPort: number;
  /** Further lines of its configuration. */
  readonly lines?: readonly string[];
  /** It listens with TLS only. The lines name its certificate. */
  readonly hasTls?: boolean;
}

/** Starts a Sentinel that monitors the primary as `main`. */
export async function startSentinel({ primaryPort, lines = [], hasTls = false }: SentinelOptions) {
  const [port, folder, binary] = [
    await findFreePort(host),
    await mkdtemp(join(tmpdir(), 'syncbot-sentinel-')),
    await findRedisServer(),
  ];
  const configPath = join(folder, 'sentinel.conf');
  const allLines = [
    ...(hasTls ? ['port 0', `tls-port ${port}`] : [`port ${port}`]),
    `bind ${host}`,
    `dir ${folder}`,
    ...lines,
    `sentinel monitor ${masterName} ${host} ${primaryPort} 1`,
    `sentinel down-after-milliseconds ${masterName} ${runningDownAfterMs}`,
    `sentinel failover-timeout ${masterName} 5000`,
    `sentinel parallel-syncs ${masterName} 2`,
  ];
  await writeFile(configPath, `${allLines.join('\n')}\n`);
  const supervised = await spawnSupervised({
    name: 'syncbot-sentinel',
    command: [binary.path, configPath, '--sentinel'],
    logFile: join(folder, 'sentinel.log'),
    env: binary.libraryPath === undefined ? {} : { LD_LIBRARY_PATH: binary.libraryPath },
  });
  if (supervised === null) throw new Error('no shell to start a Sentinel');
  supervised.unref();
  return {
    port,
    async stop() {
      await supervised.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
