import { AsyncLocalStorage } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger, UseCaseContext } from './application/context.ts';
import { CurrentConfiguration } from './application/current-configuration.ts';
import { AuditDelivery, type AuditDeliveryListener, type SendAudit } from './application/deliver-audit.ts';
import { StoreUnavailableError } from './application/errors.ts';
import { execute } from './application/execute.ts';
import { MissingConnections } from './application/missing-connections.ts';
import { checkForFailure, type OnObserved, pausesOnFailure } from './application/observer.ts';
import type { Clock, IdGenerator, Notifier } from './application/ports.ts';
import { ProcessRegistration } from './application/process-registration.ts';
import { readObservationStatus } from './application/queries.ts';
import { runReconcileJob } from './application/reconcile.ts';
import { refreshBatch } from './application/refresh-batch.ts';
import { runBatch } from './application/run-batch.ts';
import type { Stores } from './application/stores.ts';
import type { ConnectionResolver } from './config/connection-sources.ts';
import type { RedisEndpoint } from './config/redis-url.ts';
import { Cycles, cycleJobTimeoutMs } from './cycles.ts';
import { emptyPolicy, type Policy } from './domain/authorization.ts';
import type { Waves } from './domain/batch.ts';
import { type ConnectionSources, settingsSchema, type UnusableConnection } from './domain/configuration.ts';
import type { Digest } from './domain/digest.ts';
import { defaultKeyPrefix } from './domain/installation.ts';
import { defaultConnection } from './domain/link.ts';
import type { OnCallRule } from './domain/on-call.ts';
import type { OperationRef } from './domain/operation.ts';
import type { ProjectId } from './domain/project.ts';
import { FailureWatcher } from './infra/bullmq/failure-watcher.ts';
import type { QueueName } from './infra/bullmq/jobs.ts';
import { createLinkConnections, type LinkConnections } from './infra/bullmq/link-connections.ts';
import { createLinkGateway } from './infra/bullmq/link-gateway.ts';
import { type BotQueues, createBotQueues } from './infra/bullmq/queues.ts';
import { type BotWorker, startWorker, type WorkerOptions } from './infra/bullmq/workers.ts';
import { type ConnectionUse, connect, createPing, disconnect, type RedisClient } from './infra/redis/client.ts';
import { createKeys, type Keys } from './infra/redis/keys.ts';
import { createStores } from './infra/redis/stores.ts';
import { withTimeout } from './lib/async.ts';
import type { HealthProbes } from './metrics/health.ts';
import type { Tracing } from './tracing/tracing.ts';
import { createUseCaseContext, randomIds, systemClock } from './use-case-context.ts';

/** The configuration of the services. Durations are ms. */
export interface ServicesConfig {
  /** The bot's own Redis. A link that names no connection lives there too. */
  readonly redis: RedisEndpoint;
  /** The named connections of syncbot.yml. */
  readonly connections: Readonly<Record<string, RedisEndpoint>>;
  readonly settings: ServicesSettings;
  /** How the keys of the bot's records begin. Without it: `syncbot`. */
  readonly keyPrefix?: string;
  /** Default: no person may change a project. */
  readonly policy?: Policy;
  /** Default: no rule. */
  readonly onCall?: readonly OnCallRule[];
  /** Default: none. */
  readonly digests?: readonly Digest[];
  /** Finds the URLs of the connections that `apply` stored. Without it the services use only the given connections. */
  readonly resolveConnections?: ConnectionResolver;
}

export interface ServicesSettings {
  readonly confirmationTtlMs: number;
  readonly observeEveryMs: number;
  readonly operationRetentionMs: number;
  readonly auditLength: number;
  /** Default: false. */
  readonly showErrors?: boolean;
  /** Default: as in syncbot.yml. */
  readonly pausedReminderMs?: number;
  readonly alertGroupWaitMs?: number;
  readonly alertGroupIntervalMs?: number;
  readonly channelsWithoutButtons?: readonly string[];
  readonly waves?: Waves | null;
}

