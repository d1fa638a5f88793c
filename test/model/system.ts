import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { Waves } from '../../src/domain/batch.ts';
import type { Configuration } from '../../src/domain/configuration.ts';
import type { ServicesConfig } from '../../src/services.ts';
import { writeConfigFile } from '../cli/cli-fixture.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import { type FaultyRedisProxy, startFaultyRedisProxy } from '../support/faulty-redis-proxy.ts';
import { makeDefinition } from '../support/project-definition.ts';
import { startTestRedis } from '../support/test-redis.ts';
import { endpointOf, testSettings } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { type ModelBot, slackChannel, startBot } from './bot.ts';
import { slackUsers } from './commands.ts';
import { createDigest, type ModelDigest } from './digest-check.ts';
import {
  type Cleanup,
  createBoundedLink,
  createOptionalLink,
  createTableLink,
  type ModelLink,
  type OptionalLink,
  secret,
} from './links.ts';
import { createNotifierRuns, type NotifierRuns } from './notifier-runs.ts';
import { createHandOver, type HandOver } from './slack-users.ts';
import { startWorkerPool, type WorkerPool } from './worker-pool.ts';

/**
 * Two bots, three workers, Slack, and projects whose links process tasks. Bots and workers reach Redis through proxies.
 */
export interface System extends AsyncDisposable {
  /** A direct connection for the test. */
  readonly redis: Redis;
  /** One before the bot's Redis, one before the Redis of some links. */
  readonly proxies: readonly [FaultyRedisProxy, FaultyRedisProxy];
  /** The running bots. A killed bot is replaced by another. */
  readonly bots: readonly ModelBot[];
  /** Ends all connections of a bot, as if its process was killed, and starts another. */
  killBot(index: number): Promise<void>;
  /** Whether this is the error of a call that the kill of its bot ended. */
  isEndedByKill(error: unknown): boolean;
  readonly workers: WorkerPool;
  /** The strict fake. Its users' requests do not go through a socket: the model hands them to a bot. */
  readonly slack: FakeSlack;
  readonly handOver: HandOver;
  /** The last use of the modal of each user. A person sees one modal, so the next use waits for it. */
  readonly modalTurns: Map<string, Promise<unknown>>;
  readonly runs: NotifierRuns;
  readonly digest: ModelDigest;
  readonly projects: readonly ModelProject[];
  /** The bot's queue of actions, on the direct connection. */
  readonly actions: Queue;
  /** The environment of the command line. */
  readonly cliEnv: Record<string, string>;
  /** Log lines that contain the secret of a task. There must be none. */
  readonly leaks: readonly string[];
}

export interface ModelProject {
  readonly id: string;
  readonly initialState: 'not_started' | 'running' | 'paused';
  readonly onFailure: 'pause' | 'continue';
  readonly connection: 'default' | 'far';
  /** Where its outcomes and alerts go. Null for the channel of the last request, or the person who has changed it. */
  readonly channel: string | null;
  readonly labels: readonly string[];
  /** The longest pause, ms. Null without a limit. */
  readonly pauseMax: number | null;
  readonly links: readonly ModelLink[];
  /** A further link without tasks, whose queue may be missing. */
  readonly optionalLink: OptionalLink | null;
}

const projectSpecs = [
  {
    id: 'orders',
    labels: ['prod'],
    pauseMax: null,
    initialState: 'running',
    onFailure: 'pause',
    links: 3,
    connection: 'default',
    channel: slackChannel,
    optional: false,
  },
  {
    id: 'users',
    labels: ['prod'],
    pauseMax: null,
    initialState: 'not_started',
    onFailure: 'pause',
    links: 2,
    connection: 'far',
    channel: slackChannel,
    optional: true,
  },
  {
    id: 'invoices',
    labels: ['billing'],
    pauseMax: null,
    initialState: 'paused',
    onFailure: 'pause',
    links: 2,
    connection: 'default',
    channel: null,
    optional: true,
  },
  {
    id: 'payments',
    labels: ['prod', 'billing'],
    pauseMax: null,
    initialState: 'running',
    onFailure: 'continue',
    links: 2,
    connection: 'far',
    channel: slackChannel,
    optional: false,
  },
] as const;
/** The project whose links lose failed tasks. */
const boundedProject = {
  id: 'events',
  labels: [],
  pauseMax: 4 * 3_600_000,
  initialState: 'running',
  onFailure: 'pause',
  connection: 'default',
  channel: null,
} as const;

/** What `apply` stores when these people may change projects. */
export function configurationWith(operators: readonly string[], { digest }: ModelDigest): Configuration {
  const settings = { ...modelSettings, showErrors: false };
  return {
    policy: { operators: [...operators], channels: [slackChannel] },
    onCall: [],
    digests: [digest],
    settings,
    connections: {},
  };
}
const waves: Waves = { size: 2, wait: 100 };
const modelSettings = { ...testSettings, auditLength: 1_000_000, pausedReminderMs: 500, waves };

