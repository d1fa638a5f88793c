import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { startLinkWorker } from '../../demo/link-worker.ts';
import { type Source, startSource } from '../../demo/source.ts';
import { setColumnLimit } from '../../demo/tables.ts';
import type { UseCaseContext } from '../../src/application/context.ts';
import { RetryLaterError } from '../../src/application/errors.ts';
import type { Notifier } from '../../src/application/ports.ts';
import type { RedisEndpoint } from '../../src/config/redis-url.ts';
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
  /** The running bots. A killed bot is replaced by another. */
  readonly bots: readonly UseCaseContext[];
  /** Ends all connections of a bot, as if its process was killed, and starts another. */
  killBot(index: number): Promise<void>;
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
  /** A further link without tasks, whose queue is deleted and created again. */
  readonly optionalLink: OptionalLink | null;
}

export interface OptionalLink {
  readonly link: string;
  /** Returns false if it does not exist. */
  delete(): Promise<boolean>;
  /** Returns false if it exists. */
  create(): Promise<boolean>;
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
  { id: 'orders', initialState: 'running', onFailure: 'pause', links: 3, connection: 'default', optional: false },
  { id: 'users', initialState: 'not_started', onFailure: 'pause', links: 2, connection: 'far', optional: false },
  { id: 'invoices', initialState: 'paused', onFailure: 'pause', links: 2, connection: 'default', optional: true },
  { id: 'payments', initialState: 'running', onFailure: 'continue', links: 2, connection: 'far', optional: false },
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
  const killableBots = [await startBot(config, cleanup), await startBot(config, cleanup)];
  const bots = killableBots.map(({ context }) => context);
  const projects: ModelProject[] = [];
  for (const { id, initialState, onFailure, links, connection, optional } of projectSpecs) {
    const { redis, url } = connection === 'far' ? far : near;
    const modelLinks: ModelLink[] = [];
    for (let index = 0; index < links; index++) {
      modelLinks.push(await createLink({ cleanup, redis, url, project: id, link: `${id}-${index}` }));
    }
    const optionalLink = optional
      ? createOptionalLink(redis, { project: id, link: `${id}-optional`, connection })
      : null;
    const definition = makeDefinition(id, {
      onFailure,
      links: [...modelLinks.map(({ link }) => link), ...(optionalLink === null ? [] : [optionalLink.link])].map(
        (queue) => ({
          queue,
          connection,
          prefix: 'bull',
        }),
      ),
    });
    await bots[0]?.projects.save(definition, { state: initialState, watermarks: {} }, 'cli:test');
    projects.push({ id, initialState, onFailure, links: modelLinks, optionalLink });
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
    async killBot(index) {
      const slot = index % killableBots.length;
      killableBots[slot]?.kill();
      const bot = await startBot(config, cleanup);
      killableBots[slot] = bot;
      bots[slot] = bot.context;
    },
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

interface KillableBot {
  readonly context: UseCaseContext;
  kill(): void;
}

/**
 * A bot behind proxies of its own. When they go down for ever, Redis sees what it sees of a killed process: the connections
 * end, and nothing more arrives.
 */
async function startBot(config: ServicesConfig, cleanup: Cleanup): Promise<KillableBot> {
  const proxies: FaultyRedisProxy[] = [];
  const proxied = async (endpoint: RedisEndpoint) => {
    if (endpoint.kind !== 'standalone') throw new Error('not a single server');
    const proxy = await startFaultyRedisProxy(Number(new URL(endpoint.url).port));
    proxies.push(proxy);
    cleanup.push(() => proxy[Symbol.asyncDispose]());
    return endpointOf(proxy.url);
  };
  const far = config.connections['far'];
  const connections = far === undefined ? {} : { far: await proxied(far) };
  const services = createBotServices({ ...config, redis: await proxied(config.redis), connections });
  cleanup.push(() => services[Symbol.asyncDispose]());
  return {
    context: services.context,
    kill() {
      for (const proxy of proxies) proxy.goDown();
      void services.stopWorkers();
    },
  };
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

/**
 * A person who deletes a queue and creates it again gives it the flag of the project. If syncbot has recorded that it was
 * missing, syncbot corrects the flag, so it is created running.
 */
const createQueueScript = `
  if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
  redis.call('HSET', KEYS[1], 'version', 'bullmq:6.7.0', 'opts.maxLenEvents', 10000)
  local state, pending = unpack(redis.call('HMGET', KEYS[2], 'state', 'pendingLinks'))
  local runs = state == 'starting' or state == 'running' or state == 'restoring'
  local isPending = pending and string.find(pending, ARGV[1], 1, true)
  if not runs and not isPending then redis.call('HSET', KEYS[1], 'paused', 1) end
  return 1
`;

function createOptionalLink(
  redis: Redis,
  { project, link, connection }: { readonly project: string; readonly link: string; readonly connection: string },
): OptionalLink {
  const [meta, state] = [`bull:${link}:meta`, `syncbot:{p:${project}}:state`];
  return {
    link,
    delete: async () =>
      (await redis.del(meta, ...['events', 'marker', 'wait', 'paused'].map((name) => `bull:${link}:${name}`))) > 0,
    create: async () => (await redis.eval(createQueueScript, 2, meta, state, `${connection}/bull:${link}`)) === 1,
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
