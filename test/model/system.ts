import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import type { Deps } from '../../src/application/deps.ts';
import { RetryLater } from '../../src/application/faults.ts';
import type { Teller } from '../../src/application/ports.ts';
import { type Core, type CoreConfig, openCore } from '../../src/core.ts';
import { startLinkWorker } from '../../src/demo/link-worker.ts';
import { type Source, startSource } from '../../src/demo/source.ts';
import { limitColumn } from '../../src/demo/tables.ts';
import { isDue } from '../../src/domain/alert.ts';
import { findingKinds } from '../../src/domain/finding.ts';
import type { ProjectState } from '../../src/domain/project.ts';
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.ts';
import { definitionOf } from '../support/definition.ts';
import { ownRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait.ts';
import { targetOf, testSettings } from '../support/world.ts';
import { startWorkerPool, type WorkerPool } from './worker-pool.ts';

/** Two bots, three workers, projects with real work on their links; bots and workers reach Redis through a proxy. */
export interface System extends AsyncDisposable {
  /** Past the proxy: for the test's own looks. */
  readonly redis: Redis;
  /** Before the bot's Redis, and before that of the links of some projects. */
  readonly proxies: readonly [CuttingProxy, CuttingProxy];
  readonly bots: readonly Deps[];
  readonly workers: WorkerPool;
  readonly projects: readonly ModelProject[];
  /** The bot's queue of actions, past everything. */
  readonly actions: Queue;
}

export interface ModelProject {
  readonly id: string;
  readonly first: ProjectState;
  readonly onFailure: 'pause' | 'continue';
  readonly links: readonly ModelLink[];
}

export interface ModelLink {
  /** Where it lives, past the proxy. */
  readonly redis: Redis;
  readonly project: string;
  readonly link: string;
  readonly source: Source;
  readonly queue: Queue;
  /** Ends the worker of the link in an orderly way, and starts another. */
  restartWorker(): Promise<void>;
}

const firsts = [
  { id: 'orders', first: 'running', onFailure: 'pause', links: 3, connection: 'default' },
  { id: 'users', first: 'not_started', onFailure: 'pause', links: 2, connection: 'far' },
  { id: 'invoices', first: 'paused', onFailure: 'pause', links: 2, connection: 'default' },
  { id: 'payments', first: 'running', onFailure: 'continue', links: 2, connection: 'far' },
] as const;

/** So short that what a killed worker had in hand is found soon. */
export const lockMs = 1_000;

/** `folder`: of the build that the workers run. */
export async function openSystem(folder: string): Promise<System> {
  const closing: Closing = [];
  const near = await openServer(closing);
  const far = await openServer(closing);
  const { redis } = near;
  const settings = { ...testSettings, auditLength: 1_000_000 };
  const config: CoreConfig = {
    redis: targetOf(near.proxy.url),
    connections: { far: targetOf(far.proxy.url) },
    settings,
  };
  const cores = [openBot(config), openBot(config)];
  for (const core of cores) closing.push(() => core[Symbol.asyncDispose]());
  const bots = cores.map(({ deps }) => deps);
  const projects: ModelProject[] = [];
  for (const { id, first, onFailure, links, connection } of firsts) {
    const { redis, url } = connection === 'far' ? far : near;
    const made: ModelLink[] = [];
    for (let index = 0; index < links; index++) {
      made.push(await openLink({ closing, redis, url, project: id, link: `${id}-${index}` }));
    }
    const definition = definitionOf(id, {
      onFailure,
      links: made.map(({ link }) => ({ queue: link, connection, prefix: 'bull' })),
    });
    await bots[0]?.store.put(definition, { state: first, watermarks: {} }, 'cli:test');
    projects.push({ id, first, onFailure, links: made });
  }
  const actions = new Queue('actions', { connection: redis, prefix: '{syncbot}' });
  closing.push(() => actions.close());
  const overrides = { sweepEveryMs: 300, lockMs };
  const workers = await startWorkerPool(3, { folder, given: { config, overrides } });
  closing.push(() => workers[Symbol.asyncDispose]());
  await waitFor(async () => {
    const converged = await Promise.all(
      projects.map(({ id }) => redis.hget(`syncbot:{p:${id}}:state`, 'convergedVersion')),
    );
    return converged.every((version) => version === '1');
  });
  return {
    redis,
    proxies: [near.proxy, far.proxy],
    bots,
    workers,
    projects,
    actions,
    async [Symbol.asyncDispose]() {
      for (const close of closing.reverse()) await close();
    },
  };
}

type Closing = (() => unknown)[];

async function openServer(closing: Closing) {
  const server = await ownRedis();
  closing.push(() => server.stop());
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  closing.push(() => redis.disconnect());
  const proxy = await startCuttingProxy(server.port);
  closing.push(() => proxy[Symbol.asyncDispose]());
  return { redis, proxy, url: server.url };
}

function openBot(config: CoreConfig): Core {
  const core = openCore(config, pino({ level: 'silent' }), { lockMs });
  core.startTelling(patientTeller(core.deps));
  return core;
}

/** Tells nobody, but keeps the books as the teller of Slack does; now and then it is asked to come back later. */
function patientTeller({ store }: Deps): Teller {
  let told = 0;
  return {
    async tell(ref) {
      told += 1;
      if (told % 17 === 0) throw new RetryLater(50);
      const operation = await store.readOperation(ref);
      if (operation !== null) await store.told(ref, { seq: operation.seq, message: null, dialogUses: 0 });
    },
    async alert(id) {
      const project = await store.read(id);
      for (const kind of findingKinds) {
        const known = project?.alerts[kind];
        if (known === undefined || !isDue(known)) continue;
        const { seq, since } = known.alert;
        await store.alertTold(id, kind, { seq, since, message: null, over: false }, false);
      }
    },
  };
}

async function openLink(at: {
  readonly closing: Closing;
  readonly redis: Redis;
  readonly url: string;
  readonly project: string;
  readonly link: string;
}): Promise<ModelLink> {
  const { closing, redis, url, project, link } = at;
  await limitColumn(redis, { project, link }, { column: 'amount', width: 12 });
  const source = await startSource({ url, project, link, rows: 10 });
  closing.push(() => source.stop());
  await source.burst(2);
  const queue = new Queue(link, { connection: redis, skipMetasUpdate: true });
  closing.push(() => queue.close());
  let worker = await startLinkWorker({ url, project, link, workMs: 1 });
  closing.push(() => worker.stop());
  let last: Promise<unknown> = Promise.resolve();
  const restartWorker = () => {
    const done = last.then(async () => {
      await worker.stop();
      worker = await startLinkWorker({ url, project, link, workMs: 1 });
    });
    last = done;
    return done;
  };
  return { redis, project, link, source, queue, restartWorker };
}
