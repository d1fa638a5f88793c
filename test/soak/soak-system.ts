import { Redis } from 'ioredis';
import { pino } from 'pino';
import { startLinkWorker } from '../../demo/link-worker.ts';
import { type Source, startSource } from '../../demo/source.ts';
import { setColumnLimit } from '../../demo/tables.ts';
import { Services } from '../../src/services.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import { type FaultyRedisProxy, startFaultyRedisProxy } from '../support/faulty-redis-proxy.ts';
import { makeDefinition } from '../support/project-definition.ts';
import { defaultPolicy } from '../support/slack-harness.ts';
import { type SyncbotProcess, type SyncbotProcessOptions, startSyncbotProcess } from '../support/syncbot-process.ts';
import { startTestRedis } from '../support/test-redis.ts';
import { endpointOf, testSettings } from '../support/test-services.ts';

/** Two bots and two workers in their own processes, the fake Slack, and projects with working links. */
export interface SoakSystem extends AsyncDisposable {
  readonly slack: FakeSlack;
  /** A direct connection to the bot's Redis. */
  readonly botRedis: Redis;
  /** A direct connection to the links' Redis. */
  readonly warehouse: Redis;
  readonly proxies: readonly FaultyRedisProxy[];
  /** By name, such as `bot 1`. */
  readonly processes: ReadonlyMap<string, SyncbotProcess>;
  readonly projects: readonly SoakProject[];
  /** For reading records. Connects without the proxies. */
  readonly directServices: Services;
}

export interface SoakProject {
  readonly id: string;
  readonly links: readonly { readonly link: string; readonly source: Source }[];
}

const projectIds = ['orders', 'users', 'invoices', 'payments'] as const;
const linksPerProject = 3;
const settings = { ...testSettings, observeEveryMs: 1_000, confirmationTtlMs: 20_000, auditLength: 1_000_000 };

/** `folder` is the folder of `buildTestPrograms`. */
export async function createSoakSystem(folder: string): Promise<SoakSystem> {
  const cleanup: (() => unknown)[] = [];
  const disposeLater = <T extends AsyncDisposable>(resource: T): T => {
    cleanup.push(() => resource[Symbol.asyncDispose]());
    return resource;
  };
  const [botServer, linkServer] = [disposeLater(await startTestRedis()), disposeLater(await startTestRedis())];
  const proxies = [
    disposeLater(await startFaultyRedisProxy(botServer.port)),
    disposeLater(await startFaultyRedisProxy(linkServer.port)),
  ];
  const [botProxy, linkProxy] = proxies as [FaultyRedisProxy, FaultyRedisProxy];
  const clients = [botServer, linkServer].map(({ url }) => new Redis(url, { maxRetriesPerRequest: null }));
  cleanup.push(() => clients.forEach((client) => void client.disconnect()));
  const [botRedis, warehouse] = clients as [Redis, Redis];
  const slack = disposeLater(await FakeSlack.start({ rateLimits: true }));

  const directConfig = {
    redis: endpointOf(botServer.url),
    connections: { warehouse: endpointOf(linkServer.url) },
    settings,
  };
  const directServices = disposeLater(new Services(directConfig, pino({ level: 'silent' })));
  const projects: SoakProject[] = [];
  for (const id of projectIds) {
    const links = [];
    for (let index = 0; index < linksPerProject; index++) {
      const linkOptions = { url: linkServer.url, project: id, link: `${id}-${index}` };
      await setColumnLimit(warehouse, linkOptions, { column: 'amount', width: 12 });
      const source = disposeLater(await startSource({ ...linkOptions, changeIntervalMs: 250, maxWaiting: 200 }));
      await source.burst(5);
      disposeLater(await startLinkWorker({ ...linkOptions, taskDurationMs: 5 }));
      links.push({ link: linkOptions.link, source });
    }
    const definition = makeDefinition(id, {
      channel: 'C0SYNC',
      links: links.map(({ link }) => ({ queue: link, connection: 'warehouse', prefix: 'bull' })),
    });
    await directServices.context.projects.save(definition, { state: 'running', watermarks: {} }, 'cli:soak');
    projects.push({ id, links });
  }

  const config = {
    ...directConfig,
    redis: endpointOf(botProxy.url),
    connections: { warehouse: endpointOf(linkProxy.url) },
  };
  const transport = { kind: 'socket' as const, appToken: slack.appToken };
  const slackOptions = {
    botToken: slack.botToken,
    transport,
    apiUrl: slack.apiUrl,
    command: '/sync',
    policy: defaultPolicy,
  };
  const processOptions: SyncbotProcessOptions = { config, overrides: {} };
  const processes = new Map<string, SyncbotProcess>();
  for (const name of ['bot 1', 'bot 2']) {
    processes.set(
      name,
      disposeLater(await startSyncbotProcess(folder, 'bot', { ...processOptions, slack: slackOptions })),
    );
  }
  for (const name of ['worker 1', 'worker 2'])
    processes.set(name, disposeLater(await startSyncbotProcess(folder, 'worker', processOptions)));
  await slack.waitForSockets(2);
  return {
    slack,
    botRedis,
    warehouse,
    proxies,
    processes,
    projects,
    directServices,
    async [Symbol.asyncDispose]() {
      for (const close of cleanup.reverse()) await close();
    },
  };
}
