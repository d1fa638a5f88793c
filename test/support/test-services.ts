import { type Job, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { type Logger, pino } from 'pino';
import { type RedisServer, startRedisServer } from '../../demo/redis-server.ts';
import type { UseCaseContext } from '../../src/application/context.ts';
import type { RedisEndpoint } from '../../src/config/redis-url.ts';
import type { Action } from '../../src/domain/lifecycle.ts';
import type { Link } from '../../src/domain/link.ts';
import type { ProjectDefinition } from '../../src/domain/project.ts';
import { createServices, type Services, type ServicesOverrides, type ServicesSettings } from '../../src/services.ts';
import { type FaultyRedisProxy, startFaultyRedisProxy } from './faulty-redis-proxy.ts';
import { makeDefinition } from './project-definition.ts';

/** A Redis of its own with a bot's parts on it, and links made for the test. Everything ends with it. */
export interface TestServices extends AsyncDisposable {
  readonly url: string;
  /** The address of `default` or of a further server. */
  urlOf(connection: string): string;
  readonly redis: Redis;
  /** Stands before the bot's Redis when the world is `proxied`. */
  readonly proxy: FaultyRedisProxy;
  readonly instance: Services;
  readonly deps: UseCaseContext;
  /** The server behind a connection: one that a test may kill and start again on its port. */
  server(connection?: string): RedisServer;
  /** One more process of the bot on the same Redis. */
  addInstance(overrides?: ServicesOverrides): Services;
  /** A link's queue as its owner has it. `connection` names one of the world's further servers. */
  createLink(queue: string, connection?: string): Promise<TestLink>;
  /** Writes a project straight into the store, its links driven to what the state wants by nobody. */
  createProject(
    id: string,
    links: readonly Pick<TestLink, 'link'>[],
    options?: Partial<ProjectDefinition> & InitialProjectState,
  ): Promise<void>;
  /** Asks for an action and confirms it, as a person would. */
  requestAndConfirm(
    project: string,
    action: Action,
    by?: string,
  ): Promise<{ readonly project: string; readonly operation: string }>;
}

export interface InitialProjectState {
  readonly state?: 'not_started' | 'running' | 'paused';
}

export interface TestLink {
  readonly link: Link;
  readonly queue: Queue;
  /** Starts a worker on it. */
  startWorker(processor: (job: Job) => Promise<unknown>, concurrency?: number): Promise<Worker>;
}

export interface TestServicesOptions {
  /** Further Redis servers, by the name of their connection. */
  readonly extraServers?: readonly string[];
  readonly overrides?: ServicesOverrides;
  readonly settings?: Partial<ServicesSettings>;
  /** The bot's parts reach their Redis through `proxy` alone. */
  readonly throughProxy?: boolean;
  /** Silent unless told. */
  readonly log?: Logger;
}

export const testSettings: ServicesSettings = {
  confirmationTtlMs: 300_000,
  observeEveryMs: 200,
  operationRetentionMs: 3_600_000,
  auditLength: 1_000,
};

export async function startTestServices({
  extraServers = [],
  overrides = {},
  settings = {},
  throughProxy = false,
  log = pino({ level: 'silent' }),
}: TestServicesOptions = {}): Promise<TestServices> {
  const connectionNames = ['default', ...extraServers];
  const redisServers = await Promise.all(connectionNames.map(() => startRedisServer()));
  const urls = new Map(connectionNames.map((name, index) => [name, redisServers[index]?.url ?? '']));
  const url = urls.get('default') ?? '';
  const proxy = await startFaultyRedisProxy(redisServers[0]?.port ?? 0);
  const clients = new Map(
    connectionNames.map((name) => [
      name,
      ignoreErrors(new Redis(urls.get(name) ?? '', { maxRetriesPerRequest: null })),
    ]),
  );
  const connections = Object.fromEntries(extraServers.map((name) => [name, endpointOf(urls.get(name) ?? '')]));
  const disposers: (() => PromiseLike<unknown>)[] = [];
  const config = {
    redis: endpointOf(throughProxy ? proxy.url : url),
    connections,
    settings: { ...testSettings, ...settings },
  };
  const addInstance = (instanceOverrides: ServicesOverrides = overrides) => {
    const services = createServices(config, log, { sweepIntervalMs: 300, ...instanceOverrides });
    disposers.push(() => services[Symbol.asyncDispose]());
    return services;
  };
  const instance = addInstance();
  const redis = clients.get('default');
  if (redis === undefined) throw new Error('no server');

  return {
    url,
    redis,
    proxy,
    instance,
    addInstance,
    deps: instance.deps,
    urlOf: (connection) => urls.get(connection) ?? '',
    server(connection = 'default') {
      const server = redisServers[connectionNames.indexOf(connection)];
      if (server === undefined) throw new Error(`no connection ${connection}`);
      return server;
    },
    async createLink(name, connection = 'default') {
      const client = clients.get(connection);
      if (client === undefined) throw new Error(`no connection ${connection}`);
      const queue = new Queue(name, { connection: client });
      queue.on('error', () => {});
      await queue.waitUntilReady();
      await waitForQueueMeta(client, name);
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
      const saved = await instance.deps.projects.save(definition, { state, watermarks: {} }, 'cli:test');
      if (saved.kind === 'conflict') throw new Error(`${id} exists`);
    },
    async requestAndConfirm(project, action, by = 'U0ALICE') {
      const { requestAction } = await import('../../src/application/request.ts');
      const { confirm } = await import('../../src/application/confirm.ts');
      const request = { project, action, by, reason: null, origin: 'slack', channel: 'C0SYNC' } as const;
      const requested = await requestAction(instance.deps, request);
      if (requested.kind === 'refused') throw new Error(`refused: ${requested.refusal.code}`);
      const ref = { project, operation: requested.operation.id };
      await confirm(instance.deps, { ref, by, dialog: null });
      return ref;
    },
    async [Symbol.asyncDispose]() {
      for (const close of disposers.reverse()) await close();
      for (const client of clients.values()) client.disconnect();
      await proxy[Symbol.asyncDispose]();
      await Promise.all(redisServers.map((server) => server.stop()));
    },
  };
}

export function endpointOf(url: string): RedisEndpoint {
  return { kind: 'standalone', url };
}

function ignoreErrors(client: Redis): Redis {
  client.on('error', () => {});
  return client;
}

async function waitForQueueMeta(client: Redis, queue: string): Promise<void> {
  const { waitFor } = await import('./wait-for.ts');
  await waitFor(async () => (await client.hget(`bull:${queue}:meta`, 'version')) !== null);
}
