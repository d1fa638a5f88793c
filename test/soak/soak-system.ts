import { Redis } from 'ioredis';
import { pino } from 'pino';
import { type Core, openCore } from '../../src/core.ts';
import { startLinkWorker } from '../../src/demo/link-worker.ts';
import { type Source, startSource } from '../../src/demo/source.ts';
import { limitColumn } from '../../src/demo/tables.ts';
import { type Child, type ChildGiven, startChild } from '../support/child.ts';
import { operators } from '../support/conversation.ts';
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.ts';
import { definitionOf } from '../support/definition.ts';
import { ownRedis } from '../support/redis.ts';
import { StrictSlack } from '../support/slack/strict-slack.ts';
import { targetOf, testSettings } from '../support/world.ts';

/** Two bots and two workers in processes of their own, the strict Slack, and projects whose links have real work. */
export interface SoakSystem extends AsyncDisposable {
  readonly slack: StrictSlack;
  /** The bot's own Redis, past its proxy. */
  readonly own: Redis;
  /** The Redis of the links, past its proxy. */
  readonly warehouse: Redis;
  readonly proxies: readonly CuttingProxy[];
  /** By name. */
  readonly processes: ReadonlyMap<string, Child>;
  readonly projects: readonly SoakProject[];
  /** For looks at the records. */
  readonly eyes: Core;
}

export interface SoakProject {
  readonly id: string;
  readonly links: readonly { readonly link: string; readonly source: Source }[];
}

const ids = ['orders', 'users', 'invoices', 'payments'] as const;
const linksEach = 3;
const settings = { ...testSettings, observeEveryMs: 1_000, confirmationTtlMs: 20_000, auditLength: 1_000_000 };

/** `folder`: of the build that the processes run. */
export async function openSoak(folder: string): Promise<SoakSystem> {
  const closing: (() => unknown)[] = [];
  const keep = <T extends AsyncDisposable>(part: T): T => {
    closing.push(() => part[Symbol.asyncDispose]());
    return part;
  };
  const [ownServer, linkServer] = [keep(await ownRedis()), keep(await ownRedis())];
  const proxies = [keep(await startCuttingProxy(ownServer.port)), keep(await startCuttingProxy(linkServer.port))];
  const [ownProxy, linkProxy] = proxies as [CuttingProxy, CuttingProxy];
  const clients = [ownServer, linkServer].map(({ url }) => new Redis(url, { maxRetriesPerRequest: null }));
  closing.push(() => clients.forEach((client) => void client.disconnect()));
  const [own, warehouse] = clients as [Redis, Redis];
  const slack = keep(await StrictSlack.start({ rateLimits: true }));

  const direct = { redis: targetOf(ownServer.url), connections: { warehouse: targetOf(linkServer.url) }, settings };
  const eyes = keep(openCore(direct, pino({ level: 'silent' })));
  const projects: SoakProject[] = [];
  for (const id of ids) {
    const links = [];
    for (let index = 0; index < linksEach; index++) {
      const at = { url: linkServer.url, project: id, link: `${id}-${index}` };
      await limitColumn(warehouse, at, { column: 'amount', width: 12 });
      const source = keep(await startSource({ ...at, everyMs: 250, mostWaiting: 200 }));
      await source.burst(5);
      keep(await startLinkWorker({ ...at, workMs: 5 }));
      links.push({ link: at.link, source });
    }
    const definition = definitionOf(id, {
      channel: 'C0SYNC',
      links: links.map(({ link }) => ({ queue: link, connection: 'warehouse', prefix: 'bull' })),
    });
    await eyes.deps.store.put(definition, { state: 'running', watermarks: {} }, 'cli:soak');
    projects.push({ id, links });
  }

  const config = { ...direct, redis: targetOf(ownProxy.url), connections: { warehouse: targetOf(linkProxy.url) } };
  const way = { kind: 'socket' as const, appToken: slack.appToken };
  const inSlack = {
    botToken: slack.botToken,
    way,
    apiUrl: slack.apiUrl,
    command: '/sync',
    policy: operators,
    showErrors: false,
  };
  const given: ChildGiven = { config, overrides: {} };
  const processes = new Map<string, Child>();
  for (const name of ['bot 1', 'bot 2']) {
    processes.set(name, keep(await startChild(folder, 'bot', { ...given, slack: inSlack })));
  }
  for (const name of ['worker 1', 'worker 2']) processes.set(name, keep(await startChild(folder, 'worker', given)));
  await slack.connected(2);
  return {
    slack,
    own,
    warehouse,
    proxies,
    processes,
    projects,
    eyes,
    async [Symbol.asyncDispose]() {
      for (const close of closing.reverse()) await close();
    },
  };
}
