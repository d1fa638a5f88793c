import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { getHistory } from '../../../src/application/history.ts';
import { type Link, noWatermark } from '../../../src/domain/link.ts';
import type { Project, ProjectId } from '../../../src/domain/project.ts';
import { watchConnection } from '../../../src/infra/bullmq/connection-watch.ts';
import { FailureWatcher } from '../../../src/infra/bullmq/failure-watcher.ts';
import { findFailures } from '../../../src/infra/bullmq/find-failures.ts';
import { createLinkConnections } from '../../../src/infra/bullmq/link-connections.ts';
import { exampleProject } from '../../support/example-records.ts';
import { makeDefinition } from '../../support/project-definition.ts';
import { startTestRedis } from '../../support/test-redis.ts';
import { startTestServices, type TestServices } from '../../support/test-services.ts';
import { waitFor } from '../../support/wait-for.ts';
import { observeLink } from '../link-fixture.ts';

/** The observer runs one cycle at the start, and no other one during a test. */
const observeEveryMs = 3_600_000;

let services: TestServices;
beforeEach(async () => {
  services = await startTestServices({ extraServers: ['far'], settings: { observeEveryMs } });
});
afterEach(() => services[Symbol.asyncDispose]());

const readState = async (id: string) => (await services.context.projects.read(id))?.state;
const untilFailed = (id: string) => waitFor(async () => (await readState(id)) === 'failed', { description: 'Failed' });

/** Starts the workers of a process, and waits for the end of the only cycle. */
async function startWorkers(instance = services.instance): Promise<void> {
  await instance.startWorkers();
  await waitFor(() => services.context.observations.readLastCycle(), { description: 'the only cycle' });
}

function openClient(connection: string): Redis {
  const client = new Redis(services.urlOf(connection), { maxRetriesPerRequest: null });
  client.on('error', () => {});
  onTestFinished(() => client.disconnect());
  return client;
}

/** Waits until this many clients block in XREAD on the server of the connection. Returns their ids. */
function untilWatched(connection = 'default', clients = 1): Promise<string[]> {
  const admin = openClient(connection);
  return waitFor(
    async () => {
      const list = String(await admin.client('LIST'));
      const ids = [...list.matchAll(/^id=(\d+) .* flags=b .* cmd=xread /gm)].map(([, id = '']) => id);
      return ids.length === clients && ids;
    },
    { description: `${clients} clients in XREAD on ${connection}` },
  );
}

/** Fails a task for good, by a worker that is not the fixture's. */
async function failTask({ queue: name, prefix, connection }: Link): Promise<void> {
  const client = openClient(connection);
  const queue = new Queue(name, { connection: client, prefix });
  const worker = new Worker(name, () => Promise.reject(new Error('no')), { connection: client, prefix });
  await queue.add('bad', {});
  await waitFor(() => queue.getFailedCount());
  await worker.close();
  await queue.close();
}

it('a failed task is noticed between two cycles, and the links are paused', async () => {
  const link = await services.createLink('payments');
  await services.createProject('payments', [link]);
  await startWorkers();
  await untilWatched();
  await failTask(link.link);
  await untilFailed('payments');
  await waitFor(() => link.queue.isPaused());
});

it.each<{ readonly title: string; readonly link: Link }>([
  { title: 'a queue with another prefix', link: { queue: 'payments', connection: 'default', prefix: 'etl' } },
  { title: 'a named connection', link: { queue: 'payments', connection: 'far', prefix: 'bull' } },
])('a failed task of $title is noticed, also if the queue did not exist before', async ({ link }) => {
  await services.createProject('payments', [{ link }]);
  await startWorkers();
  await untilWatched(link.connection);
  await failTask(link);
  await untilFailed('payments');
});

it('a failed task is noticed after the watching client was cut off', async () => {
  const { link } = await services.createLink('payments');
  await services.createProject('payments', [{ link }]);
  await startWorkers();
  const [id = ''] = await untilWatched();
  await services.redis.client('KILL', 'ID', id);
  await failTask(link);
  await untilFailed('payments');
});

it('a failed task is noticed after the server of the links was down', async () => {
  const link: Link = { queue: 'payments', connection: 'far', prefix: 'bull' };
  await services.createProject('payments', [{ link }]);
  await startWorkers();
  await untilWatched('far');
  const { port } = services.server('far');
  await services.server('far').stop();
  await using _server = await startTestRedis({ port });
  await untilWatched('far');
  await failTask(link);
  await untilFailed('payments');
});

it('a failed task is noticed if the server refuses XREAD, as it does in a Cluster', async () => {
  const { link } = await services.createLink('payments', 'far');
  await openClient('far').acl('SETUSER', 'default', '-xread');
  await services.createProject('payments', [{ link }]);
  await startWorkers();
  await failTask(link);
  await untilFailed('payments');
});

it('a connection whose server refused XREAD is watched after it was replaced', async () => {
  const { link } = await services.createLink('payments', 'far');
  await openClient('far').acl('SETUSER', 'weak', 'on', '>secret', '~*', '&*', '+@all', '-xread');
  const strong = { kind: 'standalone', url: services.urlOf('far') } as const;
  const weak = { ...strong, url: strong.url.replace('redis://', 'redis://weak:secret@') };
  const connections = createLinkConnections({ far: weak }, () => {});
  let refusals = 0;
  await using watch = watchConnection({ name: 'far', connections, onFailure: () => {}, onRefused: () => refusals++ });
  watch.watch({ link, watermark: noWatermark, project: 'payments', version: 1 });
  await waitFor(() => refusals === 1);
  await connections.update({ far: strong });
  await untilWatched('far');
  await connections[Symbol.asyncDispose]();
});