/** Short, so that the jobs of a killed worker are taken over soon. */
export const lockDurationMs = 1_000;

/** `folder`: the build that the workers run. */
export async function createSystem(folder: string): Promise<System> {
  const cleanup: Cleanup = [];
  const near = await startProxiedServer(cleanup);
  const far = await startProxiedServer(cleanup);
  const { redis } = near;
  const digest = createDigest(Date.now());
  const config: ServicesConfig = {
    redis: endpointOf(near.proxy.url),
    connections: { far: endpointOf(far.proxy.url) },
    settings: modelSettings,
    digests: [digest.digest],
  };
  const leaks: string[] = [];
  const onText = (text: string) => {
    if (text.includes(secret)) leaks.push(text);
  };
  const handOver = createHandOver();
  const slack = await FakeSlack.start({ transmit: handOver.transmit });
  cleanup.push(() => slack[Symbol.asyncDispose]());
  const runs = createNotifierRuns(lockDurationMs);
  const openBot = () => startBot({ config, lockDurationMs, slack, runs, onText, cleanup });
  const bots = [await openBot(), await openBot()];
  const killed: ModelBot[] = [];
  await bots[0]?.context.configurations.save(configurationWith(slackUsers, digest), 0, 'cli:test');
  const projects = await createProjects({ near, far, cleanup });
  for (const project of projects) {
    const { id, initialState, onFailure, links, optionalLink, connection, channel, labels, pauseMax } = project;
    const queues = [...links, ...(optionalLink === null ? [] : [optionalLink])];
    const definition = makeDefinition(id, {
      channel,
      onFailure,
      labels: [...labels],
      pauseMax,
      links: queues.map(({ link }) => ({ queue: link, connection, prefix: 'bull' })),
    });
    await bots[0]?.context.projects.save(definition, { state: initialState, watermarks: {} }, 'cli:test');
  }
  const configFile = await writeConfigFile('projects:\n  orders:\n    links: [{ queue: orders-0 }]\n');
  cleanup.push(() => configFile[Symbol.asyncDispose]());
  const actions = new Queue('actions', { connection: redis, prefix: '{syncbot}' });
  cleanup.push(() => actions.close());
  const overrides = { sweepIntervalMs: 300, lockDurationMs };
  const workers = await startWorkerPool(3, { folder, processOptions: { config, overrides } });
  cleanup.push(() => workers[Symbol.asyncDispose]());
  await waitFor(async () => (await redis.exists('syncbot:digests')) === 1);
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
      const slot = index % bots.length;
      const bot = bots[slot];
      if (bot !== undefined) killed.push(bot);
      bot?.kill();
      bots[slot] = await openBot();
    },
    isEndedByKill: (error) => killed.some(({ context }) => context.stopSignal.reason === error),
    workers,
    slack,
    handOver,
    modalTurns: new Map(),
    runs,
    digest,
    projects,
    actions,
    cliEnv: configFile.env,
    leaks,
    async [Symbol.asyncDispose]() {
      for (const close of cleanup.reverse()) await close();
    },
  };
}

type ProxiedServer = Awaited<ReturnType<typeof startProxiedServer>>;

async function createProjects(options: {
  readonly near: ProxiedServer;
  readonly far: ProxiedServer;
  readonly cleanup: Cleanup;
}): Promise<ModelProject[]> {
  const { near, far, cleanup } = options;
  const projects: ModelProject[] = [];
  for (const { links: linkCount, optional, ...spec } of projectSpecs) {
    const project = spec.id;
    const { redis, url } = spec.connection === 'far' ? far : near;
    const link = (name: string | number) => ({ cleanup, redis, url, project, link: `${project}-${name}` });
    const links: ModelLink[] = [];
    for (let index = 0; index < linkCount; index++) links.push(await createTableLink(link(index)));
    const { connection } = spec;
    const optionalLink = optional
      ? await createOptionalLink({ ...link('optional'), connection, records: near.redis })
      : null;
    projects.push({ ...spec, links, optionalLink });
  }
  const { redis, url } = near;
  const bounded = { cleanup, redis, url, project: boundedProject.id, link: 'events-0' };
  projects.push({ ...boundedProject, links: [await createBoundedLink(bounded)], optionalLink: null });
  return projects;
}

async function startProxiedServer(cleanup: Cleanup) {
  const server = await startTestRedis();
  cleanup.push(() => server.stop());
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  cleanup.push(() => redis.disconnect());
  const proxy = await startFaultyRedisProxy(server.port);
  cleanup.push(() => proxy[Symbol.asyncDispose]());
  return { redis, proxy, url: server.url };
}