/** Parts that tests replace, the metrics and the traces. */
export interface ServicesOverrides {
  readonly sweepIntervalMs?: number;
  /** BullMQ's `lockDuration`, ms: another worker takes the job of a worker that died after one to two times this. */
  readonly lockDurationMs?: number;
  readonly clock?: Clock;
  readonly ids?: IdGenerator;
  readonly instrumentation?: Instrumentation;
  readonly tracing?: Tracing;
}

/** Measures what the services do, without changing it. */
export interface Instrumentation {
  readonly instrumentStores: (stores: Stores) => Stores;
  /** Runs one observe cycle and receives what it observed. */
  readonly instrumentCycle: (observe: (onObserved: OnObserved) => Promise<void>) => Promise<void>;
  readonly auditDelivery?: AuditDeliveryListener;
}

const defaultSweepIntervalMs = 10_000;
const probeTimeoutMs = 1_000;
const dueTimeCheckIntervalMs = 5_000;
/** How often a process reads the stored configuration, and records which one it uses. */
const configurationCheckIntervalMs = 2_000;
const auditDeliveryIntervalMs = 10_000;
const removeProcessTimeoutMs = 500;
/** Reads every project. */
const missingConnectionsCheckIntervalMs = 60_000;
/** After Redis did not answer, a check is repeated after this time at the latest. */
const checkRetryIntervalMs = 5_000;
/** How long the job `reconcile` tries again to set the links that answer. The sweep adds the job again. */
const reconcileJobTimeoutMs = 10_000;

