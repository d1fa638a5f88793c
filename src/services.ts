import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger, UseCaseContext } from './application/context.ts';
import { StoreUnavailableError } from './application/errors.ts';
import { execute } from './application/execute.ts';
import { type OnObserved, observeAll } from './application/observe.ts';
import type { Clock, IdGenerator, Notifier } from './application/ports.ts';
import { reconcileIdle } from './application/reconcile.ts';
import { runCycle } from './application/run-cycle.ts';
import type { Stores } from './application/stores.ts';
import { sweep } from './application/sweep.ts';
import type { RedisEndpoint } from './config/redis-url.ts';
import { defaultConnection } from './domain/link.ts';
import type { OperationRef } from './domain/operation.ts';
import type { QueueName } from './infra/bullmq/jobs.ts';
import { createLinkConnections } from './infra/bullmq/link-connections.ts';
import { createLinkGateway } from './infra/bullmq/link-gateway.ts';
import { createBotQueues, type JobCounts } from './infra/bullmq/queues.ts';
import { type BotWorker, startWorker } from './infra/bullmq/workers.ts';
import { type ConnectionUse, connect, disconnect, type RedisClient } from './infra/redis/connection.ts';
import { createPing } from './infra/redis/ping.ts';
import { createStores } from './infra/redis/stores.ts';
import { withTimeout } from './lib/async.ts';
import { retryUntilAvailable } from './lib/retry.ts';

/** What the core is built from. Durations are ms. */
export interface ServicesConfig {
  /** The bot's own Redis; links without a connection of their own live there too. */
  readonly redis: RedisEndpoint;
  /** The named connections of syncbot.yml. */
  readonly connections: Readonly<Record<string, RedisEndpoint>>;
  readonly settings: ServicesSettings;
}

export interface ServicesSettings {
  readonly confirmationTtlMs: number;
  readonly observeEveryMs: number;
  readonly operationRetentionMs: number;
  readonly auditLength: number;
}

/** What tests replace, and who watches. */
export interface ServicesOverrides {
  readonly sweepIntervalMs?: number;
  readonly lockDurationMs?: number;
  readonly clock?: Clock;
  readonly ids?: IdGenerator;
  readonly instrumentation?: Instrumentation;
}

/** Who counts what the core does, and changes nothing of it. */
export interface Instrumentation {
  /** The same store, watched. */
  readonly instrumentStores: (stores: Stores) => Stores;
  /** Does a round of the observer and is told what it saw. */
  readonly instrumentCycle: (observe: (onLooked: OnObserved) => Promise<void>) => Promise<void>;
}

/** How the core stands. Each takes about a second at most, and none throws. */
export interface HealthProbes {
  /** Whether the bot's Redis answers. */
  readonly pingRedis: () => Promise<boolean>;
  /** The queues on which this process works. */
  readonly activeQueues: () => readonly QueueName[];
  /** Jobs in the bot's queues; null: not known. */
  readonly readQueueCounts: () => Promise<Readonly<Record<QueueName, JobCounts>> | null>;
}

/** Redis and BullMQ wired to the use cases. `app.ts` adds Slack and the command line. */
export interface Services extends AsyncDisposable {
  readonly deps: UseCaseContext;
  readonly health: HealthProbes;
  /** Work on actions and rounds begins: the role `worker`. Resolves when Redis has been there, or work has been stopped. */
  startWorkers(): Promise<void>;
  /** Messages begin to be written: part of the role `bot`. */
  startNotifier(notifier: Notifier): void;
  /** Takes up nothing new, and lets go of what is under way after some seconds: another worker carries it on. */
  stopWorkers(): Promise<void>;
}

const sweepIntervalMs = 10_000;
const cycleTimeoutMs = 60_000;
const countsTimeoutMs = 1_000;
/** How long a converge that no person waits for tries to reach a link; the sweep asks again. */
const reconcileTimeoutMs = 10_000;