it('a task that the watermark covers does not count as a failure, and a later one does', async () => {
  const { link } = await services.createLink('payments');
  const connections = createLinkConnections({ default: services.config.redis }, () => {});
  onTestFinished(() => connections[Symbol.asyncDispose]());
  await failTask(link);
  const { newestFailed: watermark } = await observeLink(services, link);
  expect(await findFailures(connections, [{ link, watermark }])).toMatchObject([{ kind: 'read', hasFailed: false }]);
  await failTask(link);
  expect(await findFailures(connections, [{ link, watermark }])).toMatchObject([{ kind: 'read', hasFailed: true }]);
});

it('a server that does not answer delays no failure of another connection', async () => {
  const { link } = await services.createLink('payments');
  const far = await services.createLink('orders', 'far');
  await services.createProject('payments', [{ link }]);
  await services.createProject('orders', [far]);
  await startWorkers();
  await Promise.all([untilWatched(), untilWatched('far')]);
  services.server('far').kill('SIGSTOP');
  await failTask(link);
  await untilFailed('payments');
  services.server('far').kill('SIGCONT');
});

it('a project that fails again right after its restore is Failed again', async () => {
  const { link, queue, startWorker } = await services.createLink('payments');
  await services.createProject('payments', [{ link }]);
  await startWorkers();
  await untilWatched();
  const worker = await startWorker(() => Promise.reject(new Error('no')));
  await queue.add('bad', {});
  await untilFailed('payments');
  await waitFor(() => queue.isPaused());
  await services.requestAndConfirm('payments', 'restore');
  await waitFor(async () => (await services.context.projects.read('payments'))?.version === 5);
  expect(await readState('payments')).toBe('failed');
  await worker.close();
});

it('the links of a project are watched only while it is Running and pauses on failure', async () => {
  const [paused, continued, running] = [
    await services.createLink('paused', 'far'),
    await services.createLink('continued', 'far'),
    await services.createLink('running', 'far'),
  ];
  await services.createProject('orders', [paused], { state: 'paused' });
  await services.createProject('users', [continued], { onFailure: 'continue' });
  await startWorkers();
  await services.createProject('payments', [running]);
  await untilWatched('far');
  await services.requestAndConfirm('payments', 'pause');
  await waitFor(async () => (await readState('payments')) === 'paused');
  await untilWatched('far', 0);
});

it.each<{ readonly order: readonly ProjectId[] }>([{ order: ['users', 'orders'] }, { order: ['orders', 'users'] }])(
  'a link that moved to another project is watched for that one, if the changes are read as $order',
  async ({ order }) => {
    const [kept, moved] = [await services.createLink('kept'), await services.createLink('moved')];
    const stored = new Map<ProjectId, Project>();
    const store = (id: string, version: number, links: readonly { readonly link: Link }[]) => {
      const definition = makeDefinition(id, { links: links.map(({ link }) => link) });
      stored.set(definition.id, exampleProject({ id: definition.id, definition, version }));
    };
    store('orders', 1, [kept, moved]);
    const connections = createLinkConnections({ default: services.config.redis }, () => {});
    const failures = new Set<ProjectId>();
    const watcher = new FailureWatcher({
      connections,
      listProjects: async () => [...stored.values()],
      readProjects: async (ids) => ids.flatMap((id) => stored.get(id) ?? []),
      onFailure: async (id) => void failures.add(id),
      log: services.context.log,
    });
    await untilWatched();
    store('orders', 2, [kept]);
    store('users', 1, [moved]);
    for (const id of order) await watcher.projectChanged(id);
    await failTask(moved.link);
    await waitFor(() => failures.size > 0);
    expect([...failures]).toEqual(['users']);
    await watcher[Symbol.asyncDispose]();
    await connections[Symbol.asyncDispose]();
  },
);

it('two processes that watch record one failure', async () => {
  const { link } = await services.createLink('payments');
  await services.createProject('payments', [{ link }]);
  await startWorkers();
  await services.addInstance().startWorkers();
  await untilWatched('default', 2);
  await failTask(link);
  await untilFailed('payments');
  await untilWatched('default', 0);
  const history = await getHistory(services.context, 'payments', { limit: 100 });
  if (history.kind !== 'found') return expect.unreachable();
  expect(history.entries.filter(({ event }) => event === 'failed')).toHaveLength(1);
});

it('the watch ends with its process, while it waits and while the server does not answer', async () => {
  await services.createProject('payments', [await services.createLink('payments', 'far')]);
  const [first, second] = [services.addInstance(), services.addInstance()];
  await startWorkers(first);
  await untilWatched('far');
  await first[Symbol.asyncDispose]();
  await untilWatched('far', 0);
  await second.startWorkers();
  await untilWatched('far');
  services.server('far').kill('SIGSTOP');
  await second[Symbol.asyncDispose]();
  services.server('far').kill('SIGCONT');
  await untilWatched('far', 0);
});
