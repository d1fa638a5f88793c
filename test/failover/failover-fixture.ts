import { Queue, Worker } from 'bullmq';
import type { Cluster, Redis } from 'ioredis';
import { pino } from 'pino';
import type { RedisServer } from '../../demo/redis-server.ts';
import type { RedisEndpoint } from '../../src/config/redis-url.ts';
import { type Action, desiredLinkState } from '../../src/domain/lifecycle.ts';
import type { Link } from '../../src/domain/link.ts';
import { isUnfinished, type Operation, type OperationRef } from '../../src/domain/operation.ts';
import type { ProjectState } from '../../src/domain/project-state.ts';
import { withTimeout } from '../../src/lib/async.ts';
import { Services } from '../../src/services.ts';
import { makeDefinition } from '../support/project-definition.ts';
import { startTestRedis } from '../support/test-redis.ts';
import { endpointOf, requestAndConfirm, testSettings } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';

export interface FailoverFixtureOptions {
  readonly endpoint: RedisEndpoint;
  /** Returns a new client for a producer and a worker of a link. */
  readonly client: () => Redis | Cluster;
  /** A key prefix for each link on `endpoint`. */
  readonly prefixes: readonly string[];
}

/**
 * A project `orders` with real workers on its links. Most links are on the Redis that will fail, one is on a Redis named
 * `far`. A test suspends `far` to keep an operation running.
 */
export interface FailoverFixture extends AsyncDisposable {
  readonly services: Services;
  readonly links: readonly Link[];
  readonly far: RedisServer;
  /** The names of the completed tasks of each link, in order. */
  readonly completedTasks: ReadonlyMap<string, readonly string[]>;
  addTasks(names: readonly string[]): Promise<void>;
  requestAndConfirm(action: Action): Promise<OperationRef>;
  waitForOutcome(ref: OperationRef): Promise<Operation>;
  /** Waits until the links are in the desired state. Returns the project's state. */
  waitUntilReconciled(): Promise<string>;
  /** Waits until this operation has brought the project to a state. */
  waitForState(state: ProjectState, ref: OperationRef): Promise<unknown>;
  readVersions(): Promise<number[]>;
}

export async function createFailoverFixture({
  endpoint,
  client,
  prefixes,
}: FailoverFixtureOptions): Promise<FailoverFixture> {
  const far = await startTestRedis();
  const config = { redis: endpoint, connections: { far: endpointOf(far.url) }, settings: testSettings };
  const services = new Services(config, pino({ level: 'silent' }), { sweepIntervalMs: 300, lockDurationMs: 2_000 });
  const links: Link[] = [
    ...prefixes.map((prefix) => ({ queue: 'sync', connection: 'default', prefix })),
    { queue: 'sync', connection: 'far', prefix: 'far' },
  ];
  const queues: Queue[] = [];
  const workers: Worker[] = [];
  const completedTasks = new Map(links.map(({ prefix }) => [prefix, [] as string[]]));
  for (const { queue, prefix, connection } of links) {
    const clientOrOptions = connection === 'far' ? { url: far.url, maxRetriesPerRequest: null } : client();
    const bullQueue = new Queue(queue, { connection: clientOrOptions, prefix });
    const worker = new Worker(queue, async () => {}, {
      ...{ connection: clientOrOptions, prefix, runRetryDelay: 200, stalledInterval: 1_000, lockDuration: 2_000 },
    });
    bullQueue.on('error', () => {});
    worker.on('error', () => {});
    // A task whose end was not recorded before its Redis was suspended runs again, so only its end counts.
    worker.on('completed', (job) => void completedTasks.get(prefix)?.push(job.name));
    await bullQueue.waitUntilReady();
    await worker.waitUntilReady();
    queues.push(bullQueue);
    workers.push(worker);
  }
  await services.context.projects.save(
    makeDefinition('orders', { links }),
    { state: 'running', watermarks: {} },
    'cli:test',
  );
  await services.startWorkers();
  const { context } = services;
  const readProject = () => context.projects.read('orders');

  return {
    services,
    links,
    far,
    completedTasks,
    async addTasks(names) {
      await Promise.all(queues.map((queue) => queue.addBulk(names.map((name) => ({ name, data: {} })))));
    },
    requestAndConfirm: (action) => requestAndConfirm(context, { project: 'orders', action, by: 'cli:test' }),
    waitForOutcome: (ref) =>
      waitFor(
        async () => {
          const operation = await context.operations.read(ref);
          return operation !== null && !isUnfinished(operation) && operation;
        },
        { description: 'the outcome' },
      ),
    waitUntilReconciled: () =>
      waitFor(
        async () => {
          const project = await readProject();
          const flags = await context.links.readStatuses(links, 2_000);
          if (project === null || project.activeOperation !== null || project.reconciledVersion < project.version)
            return false;
          return flags.every((flag) => flag === desiredLinkState(project.state)) && project.state;
        },
        { description: 'links in the desired state' },
      ),
    async waitForState(state, ref) {
      let last: unknown;
      const hasState = async () => {
        const [project, operation] = await Promise.all([readProject(), context.operations.read(ref)]);
        last = { project, operation };
        return project?.state === state;
      };
      return waitFor(hasState, { description: state, describeState: () => JSON.stringify(last) });
    },
    async readVersions() {
      const entries = await context.auditLog.read('orders', { limit: 500 });
      return entries.flatMap(({ version }) => version ?? []).reverse();
    },
    async [Symbol.asyncDispose]() {
      far.kill('SIGCONT');
      await services[Symbol.asyncDispose]();
      // If a test fails while Redis is down, BullMQ 6.7.0 never ends closing a worker (taskforcesh/bullmq#4656).
      await Promise.all([...workers, ...queues].map((closeable) => withTimeout(closeable.close(), 2_000)));
      await far.stop();
    },
  };
}

/** Returns task names whose alphabetical order is the order in which they are added. */
export function taskNames(prefix: string, count = 10): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${String(index).padStart(3, '0')}`);
}
