import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger, UseCaseContext } from './application/context.ts';
import { StoreUnavailableError } from './application/errors.ts';
import { execute } from './application/execute.ts';
import { findMissingConnections } from './application/missing-connections.ts';
import { checkForFailure, type OnObserved, pausesOnFailure, runObserver } from './application/observer.ts';
import type { Clock, IdGenerator, Notifier } from './application/ports.ts';
import { readObservationStatus } from './application/queries.ts';
import { runReconcileJob } from './application/reconcile.ts';
import type { Stores } from './application/stores.ts';
import { sweep } from './application/sweep.ts';
import { runThrottledCycle } from './application/throttled-cycle.ts';
import type { RedisEndpoint } from './config/redis-url.ts';
import { defaultKeyPrefix } from './domain/installation.ts';
import { defaultConnection } from './domain/link.ts';
import type { OperationRef } from './domain/operation.ts';
import { FailureWatcher } from './infra/bullmq/failure-watcher.ts';
import { createLinkConnections, type LinkConnections } from './infra/bullmq/link-connections.ts';
import { createLinkGateway } from './infra/bullmq/link-gateway.ts';
import { type BotQueues, type CycleIntervals, createBotQueues } from './infra/bullmq/queues.ts';
import { type BotWorker, startWorker } from './infra/bullmq/workers.ts';
import { type ConnectionUse, connect, createPing, disconnect, type RedisClient } from './infra/redis/client.ts';
import { createKeys, type Keys } from './infra/redis/keys.ts';
import { createStores } from './infra/redis/stores.ts';
import { withTimeout } from './lib/async.ts';
import { retryUntilAvailable } from './lib/retry.ts';
import type { HealthProbes } from './metrics/health.ts';

/** The configuration of the services. Durations are ms. */
export interface ServicesConfig {
  /** The bot's own Redis. A link that names no connection lives there too. */
  readonly redis: RedisEndpoint;
  /** The named connections of syncbot.yml. */
  readonly connections: Readonly<Record<string, RedisEndpoint>>;
  readonly settings: ServicesSettings;
  /** How the keys of the bot's records begin. Without it: `syncbot`. */
  readonly keyPrefix?: string;
}

export interface ServicesSettings {
  readonly confirmationTtlMs: number;
  readonly observeEveryMs: number;
  readonly operationRetentionMs: number;
  readonly auditLength: number;
}

/** Parts that tests replace, and the metrics. */
export interface ServicesOverrides {
  readonly sweepIntervalMs?: number;
  /** BullMQ's `lockDuration`, ms: another worker takes the job of a worker that died after one to two times this. */
  readonly lockDurationMs?: number;
  readonly clock?: Clock;
  readonly ids?: IdGenerator;
  readonly instrumentation?: Instrumentation;
}

/** Measures what the services do, without changing it. */
export interface Instrumentation {
  readonly instrumentStores: (stores: Stores) => Stores;
  /** Runs one observe cycle and receives what it observed. */
  readonly instrumentCycle: (observe: (onObserved: OnObserved) => Promise<void>) => Promise<void>;
}

const defaultSweepIntervalMs = 10_000;
const cycleTimeoutMs = 60_000;
/** A cycle ends itself after `cycleTimeoutMs`, then pauses for as long. Its job fails only if it exceeds both. */
const cycleJobTimeoutMs = 2 * cycleTimeoutMs + 1_000;
const probeTimeoutMs = 1_000;
const dueTimeCheckIntervalMs = 5_000;
/** Reads every project. */
const missingConnectionsCheckIntervalMs = 60_000;
/** How long the job `reconcile` tries again to set the links that answer. The sweep adds the job again. */
const reconcileJobTimeoutMs = 10_000;

/** Redis and BullMQ, wired to the use cases. `app.ts` adds Slack and the command line. */
export class Services implements AsyncDisposable {
  readonly context: UseCaseContext;
  readonly health: Pick<
    HealthProbes,
    'pingRedis' | 'activeQueues' | 'missingConnections' | 'readJobCounts' | 'readObservationStatus'
  >;
  readonly #config: ServicesConfig;
  readonly #log: Logger;
  readonly #keys: Keys;
  readonly #overrides: ServicesOverrides;
  readonly #stopping = new AbortController();
  readonly #clients: RedisClient[] = [];
  readonly #workers: BotWorker[] = [];
  readonly #watchers: FailureWatcher[] = [];
  readonly #connections: LinkConnections;
  readonly #queues: BotQueues;
  #checksDueTimes = false;
  #missingConnections: readonly string[] = [];