/** Builds everything from a config; disposing takes it apart in the reverse order. Nothing is built on import. */
export function createServices(config: ServicesConfig, log: Logger, overrides: ServicesOverrides = {}): Services {
  const stopping = new AbortController();
  // Everything that waits for a link listens to it.
  setMaxListeners(0, stopping.signal);
  const reportConnectionError = (connection: string, error: Error) =>
    log.warn({ connection, error }, 'redis connection trouble');
  const clients: RedisClient[] = [];
  const openClient = (use: ConnectionUse, name: string) => {
    const client = connect(config.redis, use, (error) => reportConnectionError(name, error));
    clients.push(client);
    return client;
  };

  const commands = openClient('commands', 'bot');
  const connections = createLinkConnections(
    { ...config.connections, [defaultConnection]: config.redis },
    reportConnectionError,
  );
  const queues = createBotQueues(commands, (error) => reportConnectionError('bot', error));
  const workers: BotWorker[] = [];
  const { instrumentation } = overrides;

  const { confirmationTtlMs, observeEveryMs, operationRetentionMs, auditLength } = config.settings;
  const stores = createStores(commands, { auditLength, retentionMs: operationRetentionMs }, (project, error) =>
    log.error({ project, error }, 'record not readable, left out'),
  );
  const deps: UseCaseContext = {
    ...(instrumentation?.instrumentStores(stores) ?? stores),
    links: createLinkGateway(connections),
    jobs: queues.jobs,
    notifications: queues.notifications,
    clock: overrides.clock ?? systemClock,
    ids: overrides.ids ?? randomIds,
    settings: { confirmationTtlMs },
    stopSignal: stopping.signal,
    log,
  };
  const common = {
    log,
    ...(overrides.lockDurationMs === undefined ? {} : { lockDurationMs: overrides.lockDurationMs }),
  };
  const intervals = { observeMs: observeEveryMs, sweepMs: overrides.sweepIntervalMs ?? sweepIntervalMs };
  const scheduleCycles = () =>
    retryUntilAvailable(() => queues.scheduleCycles(intervals), {
      message: 'rounds not scheduled yet',
      isRetryable: (error) => error instanceof StoreUnavailableError,
      log,
      clock: deps.clock,
      signal: stopping.signal,
    });
  const stopWorkers = async () => {
    stopping.abort();
    await Promise.all(workers.splice(0).map((worker) => worker[Symbol.asyncDispose]()));
  };

  return {
    deps,
    health: {
      pingRedis: createPing(commands),
      activeQueues: () => workers.filter((worker) => worker.isRunning()).map(({ queue }) => queue),
      readQueueCounts: async () => (await withTimeout(queues.readJobCounts(), countsTimeoutMs)) ?? null,
    },
    async startWorkers() {
      const client = openClient('blocking', 'worker');
      const cycleOptions = { client, deadlineMs: 2 * cycleTimeoutMs + 1_000, ...common };
      const runObserve = () =>
        runCycle(deps, { intervalMs: observeEveryMs, timeoutMs: cycleTimeoutMs }, observeWith(instrumentation));
      const runSweep = () => runCycle(deps, { intervalMs: intervals.sweepMs, timeoutMs: cycleTimeoutMs }, sweep);
      workers.push(
        startWorker({ queue: 'actions', handlers: { execute: (ref) => execute(deps, ref) }, client, ...common }),
        startWorker({ queue: 'reconcile', handlers: { reconcile: reconcileHandler(deps) }, client, ...common }),
        startWorker({ queue: 'observe', handlers: { observe: runObserve }, ...cycleOptions }),
        startWorker({ queue: 'sweep', handlers: { sweep: runSweep }, ...cycleOptions }),
      );
      // A Redis that comes back may have lost what it was told last.
      client.on('ready', () => {
        scheduleCycles().catch((error: unknown) => log.error({ error }, 'rounds could not be scheduled'));
      });
      await scheduleCycles();
    },
    startNotifier(teller) {
      const handlers = {
        'notify-operation': (ref: OperationRef) => teller.notifyOperation(ref),
        'notify-alerts': ({ project }: { readonly project: string }) => teller.notifyAlerts(project),
      };
      workers.push(startWorker({ queue: 'notifications', handlers, client: openClient('blocking', 'bot'), ...common }));
    },
    stopWorkers,
    async [Symbol.asyncDispose]() {
      await stopWorkers();
      await queues[Symbol.asyncDispose]();
      await Promise.all([connections[Symbol.asyncDispose](), ...clients.map(disconnect)]);
    },
  };
}

function observeWith(watch: Instrumentation | undefined) {
  return (deps: UseCaseContext) =>
    watch === undefined ? observeAll(deps) : watch.instrumentCycle((onLooked) => observeAll(deps, onLooked));
}

function reconcileHandler(deps: UseCaseContext) {
  return async ({ project }: { readonly project: string }): Promise<void> => {
    await reconcileIdle(deps, project, reconcileTimeoutMs);
  };
}

const systemClock: Clock = {
  now: () => Date.now(),
  monotonicNow: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {}),
};

const randomIds: IdGenerator = { next: () => randomBytes(12).toString('hex') };
