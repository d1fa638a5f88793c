import { Queue, Worker } from 'bullmq';
import type { Cluster, Redis } from 'ioredis';
import { pino } from 'pino';
import { requestAction } from '../../src/application/request.ts';
import { confirm } from '../../src/application/settle.ts';
import { within } from '../../src/application/within.ts';
import { type Core, openCore } from '../../src/core.ts';
import { type RedisServer, startRedisServer } from '../../src/demo/redis-server.ts';
import { linksWanted } from '../../src/domain/lifecycle.ts';
import { isOpen, type Operation, type OperationRef } from '../../src/domain/operation.ts';
import type { Action, Link } from '../../src/domain/project.ts';
import type { RedisTarget } from '../../src/redis-address.ts';
import { definitionOf } from '../support/definition.ts';
import { waitFor } from '../support/wait.ts';
import { targetOf, testSettings } from '../support/world.ts';

export interface BenchOptions {
  readonly target: RedisTarget;
  /** A client of its own for producers and workers of the links, one for each call. */
  readonly client: () => Redis | Cluster;
  /** One for each link on the target. */
  readonly prefixes: readonly string[];
}

/**
 * One project, `orders`, with real workers on its links: some on a Redis that will fail, and one on a Redis named `far`
 * that can be made to hang, so that an operation stays in its middle for as long as a test wants.
 */
export interface Bench extends AsyncDisposable {
  readonly core: Core;
  readonly links: readonly Link[];
  readonly far: RedisServer;
  /** The names of the tasks that have run to their end, in order, for each link. */
  readonly ran: ReadonlyMap<string, readonly string[]>;
  add(names: readonly string[]): Promise<void>;
  ask(action: Action): Promise<OperationRef>;
  over(ref: OperationRef): Promise<Operation>;
  /** The project's state, as soon as its links agree with it. */
  agreed(): Promise<string>;
  state(): Promise<string | undefined>;
  versions(): Promise<number[]>;
}

export async function openBench({ target, client, prefixes }: BenchOptions): Promise<Bench> {
  const far = await startRedisServer();
  const config = { redis: target, connections: { far: targetOf(far.url) }, settings: testSettings };
  const core = openCore(config, pino({ level: 'silent' }), { sweepEveryMs: 300, lockMs: 2_000 });
  const links: Link[] = [
    ...prefixes.map((prefix) => ({ queue: 'sync', connection: 'default', prefix })),
    { queue: 'sync', connection: 'far', prefix: 'far' },
  ];
  const queues: Queue[] = [];
  const workers: Worker[] = [];
  const ran = new Map(links.map(({ prefix }) => [prefix, [] as string[]]));
  for (const { queue, prefix, connection } of links) {
    const where = connection === 'far' ? { url: far.url, maxRetriesPerRequest: null } : client();
    const own = new Queue(queue, { connection: where, prefix });
    const worker = new Worker(queue, async (job) => void ran.get(prefix)?.push(job.name), {
      ...{ connection: where, prefix, runRetryDelay: 200, stalledInterval: 1_000, lockDuration: 2_000 },
    });
    own.on('error', () => {});
    worker.on('error', () => {});
    await own.waitUntilReady();
    await worker.waitUntilReady();
    queues.push(own);
    workers.push(worker);
  }
  await core.deps.store.put(definitionOf('orders', { links }), { state: 'running', watermarks: {} }, 'cli:test');
  await core.startWorker();
  const { deps } = core;
  const read = () => deps.store.read('orders');

  return {
    core,
    links,
    far,
    ran,
    async add(names) {
      await Promise.all(queues.map((queue) => queue.addBulk(names.map((name) => ({ name, data: {} })))));
    },
    async ask(action) {
      const asked = { project: 'orders', action, by: 'cli:test', reason: null, origin: 'cli', channel: null } as const;
      const requested = await requestAction(deps, asked);
      if (requested.kind === 'refused') throw new Error(`refused: ${requested.refusal.code}`);
      const ref = { project: 'orders', operation: requested.operation.id };
      await confirm(deps, { ref, by: 'cli:test', dialog: null });
      return ref;
    },
    over: (ref) =>
      waitFor(
        async () => {
          const operation = await deps.store.readOperation(ref);
          return operation !== null && !isOpen(operation) && operation;
        },
        { describe: 'the outcome', timeoutMs: 45_000 },
      ),
    agreed: () =>
      waitFor(
        async () => {
          const project = await read();
          const flags = await deps.links.readFlags(links, 2_000);
          if (project === null || project.holder !== null || project.convergedVersion < project.version) return false;
          return flags.every((flag) => flag === linksWanted(project.state)) && project.state;
        },
        { describe: 'links that agree', timeoutMs: 45_000 },
      ),
    state: async () => (await read())?.state,
    async versions() {
      const entries = await deps.store.history('orders', { limit: 500 });
      return entries.flatMap(({ version }) => version ?? []).reverse();
    },
    async [Symbol.asyncDispose]() {
      far.kill('SIGCONT');
      await core[Symbol.asyncDispose]();
      // In a cluster a worker may wait for ever for the end of its connection, which ends with the cluster.
      await Promise.all([...workers, ...queues].map((one) => within(one.close(), 2_000)));
      await far.stop();
    },
  };
}

/** Task names that sort in the order in which they are added. */
export function tasks(from: string, count = 10): string[] {
  return Array.from({ length: count }, (_, index) => `${from}-${String(index).padStart(3, '0')}`);
}
