import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startRedisServer } from '../demo/redis-server.ts';
import type { Stores } from '../src/application/stores.ts';
import { defaultKeyPrefix } from '../src/domain/installation.ts';
import type { ProjectDefinition } from '../src/domain/project.ts';
import { createKeys } from '../src/infra/redis/keys.ts';
import { createStores } from '../src/infra/redis/stores.ts';
import { toChunks } from '../src/lib/async.ts';
import { makeDefinition } from '../test/support/project-definition.ts';
import { buildFolder } from './processes.ts';
import { createQueues } from './queues.ts';

/** A Redis server for one benchmark, and a connection to it for the benchmark itself. */
export interface RedisFixture extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly redis: Redis;
}

export async function startRedisFixture(): Promise<RedisFixture> {
  const server = await startRedisServer();
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  redis.on('error', () => {});
  return {
    url: server.url,
    port: server.port,
    redis,
    async [Symbol.asyncDispose]() {
      redis.disconnect();
      await server.stop();
    },
  };
}

const hourMs = 3_600_000;

/** No cycle starts during a benchmark, except the first one, which finds no projects. */
export const idleSettings = {
  confirmationTtlMs: hourMs,
  observeEveryMs: hourMs,
  operationRetentionMs: hourMs,
  auditLength: 10_000,
};
export const idleOverrides = { sweepIntervalMs: hourMs };

export function createStoresFor(redis: Redis): Stores {
  const { auditLength, operationRetentionMs } = idleSettings;
  return createStores(
    { client: redis, keys: createKeys(defaultKeyPrefix) },
    { auditLength, retentionMs: operationRetentionMs },
  );
}

export interface ProjectCounts {
  readonly projects: number;
  readonly linksEach: number;
}

/** Returns the projects `p00000`, `p00001`, …, each with its own links. */
export function makeDefinitions({ projects, linksEach }: ProjectCounts, connection = 'default'): ProjectDefinition[] {
  return Array.from({ length: projects }, (_none, index) => {
    const id = `p${String(index).padStart(5, '0')}`;
    const links = Array.from({ length: linksEach }, (_nothing, link) => ({
      queue: `${id}-${link}`,
      connection,
      prefix: 'bull',
    }));
    return makeDefinition(id, { links });
  });
}

export function queueNames(definitions: readonly ProjectDefinition[]): string[] {
  return definitions.flatMap(({ links }) => links.map(({ queue }) => queue));
}

/** Creates projects whose links are in the desired state. */
export async function createProjects(
  stores: Stores,
  definitions: readonly ProjectDefinition[],
  state: 'running' | 'paused',
): Promise<void> {
  for (const chunk of toChunks(definitions, 500)) {
    await Promise.all(
      chunk.map(async (definition) => {
        await stores.projects.save(definition, { state, watermarks: {} }, 'cli:bench');
        await stores.projects.markReconciled(definition.id, 1, []);
      }),
    );
  }
}

export interface RunningProjectsOptions extends ProjectCounts {
  /** The name of the syncbot.yml. */
  readonly name: string;
  /** The tasks that wait in each queue. */
  readonly waiting: number;
  readonly settings?: string;
}

/** Creates Running projects with their queues. Returns the environment of a syncbot that knows them from its syncbot.yml. */
export async function createRunningProjects(
  { url, redis }: RedisFixture,
  { name, waiting, settings = '', ...counts }: RunningProjectsOptions,
) {
  const definitions = makeDefinitions(counts);
  const queues = queueNames(definitions);
  await createQueues(redis, queues, { waiting });
  await createProjects(createStoresFor(redis), definitions, 'running');
  const configFile = join(buildFolder, `${name}.yml`);
  await writeConfig(configFile, definitions, { settings });
  return { definitions, queues, env: { REDIS_URL: url, SYNCBOT_CONFIG: configFile } };
}

export interface ConfigOptions {
  /** Connection name → URL. */
  readonly connections?: Readonly<Record<string, string>>;
  readonly settings?: string;
}

/** Writes a syncbot.yml of these definitions. */
export async function writeConfig(
  path: string,
  definitions: readonly ProjectDefinition[],
  { connections = {}, settings = '' }: ConfigOptions = {},
): Promise<void> {
  const lines = [
    'policy: { operators: [U0ALICE], channels: [C0SYNC] }',
    ...(settings === '' ? [] : [`settings: { ${settings} }`]),
    ...(Object.keys(connections).length === 0 ? [] : ['connections:']),
    ...Object.entries(connections).map(([name, url]) => `  ${name}: ${url}`),
    'projects:',
    ...definitions.flatMap(({ id, links }) => [
      `  ${id}:`,
      '    links:',
      ...links.map(({ queue, connection }) => `      - { queue: ${queue}, connection: ${connection} }`),
    ]),
  ];
  await writeFile(path, `${lines.join('\n')}\n`);
}
