import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { startLinkWorker } from '../../demo/link-worker.ts';
import { type Source, startSource } from '../../demo/source.ts';
import { setColumnLimit } from '../../demo/tables.ts';
import type { UseCaseContext } from '../../src/application/context.ts';
import { RetryLaterError } from '../../src/application/errors.ts';
import type { Notifier } from '../../src/application/ports.ts';
import { needsNotification } from '../../src/domain/alert.ts';
import { alertKinds } from '../../src/domain/conditions.ts';
import type { ProjectState } from '../../src/domain/project-state.ts';
import { Services, type ServicesConfig } from '../../src/services.ts';
import { type FaultyRedisProxy, startFaultyRedisProxy } from '../support/faulty-redis-proxy.ts';
import { makeDefinition } from '../support/project-definition.ts';
import { startTestRedis } from '../support/test-redis.ts';
import { endpointOf, testSettings } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { startWorkerPool, type WorkerPool } from './worker-pool.ts';

/** Two bots, three workers, and projects whose links process tasks. Bots and workers reach Redis through proxies. */
export interface System extends AsyncDisposable {
  /** A direct connection for the test. */
  readonly redis: Redis;
  /** One before the bot's Redis, one before the Redis of some links. */
  readonly proxies: readonly [FaultyRedisProxy, FaultyRedisProxy];
  readonly bots: readonly UseCaseContext[];
  readonly workers: WorkerPool;
  readonly projects: readonly ModelProject[];
  /** The bot's queue of actions, on the direct connection. */
  readonly actions: Queue;
}

export interface ModelProject {
  readonly id: string;
  readonly initialState: ProjectState;
  readonly onFailure: 'pause' | 'continue';
  readonly links: readonly ModelLink[];
}

export interface ModelLink {
  /** A direct connection to its Redis. */
  readonly redis: Redis;
  readonly project: string;
  readonly link: string;
  readonly source: Source;
  readonly queue: Queue;
  /** Stops the link's worker gracefully, and starts another. */
  restartWorker(): Promise<void>;
}

const projectSpecs = [
  { id: 'orders', initialState: 'running', onFailure: 'pause', links: 3, connection: 'default' },
  { id: 'users', initialState: 'not_started', onFailure: 'pause', links: 2, connection: 'far' },
  { id: 'invoices', initialState: 'paused', onFailure: 'pause', links: 2, connection: 'default' },
  { id: 'payments', initialState: 'running', onFailure: 'continue', links: 2, connection: 'far' },
] as const;

/** Short, so that the jobs of a killed worker are taken over soon. */
export const lockDurationMs = 1_000;

/** `folder`: the build that the workers run. */
export async function createSystem(folder: string): Promise<System> {
  const cleanup: Cleanup = [];
  const near = await startProxiedServer(cleanup);
  const far = await startProxiedServer(cleanup);
  const { redis } = near;
  const settings = { ...testSettings, auditLength: 1_000_000 };
  const config: ServicesConfig = {
    redis: endpointOf(near.proxy.url),
    connections: { far: endpointOf(far.proxy.url) },
    settings,
  };
  const botServices = [createBotServices(config), createBotServices(config)];
  for (const services of botServices) cleanup.push(() => services[Symbol.asyncDispose]());
  const bots = botServices.map(({ context }) => context);
  const projects: ModelProject[] = [];
  for (const { id, initialState, onFailure, links, connection } of projectSpecs) {
    const { redis, url } = connection === 'far' ? far : near;
    const modelLinks: ModelLink[] = [];
    for (let index = 0; index < links; index++) {
      modelLinks.push(await createLink({ cleanup, redis, url, project: id, link: `${id}-${index}` }));
    }
    const definition = makeDefinition(id, {
      onFailure,
      links: modelLinks.map(({ link }) => ({ queue: link, connection, prefix: 'bull' })),
    });
    await bots[0]?.projects.save(definition, { state: initialState, watermarks: {} }, 'cli:test');
    projects.push({ id, initialState, onFailure, links: modelLinks });
  }
  const actions = new Queue('actions', { connection: redis, prefix: '{syncbot}' });
  cleanup.push(() => actions.close());
  const overrides = { sweepIntervalMs: 300, lockDurationMs };
  const workers = await startWorkerPool(3, { folder, processOptions: { config, overrides } });
  cleanup.push(() => workers[Symbol.asyncDispose]());
  await waitFor(async () => {
    const reconciledVersions = await Promise.all(
      projects.map(({ id }) => redis.hget(`syncbot:{p:${id}}:state`, 'reconciledVersion')),
    );
    return reconciledVersions.every((version) => version === '1');
  });
  return {
    redis,
    proxies: [near.proxy, far.proxy],
    bots,
    workers,
    projects,
    actions,
    async [Symbol.asyncDispose]() {
      for (const close of cleanup.reverse()) await close();
    },
  };
}

type Cleanup = (() => unknown)[];

async function startProxiedServer(cleanup: Cleanup) {
  const server = await startTestRedis();
  cleanup.push(() => server.stop());
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  cleanup.push(() => redis.disconnect());
  const proxy = await startFaultyRedisProxy(server.port);
  cleanup.push(() => proxy[Symbol.asyncDispose]());
  return { redis, proxy, url: server.url };
}

function createBotServices(config: ServicesConfig): Services {
  const services = new Services(config, pino({ level: 'silent' }), { lockDurationMs });
  services.startNotifier(createFakeNotifier(services.context));
  return services;
}

/** Posts nothing, and marks everything as notified. Sometimes it is rate limited, as Slack's notifier. */
function createFakeNotifier({ operations, projects, alerts }: UseCaseContext): Notifier {
  let calls = 0;
  return {
    async notifyOperation(ref) {
      calls += 1;
      if (calls % 17 === 0) throw new RetryLaterError(50);
      const operation = await operations.read(ref);
      if (operation !== null) await operations.markNotified(ref, { seq: operation.seq, message: null, dialogUses: 0 });
    },
    async notifyObservation() {},
    async notifyAlerts(id) {
      const project = await projects.read(id);
      for (const kind of alertKinds) {
        const record = project?.alerts[kind];
        if (record === undefined || !needsNotification(record)) continue;
        const { seq, since } = record.alert;
        await alerts.markNotified(id, kind, { seq, since, message: null, resolved: false }, false);
      }
    },
  };
}

async function createLink(options: {
  readonly cleanup: Cleanup;
  readonly redis: Redis;
  readonly url: string;
  readonly project: string;
  readonly link: string;
}): Promise<ModelLink> {
  const { cleanup, redis, url, project, link } = options;
  await setColumnLimit(redis, { project, link }, { column: 'amount', width: 12 });
  const source = await startSource({ url, project, link, rowCount: 10 });
  cleanup.push(() => source.stop());
  await source.burst(2);
  const queue = new Queue(link, { connection: redis, skipMetasUpdate: true });
  cleanup.push(() => queue.close());
  let worker = await startLinkWorker({ url, project, link, taskDurationMs: 1 });
  cleanup.push(() => worker.stop());
  let pending: Promise<unknown> = Promise.resolve();
  const restartWorker = () => {
    const restarted = pending.then(async () => {
      await worker.stop();
      worker = await startLinkWorker({ url, project, link, taskDurationMs: 1 });
    });
    pending = restarted;
    return restarted;
  };
  return { redis, project, link, source, queue, restartWorker };
}