/** Redis and BullMQ, wired to the use cases. `app.ts` adds Slack and the command line. */
export class Services implements AsyncDisposable {
  readonly context: UseCaseContext;
  readonly health: Pick<
    HealthProbes,
    | 'pingRedis'
    | 'activeQueues'
    | 'missingConnections'
    | 'unusableConnections'
    | 'isConfigurationUnreadable'
    | 'readJobCounts'
    | 'readObservationStatus'
  >;
  /** What this process uses of the stored configuration. */
  readonly configuration: CurrentConfiguration;
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
  readonly #cycles: Cycles;
  #checksDueTimes = false;
  /** Null in a process without workers. */
  #missingConnections: MissingConnections | null = null;
  #registration: ProcessRegistration | null = null;

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
    const { tracing } = overrides;
    this.#queues = createBotQueues({ client, keys: this.#keys, telemetry: tracing?.telemetry }, (error) =>
      this.#reportConnectionError('bot', error),
    );
    const stores = this.#createStores(client);
    this.configuration = this.#createConfiguration(stores);
    const links = createLinkGateway(this.#connections);
    this.context = createUseCaseContext({
      stores,
      links: tracing?.instrumentLinks(links) ?? links,
      queues: tracing?.instrumentQueues(this.#queues, stores) ?? this.#queues,
      configuration: this.configuration,
      clock: overrides.clock ?? systemClock,
      ids: overrides.ids ?? randomIds,
      stopSignal: this.#stopping.signal,
      log,
    });
    const { sweepIntervalMs = defaultSweepIntervalMs, instrumentation } = overrides;
    this.#cycles = new Cycles({
      context: this.context,
      queues: this.#queues,
      sweepIntervalMs,
      log,
      ...(instrumentation === undefined ? {} : { instrumentCycle: instrumentation.instrumentCycle }),
    });
    this.health = {
      pingRedis: createPing(client),
      activeQueues: () => this.#workers.filter((worker) => worker.isRunning()).map(({ queue }) => queue),
      missingConnections: () => (this.#missingConnections === null ? [] : this.#missingConnections.names),
      unusableConnections: () => this.configuration.unusable,
      isConfigurationUnreadable: () => this.configuration.isUnreadable,
      readJobCounts: () => nullIfLate(this.#queues.readJobCounts()),
      readObservationStatus: () => nullIfLate(readObservationStatus(this.context)),
    };
  }

  /** `apply` can change the settings at any time, so each use reads the current ones. */
  #createStores(client: RedisClient): Stores {
    const current = () => this.configuration.settings;
    const settings = {
      get auditLength() {
        return current().auditLength;
      },
      get retentionMs() {
        return current().operationRetentionMs;
      },
    };
    const stores = createStores({ client, keys: this.#keys }, settings, (project, error) =>
      this.#log.error({ project, error }, 'record not readable, skipped'),
    );
    const { instrumentation, tracing } = this.#overrides;
    const counted = instrumentation?.instrumentStores(stores) ?? stores;
    return tracing?.instrumentStores(counted) ?? counted;
  }

  #createConfiguration({ configurations }: Stores): CurrentConfiguration {
    const { settings, policy = emptyPolicy, onCall = [], digests = [] } = this.#config;
    return new CurrentConfiguration({
      store: configurations,
      own: { policy, onCall, digests, settings: settingsSchema.parse({ showErrors: false, ...settings }) },
      useConnections: (sources) => this.#useConnections(sources),
      onTakenOver: () => this.#onConfigurationTakenOver(),
      log: this.#log,
    });
  }

  /** Reads the stored configuration now and uses it. Throws `StoreUnavailableError`. */
  async refreshConfiguration(): Promise<void> {
    await this.configuration.refresh();
  }

  /** Follows the stored configuration until the process stops, and records which one it uses. */
  followConfiguration(role: string): void {
    if (this.#registration !== null) return;
    const { configuration, context } = this;
    const registration = new ProcessRegistration({
      store: context.configurations,
      configuration,
      id: randomIds.next(),
      role,
    });
    this.#registration = registration;
    void this.#repeat(configurationCheckIntervalMs, () => registration.update());
  }

  async #useConnections(sources: ConnectionSources): Promise<readonly UnusableConnection[]> {
    const resolve = this.#config.resolveConnections;
    if (resolve === undefined) return [];
    const { endpoints, unusable } = resolve(sources);
    // A connection that cannot be used is closed: its old address may be another Redis, with other queues.
    await this.#connections.update({ ...endpoints, [defaultConnection]: this.#config.redis });
    return unusable;
  }

  #onConfigurationTakenOver(): void {
    if (this.#workers.some(({ queue }) => queue === 'sweep')) this.#cycles.reschedule();
    this.#missingConnections?.check().catch((error: unknown) => this.#log.warn({ error }, 'connections not checked'));
  }

  /** The role `worker`: processes actions and runs the cycles. Resolves when Redis has answered, or after `stopWorkers`. */
  async startWorkers(): Promise<void> {
    const context = this.context;
    const missingConnections = new MissingConnections(context);
    this.#missingConnections = missingConnections;
    const client = this.#openClient('blocking', 'worker');
    const common = { client, log: this.#log, stopSignal: this.#stopping.signal, ...this.#workerOptions() };
    const watcher = this.#startFailureWatcher();
    // What the watcher begins runs for long. It does not belong to the job, or to its trace.
    const outsideJobs = AsyncLocalStorage.snapshot();
    const executeAndWatch = async (ref: OperationRef) => {
      await execute(context, ref);
      void outsideJobs(() => watcher.projectChanged(ref.project));
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
        handlers: { observe: () => this.#cycles.runObserve() },
        timeoutMs: cycleJobTimeoutMs,
      }),
    );
    this.#startSweepWorker(client);
    this.#startBatchWorker(client);
    await this.#cycles.keepScheduled(client);
    this.#startDueTimeChecks();
    void this.#repeat(missingConnectionsCheckIntervalMs, () => missingConnections.check());
  }

  /** Every worker process watches. All may find the same failure, and the first to write makes the project Failed. */
  #startFailureWatcher(): FailureWatcher {
    const { projects } = this.context;
    const readProjects = async (ids: readonly ProjectId[]) => (await projects.readMany(ids)).filter(pausesOnFailure);
    const watcher = new FailureWatcher({
      connections: this.#connections,
      listProjects: async () => readProjects(await projects.listIds()),
      readProjects,
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
    this.#startBatchWorker(client);
    await this.#cycles.keepScheduled(client);
    this.#startDueTimeChecks();
  }

  /** Part of the role `bot`: starts to write messages, and to send the audit log. `sendAudit` is null when there is no webhook. */
  startNotifier(notifier: Notifier, sendAudit: SendAudit | null = null): void {
    const listener = this.#overrides.instrumentation?.auditDelivery;
    const auditDelivery = sendAudit === null ? null : new AuditDelivery(this.context, sendAudit, listener);
    const worker = startWorker({
      client: this.#openClient('blocking', 'bot'),
      log: this.#log,
      ...this.#workerOptions(),
      queue: 'notifications',
      handlers: {
        'notify-operation': (ref) => notifier.notifyOperation(ref),
        'notify-batch': ({ batch }) => notifier.notifyBatch(batch),
        'notify-channel-alerts': ({ channel }) => notifier.notifyAlerts(channel),
        'notify-observation': () => notifier.notifyObservation(),
        'notify-home': ({ user }) => notifier.notifyHome(user),
        'notify-homes': () => notifier.notifyHomes(),
        'notify-digest': ({ channel }) => notifier.notifyDigest(channel),
        'deliver-audit': async () => auditDelivery?.run(),
      },
    });
    this.#workers.push(worker);
    this.#startDueTimeChecks();
    if (auditDelivery !== null) void this.#repeat(auditDeliveryIntervalMs, () => this.context.notifications.auditDue());
  }

  /** Takes no further job and stops the running ones at their next step. Another worker continues them. */
  async stopWorkers(): Promise<void> {
    this.#stopping.abort();
    const running = [...this.#workers.splice(0), ...this.#watchers.splice(0)];
    await Promise.all([...running.map((each) => each[Symbol.asyncDispose]()), this.#removeProcess()]);
  }

  /** If Redis does not answer, the record expires. */
  async #removeProcess(): Promise<void> {
    const registration = this.#registration;
    if (registration === null) return;
    this.#registration = null;
    await withTimeout(registration.end(), removeProcessTimeoutMs);
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
      handlers: { sweep: () => this.#cycles.runSweep() },
      timeoutMs: cycleJobTimeoutMs,
    });
    this.#workers.push(worker);
  }

  /** Every role continues batches, so that their operations end without a worker too. */
  #startBatchWorker(client: RedisClient): void {
    const run = ({ batch }: { readonly batch: string }) => runBatch(this.context, batch);
    const worker = startWorker({
      client,
      log: this.#log,
      ...this.#workerOptions(),
      queue: 'batches',
      handlers: {
        'continue-batch': run,
        'batch-operation-ended': run,
        'batch-operation-changed': ({ batch }) => refreshBatch(this.context, batch),
      },
    });
    this.#workers.push(worker);
  }

  /** Every process with a worker checks: no cycle runs while the cycles are due too late. */
  #startDueTimeChecks(): void {
    if (this.#checksDueTimes) return;
    this.#checksDueTimes = true;
    void this.#repeat(dueTimeCheckIntervalMs, () => this.#cycles.correctDueTimes());
  }

  /** Repeats the work until the process stops. An outage of Redis is reported by its connection. */
  async #repeat(intervalMs: number, work: () => Promise<void>): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let nextMs = intervalMs;
      await work().catch((error: unknown) => {
        nextMs = Math.min(intervalMs, checkRetryIntervalMs);
        if (!(error instanceof StoreUnavailableError)) this.#log.error({ error }, 'repeated check failed');
      });
      await delay(nextMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  #workerOptions(): Pick<WorkerOptions<QueueName>, 'keys' | 'lockDurationMs' | 'telemetry'> {
    const { lockDurationMs, tracing } = this.#overrides;
    return {
      keys: this.#keys,
      ...(lockDurationMs === undefined ? {} : { lockDurationMs }),
      ...(tracing === undefined ? {} : { telemetry: tracing.telemetry }),
    };
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