  constructor(config: ServicesConfig, log: Logger, overrides: ServicesOverrides = {}) {
    this.#config = config;
    this.#log = log;
    this.#keys = createKeys(config.keyPrefix ?? defaultKeyPrefix);
    this.#overrides = overrides;
    // Every wait for a link listens to this signal.
    setMaxListeners(0, this.#stopping.signal);
    const client = this.#openClient('commands', 'bot');
    this.#connections = createLinkConnections(
      { ...config.connections, [defaultConnection]: config.redis },
      this.#reportConnectionError,
      this.#reportRecovery,
    );
    this.#queues = createBotQueues({ client, keys: this.#keys }, (error) => this.#reportConnectionError('bot', error));
    this.context = this.#createContext(client);
    this.health = {
      pingRedis: createPing(client),
      activeQueues: () => this.#workers.filter((worker) => worker.isRunning()).map(({ queue }) => queue),
      missingConnections: () => this.#missingConnections,
      readJobCounts: () => nullIfLate(this.#queues.readJobCounts()),
      readObservationStatus: () => nullIfLate(readObservationStatus(this.context)),
    };
  }

  #createContext(client: RedisClient): UseCaseContext {
    const { confirmationTtlMs, observeEveryMs, operationRetentionMs, auditLength } = this.#config.settings;
    const { instrumentation, clock = systemClock, ids = randomIds } = this.#overrides;
    const stores = createStores(
      { client, keys: this.#keys },
      { auditLength, retentionMs: operationRetentionMs },
      (project, error) => this.#log.error({ project, error }, 'record not readable, skipped'),
    );
    return {
      ...(instrumentation?.instrumentStores(stores) ?? stores),
      links: createLinkGateway(this.#connections),
      jobs: this.#queues.jobs,
      notifications: this.#queues.notifications,
      clock,
      ids,
      settings: { confirmationTtlMs, observeEveryMs },
      stopSignal: this.#stopping.signal,
      log: this.#log,
    };
  }

  /** The role `worker`: processes actions and runs the cycles. Resolves when Redis has answered, or after `stopWorkers`. */
  async startWorkers(): Promise<void> {
    const context = this.context;
    const client = this.#openClient('blocking', 'worker');
    const common = { client, log: this.#log, stopSignal: this.#stopping.signal, ...this.#workerOptions() };
    const watcher = this.#startFailureWatcher();
    const executeAndWatch = async (ref: OperationRef) => {
      await execute(context, ref);
      void watcher.projectChanged(ref.project);
    };
    this.#workers.push(
      startWorker({ ...common, queue: 'actions', handlers: { execute: executeAndWatch } }),
      startWorker({
        ...common,
        queue: 'reconcile',
        handlers: { reconcile: ({ project }) => runReconcileJob(context, project, reconcileJobTimeoutMs) },
      }),
      startWorker({
        ...common,
        queue: 'observe',
        handlers: { observe: () => this.#runObserveCycle() },
        timeoutMs: cycleJobTimeoutMs,
      }),
    );
    this.#startSweepWorker(client);
    await this.#keepCyclesScheduled(client);
    void this.#repeat(missingConnectionsCheckIntervalMs, () => this.#checkConnections());
  }

  /** Every worker process watches. All may find the same failure, and the first to write makes the project Failed. */
  #startFailureWatcher(): FailureWatcher {
    const { projects } = this.context;
    const watcher = new FailureWatcher({
      connections: this.#connections,
      listProjects: async () => (await projects.readMany(await projects.listIds())).filter(pausesOnFailure),
      readProject: async (id) => {
        const project = await projects.read(id);
        return project !== null && pausesOnFailure(project) ? project : null;
      },
      onFailure: (id) => checkForFailure(this.context, id),
      log: this.#log,
    });
    this.#watchers.push(watcher);
    return watcher;
  }

  /** Part of the role `bot`: sweeps, so that operations end without a worker. Resolves as `startWorkers` does. */
  async startSweep(): Promise<void> {
    const client = this.#openClient('blocking', 'sweep');
    this.#startSweepWorker(client);
    await this.#keepCyclesScheduled(client);
  }

  /** Part of the role `bot`: starts to write messages. */
  startNotifier(notifier: Notifier): void {
    const worker = startWorker({
      client: this.#openClient('blocking', 'bot'),
      log: this.#log,
      ...this.#workerOptions(),
      queue: 'notifications',
      handlers: {
        'notify-operation': (ref) => notifier.notifyOperation(ref),
        'notify-alerts': ({ project }) => notifier.notifyAlerts(project),
        'notify-observation': () => notifier.notifyObservation(),
      },
    });
    this.#workers.push(worker);
    this.#startDueTimeChecks();
  }

  /** Takes no further job and stops the running ones at their next step. Another worker continues them. */
  async stopWorkers(): Promise<void> {
    this.#stopping.abort();
    const running = [...this.#workers.splice(0), ...this.#watchers.splice(0)];
    await Promise.all(running.map((each) => each[Symbol.asyncDispose]()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopWorkers();
    await this.#queues[Symbol.asyncDispose]();
    await Promise.all([this.#connections[Symbol.asyncDispose](), ...this.#clients.map(disconnect)]);
  }

  #startSweepWorker(client: RedisClient): void {
    const worker = startWorker({
      client,
      log: this.#log,
      ...this.#workerOptions(),
      queue: 'sweep',
      handlers: { sweep: () => this.#runSweepCycle() },
      timeoutMs: cycleJobTimeoutMs,
    });
    this.#workers.push(worker);
  }

  #runObserveCycle(): Promise<void> {
    const { instrumentation } = this.#overrides;
    const options = { intervalMs: this.#config.settings.observeEveryMs, timeoutMs: cycleTimeoutMs };
    return runThrottledCycle(this.context, options, (context) =>
      instrumentation === undefined
        ? runObserver(context)
        : instrumentation.instrumentCycle((onObserved) => runObserver(context, onObserved)),
    );
  }

  #runSweepCycle(): Promise<void> {
    return runThrottledCycle(this.context, { intervalMs: this.#sweepIntervalMs, timeoutMs: cycleTimeoutMs }, sweep);
  }

  async #keepCyclesScheduled(client: RedisClient): Promise<void> {
    // After a failover Redis may have lost the schedulers.
    client.on('ready', () => {
      this.#scheduleCycles().catch((error: unknown) => this.#log.error({ error }, 'cycles not scheduled'));
    });
    await this.#scheduleCycles();
    this.#startDueTimeChecks();
  }

  #scheduleCycles(): Promise<void> {
    return retryUntilAvailable(() => this.#queues.scheduleCycles(this.#cycleIntervals), {
      message: 'cycles not scheduled yet',
      isRetryable: (error) => error instanceof StoreUnavailableError,
      log: this.#log,
      clock: this.context.clock,
      signal: this.#stopping.signal,
    });
  }

  /** Every process with a worker checks: no cycle runs while the cycles are due too late. */
  #startDueTimeChecks(): void {
    if (this.#checksDueTimes) return;
    this.#checksDueTimes = true;
    void this.#repeat(dueTimeCheckIntervalMs, async () => {
      for (const [queue, jobs] of Object.entries(await this.#queues.correctDueTimes(this.#cycleIntervals))) {
        if (jobs > 0) this.#log.warn({ queue, jobs }, 'jobs were due too late by the clock of Redis, they run now');
      }
    });
  }

  /** A worker without a connection leaves its links to other workers. If no worker has it, they are never reached. */
  async #checkConnections(): Promise<void> {
    const missing = await findMissingConnections(this.context);
    const isNew = missing.some((name) => !this.#missingConnections.includes(name));
    this.#missingConnections = missing;
    if (isNew)
      this.#log.warn({ connections: missing }, 'connections that stored projects use are missing in syncbot.yml');
  }

  /** Repeats the work until the process stops. An outage of Redis is reported by its connection. */
  async #repeat(intervalMs: number, work: () => Promise<void>): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await work().catch((error: unknown) => {
        if (!(error instanceof StoreUnavailableError)) this.#log.error({ error }, 'repeated check failed');
      });
      await delay(intervalMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  get #cycleIntervals(): CycleIntervals {
    return { observeMs: this.#config.settings.observeEveryMs, sweepMs: this.#sweepIntervalMs };
  }

  get #sweepIntervalMs(): number {
    return this.#overrides.sweepIntervalMs ?? defaultSweepIntervalMs;
  }

  #workerOptions(): { readonly keys: Keys; readonly lockDurationMs?: number } {
    const { lockDurationMs } = this.#overrides;
    return { keys: this.#keys, ...(lockDurationMs === undefined ? {} : { lockDurationMs }) };
  }

  #openClient(use: ConnectionUse, name: string): RedisClient {
    const client = connect(
      this.#config.redis,
      use,
      (error) => this.#reportConnectionError(name, error),
      () => this.#reportRecovery(name),
    );
    this.#clients.push(client);
    return client;
  }

  readonly #reportConnectionError = (connection: string, error: Error): void => {
    this.#log.warn({ connection, error }, 'Redis connection failed');
  };

  readonly #reportRecovery = (connection: string): void => {
    this.#log.info({ connection }, 'Redis connection recovered');
  };
}

/** The result of a health probe. Null when Redis does not answer within a second. */
async function nullIfLate<T>(probe: Promise<T>): Promise<T | null> {
  const result = await withTimeout(probe, probeTimeoutMs);
  return result.kind === 'resolved' ? result.value : null;
}

const systemClock: Clock = {
  now: () => Date.now(),
  monotonicNow: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {}),
};

const randomIds: IdGenerator = { next: () => randomBytes(12).toString('hex') };
