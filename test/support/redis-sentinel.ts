import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../src/demo/free-port.ts';
import { startKept } from '../../src/demo/keeper.ts';
import { findRedisServer } from '../../src/demo/redis-binary.ts';
import { type RedisServer, startRedisServer } from '../../src/demo/redis-server.ts';
import type { RedisTarget } from '../../src/redis-address.ts';
import { waitFor } from './wait.ts';

/** One primary with two replicas, watched by a Sentinel that promotes one of them soon after the primary is gone. */
export interface SentinelGroup extends AsyncDisposable {
  readonly target: RedisTarget;
  /** A client of whoever is the primary. */
  client(): Redis;
  /** The servers, the first primary first. */
  readonly servers: readonly RedisServer[];
  /** Waits until both replicas have all that was written so far through this client. */
  replicated(client: Redis): Promise<void>;
  /** From now on nothing that is written reaches a replica, until Sentinel sees to it some seconds later. */
  cutReplication(): Promise<void>;
  /** Kills the first primary. */
  kill(): Promise<void>;
  /** Waits until another one is primary. */
  promoted(): Promise<void>;
}

const host = '127.0.0.1';
const master = 'main';

export async function startSentinelGroup(): Promise<SentinelGroup> {
  const primary = await startRedisServer({ args: ['--repl-diskless-sync-delay', '0'] });
  const replicaOf = ['--replicaof', host, String(primary.port)];
  const replicas = await Promise.all([startRedisServer({ args: replicaOf }), startRedisServer({ args: replicaOf })]);
  const sentinel = await startSentinel(primary.port);
  const target: RedisTarget = { kind: 'sentinel', nodes: [{ host, port: sentinel.port }], master, db: 0 };
  const clients: Redis[] = [];
  const client = (port?: number) => {
    const quiet = port === undefined ? throughSentinel(sentinel.port) : new Redis(port, host);
    quiet.on('error', () => {});
    clients.push(quiet);
    return quiet;
  };
  const asked = client(sentinel.port);
  // A Sentinel promotes only replicas that it knows, and that are in step.
  await waitFor(async () => /slaves=2/.test(await asked.info('sentinel')), { describe: 'two replicas' });
  const first = client(primary.port);
  await waitFor(async () => (await first.info('replication')).match(/state=online/g)?.length === 2);

  return {
    target,
    client,
    servers: [primary, ...replicas],
    async replicated(writer) {
      await waitFor(async () => (await writer.wait(2, 1_000)) === 2, { describe: 'both replicas in step' });
    },
    async cutReplication() {
      await Promise.all(replicas.map(({ port }) => client(port).replicaof(host, 1)));
    },
    async kill() {
      primary.kill('SIGKILL');
      await primary.exited;
    },
    async promoted() {
      await waitFor(
        async () => {
          const [, port] = (await asked.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master)) as [string, string];
          return Number(port) !== primary.port && (await client().role())[0] === 'master';
        },
        { describe: 'a new primary', timeoutMs: 30_000 },
      );
    },
    async [Symbol.asyncDispose]() {
      for (const one of clients) one.disconnect();
      await sentinel.stop();
      await Promise.all([primary, ...replicas].map((server) => server.stop()));
    },
  };
}

function throughSentinel(port: number): Redis {
  return new Redis({ sentinels: [{ host, port }], name: master, maxRetriesPerRequest: null });
}

async function startSentinel(primary: number) {
  const [port, folder, binary] = [
    await freePort(host),
    await mkdtemp(join(tmpdir(), 'syncbot-sentinel-')),
    await findRedisServer(),
  ];
  const conf = join(folder, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    `bind ${host}`,
    `dir ${folder}`,
    `sentinel monitor ${master} ${host} ${primary} 1`,
    `sentinel down-after-milliseconds ${master} 600`,
    `sentinel failover-timeout ${master} 5000`,
    `sentinel parallel-syncs ${master} 2`,
  ];
  await writeFile(conf, `${lines.join('\n')}\n`);
  const kept = await startKept({
    name: 'syncbot-sentinel',
    command: [binary.path, conf, '--sentinel'],
    log: join(folder, 'sentinel.log'),
    env: binary.libraryPath === undefined ? {} : { LD_LIBRARY_PATH: binary.libraryPath },
  });
  if (kept === null) throw new Error('no shell to start a Sentinel');
  kept.unref();
  return {
    port,
    async stop() {
      await kept.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
