import { type Job, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { type Logger, pino } from 'pino';
import type { Deps } from '../../src/application/deps.ts';
import { type Core, type CoreOverrides, type CoreSettings, openCore } from '../../src/core.ts';
import { type RedisServer, startRedisServer } from '../../src/demo/redis-server.ts';
import type { Action, Link, ProjectDefinition } from '../../src/domain/project.ts';
import type { RedisTarget } from '../../src/redis-address.ts';
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.ts';
import { definitionOf } from './definition.ts';

/** A Redis of its own with a bot's parts on it, and links made for the test. Everything ends with it. */
export interface World extends AsyncDisposable {
  readonly url: string;
  /** The address of `default` or of a further server. */
  urlOf(connection: string): string;
  readonly redis: Redis;
  /** Stands before the bot's Redis when the world is `proxied`. */
  readonly proxy: CuttingProxy;
  readonly app: Core;
  readonly deps: Deps;
  /** The server behind a connection: one that a test may kill and start again on its port. */
  server(connection?: string): RedisServer;
  /** One more process of the bot on the same Redis. */
  another(overrides?: CoreOverrides): Core;
  /** A link's queue as its owner has it. `connection` names one of the world's further servers. */
  link(queue: string, connection?: string): Promise<OwnedLink>;
  /** Writes a project straight into the store, its links driven to what the state wants by nobody. */
  project(
    id: string,
    links: readonly Pick<OwnedLink, 'link'>[],
    more?: Partial<ProjectDefinition> & ProjectStart,
  ): Promise<void>;
  /** Asks for an action and confirms it, as a person would. */
  act(project: string, action: Action, by?: string): Promise<{ readonly project: string; readonly operation: string }>;
}

export interface ProjectStart {
  readonly state?: 'not_started' | 'running' | 'paused';
}

export interface OwnedLink {
  readonly link: Link;
  readonly queue: Queue;
  /** Starts a worker on it. */
  work(processor: (job: Job) => Promise<unknown>, concurrency?: number): Promise<Worker>;
}

export interface WorldOptions {
  /** Further Redis servers, by the name of their connection. */
  readonly servers?: readonly string[];
  readonly overrides?: CoreOverrides;
  readonly settings?: Partial<CoreSettings>;
  /** The bot's parts reach their Redis through `proxy` alone. */
  readonly proxied?: boolean;
  /** Silent unless told. */
  readonly log?: Logger;
}

export const testSettings: CoreSettings = {
  confirmationTtlMs: 300_000,
  observeEveryMs: 200,
  operationRetentionMs: 3_600_000,
  auditLength: 1_000,
};

export async function openWorld({
  servers = [],
  overrides = {},
  settings = {},
  proxied = false,
  log = pino({ level: 'silent' }),
}: WorldOptions = {}): Promise<World> {
  const names = ['default', ...servers];
  const started = await Promise.all(names.map(() => startRedisServer()));
  const urls = new Map(names.map((name, index) => [name, started[index]?.url ?? '']));
  const url = urls.get('default') ?? '';
  const proxy = await startCuttingProxy(started[0]?.port ?? 0);
  const clients = new Map(
    names.map((name) => [name, quiet(new Redis(urls.get(name) ?? '', { maxRetriesPerRequest: null }))]),
  );
  const connections = Object.fromEntries(servers.map((name) => [name, targetOf(urls.get(name) ?? '')]));
  const closing: (() => PromiseLike<unknown>)[] = [];
  const config = {
    redis: targetOf(proxied ? proxy.url : url),
    connections,
    settings: { ...testSettings, ...settings },
  };
  const another = (more: CoreOverrides = overrides) => {
    const app = openCore(config, log, { sweepEveryMs: 300, ...more });
    closing.push(() => app[Symbol.asyncDispose]());
    return app;
  };
  const app = another();
  const redis = clients.get('default');
  if (redis === undefined) throw new Error('no server');

  return {
    url,
    redis,
    proxy,
    app,
    another,
    deps: app.deps,
    urlOf: (connection) => urls.get(connection) ?? '',
    server(connection = 'default') {
      const server = started[names.indexOf(connection)];
      if (server === undefined) throw new Error(`no connection ${connection}`);
      return server;
    },
    async link(name, connection = 'default') {
      const client = clients.get(connection);
      if (client === undefined) throw new Error(`no connection ${connection}`);
      const queue = new Queue(name, { connection: client });
      queue.on('error', () => {});
      await queue.waitUntilReady();
      await waitForMeta(client, name);
      closing.push(() => queue.close());
      return {
        link: { queue: name, connection, prefix: 'bull' },
        queue,
        async work(processor, concurrency = 1) {
          const worker = new Worker(name, processor, { connection: client, concurrency });
          worker.on('error', () => {});
          closing.push(() => worker.close());
          await worker.waitUntilReady();
          return worker;
        },
      };
    },
    async project(id, links, { state = 'running', ...more } = {}) {
      const definition = definitionOf(id, { links: links.map(({ link }) => link), ...more });
      if (!(await app.deps.store.put(definition, { state, watermarks: {} }, 'cli:test')))
        throw new Error(`${id} exists`);
    },
    async act(project, action, by = 'U0ALICE') {
      const { requestAction } = await import('../../src/application/request.ts');
      const { confirm } = await import('../../src/application/settle.ts');
      const asked = { project, action, by, reason: null, origin: 'slack', channel: 'C0SYNC' } as const;
      const requested = await requestAction(app.deps, asked);
      if (requested.kind === 'refused') throw new Error(`refused: ${requested.refusal.code}`);
      const ref = { project, operation: requested.operation.id };
      await confirm(app.deps, { ref, by, dialog: null });
      return ref;
    },
    async [Symbol.asyncDispose]() {
      for (const close of closing.reverse()) await close();
      for (const client of clients.values()) client.disconnect();
      await proxy[Symbol.asyncDispose]();
      await Promise.all(started.map((server) => server.stop()));
    },
  };
}

export function targetOf(url: string): RedisTarget {
  return { kind: 'standalone', url };
}

function quiet(client: Redis): Redis {
  client.on('error', () => {});
  return client;
}

async function waitForMeta(client: Redis, queue: string): Promise<void> {
  const { waitFor } = await import('./wait.ts');
  await waitFor(async () => (await client.hget(`bull:${queue}:meta`, 'version')) !== null);
}
