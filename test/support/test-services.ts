import { type Job, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { type Logger, pino } from 'pino';
import type { RedisServer } from '../../demo/redis-server.ts';
import { confirm } from '../../src/application/confirm.ts';
import type { UseCaseContext } from '../../src/application/context.ts';
import { requestAction } from '../../src/application/request-action.ts';
import type { TaskSelection } from '../../src/application/select-tasks.ts';
import type { RedisEndpoint } from '../../src/config/redis-url.ts';
import type { Digest } from '../../src/domain/digest.ts';
import type { OperationKind } from '../../src/domain/lifecycle.ts';
import type { Link } from '../../src/domain/link.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import type { ProjectDefinition } from '../../src/domain/project.ts';
import { Services, type ServicesConfig, type ServicesOverrides, type ServicesSettings } from '../../src/services.ts';
import { type FaultyRedisProxy, startFaultyRedisProxy } from './faulty-redis-proxy.ts';
import { makeDefinition } from './project-definition.ts';
import { startTestRedis } from './test-redis.ts';
import { waitFor } from './wait-for.ts';

/** The services of a bot on a Redis server of their own, with links for the test. All of it ends with the fixture. */
export interface TestServices extends AsyncDisposable {
  readonly url: string;
  /** The URL of `default` or of an extra server. */
  urlOf(connection: string): string;
  readonly redis: Redis;
  /** A proxy before the bot's Redis. The services use it only with `throughProxy`. */
  readonly proxy: FaultyRedisProxy;
  readonly instance: Services;
  readonly context: UseCaseContext;
  /** The server of a connection. A test may kill it, and start another one on its port. */
  server(connection?: string): RedisServer;
  readonly config: ServicesConfig;
  /** Creates more services on the same Redis, like another process of the bot. */
  addInstance(overrides?: ServicesOverrides, config?: Partial<ServicesConfig>): Services;
  /** Creates a link's queue. `connection` is `default` or the name of an extra server. */
  createLink(queue: string, connection?: string): Promise<TestLink>;
  /** Saves a project without a use case. The links keep their flags. Default state: running. */
  createProject(
    id: string,
    links: readonly Pick<TestLink, 'link'>[],
    options?: Partial<ProjectDefinition> & InitialProjectState,
  ): Promise<void>;
  /** Requests an action and confirms it, without Slack. Returns the operation's reference. */
  requestAndConfirm(project: string, action: OperationKind, by?: string): Promise<OperationRef>;
}

export interface InitialProjectState {
  readonly state?: 'not_started' | 'running' | 'paused';
}

export interface TestLink {
  readonly link: Link;
  readonly queue: Queue;
  /** Starts a worker on the queue. */
  startWorker(processor: (job: Job) => Promise<unknown>, concurrency?: number): Promise<Worker>;
}

export interface TestServicesOptions {
  /** The connection names of further Redis servers. */
  readonly extraServers?: readonly string[];
  readonly overrides?: ServicesOverrides;
  readonly settings?: Partial<ServicesSettings>;
  readonly digests?: readonly Digest[];
  /** The services connect to their Redis through `proxy`. */
  readonly throughProxy?: boolean;
  /** Default: no log. */
  readonly log?: Logger;
}

export const testSettings = {
  confirmationTtlMs: 300_000,
  observeEveryMs: 200,
  operationRetentionMs: 3_600_000,
  auditLength: 1_000,
  pausedReminderMs: 0,
  alertGroupWaitMs: 50,
  alertGroupIntervalMs: 1_000,
  channelsWithoutButtons: [],
  waves: null,
} satisfies ServicesSettings;

export async function startTestServices({
  extraServers = [],
  overrides = {},
  settings = {},
  digests = [],
  throughProxy = false,
  log = pino({ level: 'silent' }),
}: TestServicesOptions = {}): Promise<TestServices> {
  const main = await startServer();
  const extraEntries = extraServers.map(async (name) => [name, await startServer()] as const);
  const servers = new Map([['default', main], ...(await Promise.all(extraEntries))]);
  const findServer = (connection: string) => {
    const server = servers.get(connection);
    if (server === undefined) throw new Error(`the connection ${connection} does not exist`);
    return server;
  };
  const { url } = main.redisServer;
  const proxy = await startFaultyRedisProxy(main.redisServer.port);
  const config = {
    redis: endpointOf(throughProxy ? proxy.url : url),
    connections: Object.fromEntries(extraServers.map((name) => [name, endpointOf(findServer(name).redisServer.url)])),
    settings: { ...testSettings, ...settings },
    digests,
  };
  const disposers: (() => PromiseLike<unknown>)[] = [];
  const addInstance = (instanceOverrides: ServicesOverrides = overrides, own: Partial<ServicesConfig> = {}) => {
    const services = new Services({ ...config, ...own }, log, { sweepIntervalMs: 300, ...instanceOverrides });
    disposers.push(() => services[Symbol.asyncDispose]());
    return services;
  };
  const instance = addInstance();

  return {
    url,
    redis: main.client,
    proxy,
    instance,
    config,
    addInstance,
    context: instance.context,
    urlOf: (connection) => findServer(connection).redisServer.url,
    server: (connection = 'default') => findServer(connection).redisServer,
    async createLink(name, connection = 'default') {
      const { client } = findServer(connection);
      const queue = new Queue(name, { connection: client });
      queue.on('error', () => {});
      await queue.waitUntilReady();
      // BullMQ writes this field a moment later. The queue of a link does not exist before.
      await waitFor(async () => (await client.hget(`bull:${name}:meta`, 'version')) !== null);
      disposers.push(() => queue.close());
      return {
        link: { queue: name, connection, prefix: 'bull' },
        queue,
        async startWorker(processor, concurrency = 1) {
          const worker = new Worker(name, processor, { connection: client, concurrency });
          worker.on('error', () => {});
          disposers.push(() => worker.close());
          await worker.waitUntilReady();
          return worker;
        },
      };
    },
    async createProject(id, links, { state = 'running', ...definitionOverrides } = {}) {
      const definition = makeDefinition(id, { links: links.map(({ link }) => link), ...definitionOverrides });
      const saved = await instance.context.projects.save(definition, { state, watermarks: {} }, 'cli:test');
      if (saved.kind === 'conflict') throw new Error(`${id} exists`);
    },
    requestAndConfirm: (project, action, by) => requestAndConfirm(instance.context, { project, action, by }),
    async [Symbol.asyncDispose]() {
      for (const dispose of disposers.reverse()) await dispose();
      for (const { client } of servers.values()) client.disconnect();
      await proxy[Symbol.asyncDispose]();
      await Promise.all([...servers.values()].map(({ redisServer }) => redisServer.stop()));
    },
  };
}

export interface RequestAndConfirmOptions {
  readonly project: string;
  readonly action: OperationKind;
  /** Default: alice. */
  readonly by?: string | undefined;
  readonly tasks?: TaskSelection | undefined;
}

/** Requests an action and confirms it, as the listeners of Slack do. Throws if the request is refused. */
export async function requestAndConfirm(
  context: UseCaseContext,
  { project, action, by = 'U0ALICE', tasks }: RequestAndConfirmOptions,
): Promise<OperationRef> {
  const request = { project, action, by, reason: null, origin: 'slack', channel: 'C0SYNC' } as const;
  const result = await requestAction(context, tasks === undefined ? request : { ...request, tasks });
  if (result.kind === 'refused') throw new Error(`refused: ${result.refusal.code}`);
  const ref = { project, operation: result.operation.id };
  await confirm(context, { ref, by, dialog: null });
  return ref;
}

export function endpointOf(url: string): RedisEndpoint {
  return { kind: 'standalone', url };
}

interface ServerWithClient {
  readonly redisServer: RedisServer;
  readonly client: Redis;
}

async function startServer(): Promise<ServerWithClient> {
  const redisServer = await startTestRedis();
  const client = new Redis(redisServer.url, { maxRetriesPerRequest: null });
  client.on('error', () => {});
  return { redisServer, client };
}
