import { setMaxListeners } from 'node:events';
import type { Logger, UseCaseContext } from './application/context.ts';
import { CurrentConfiguration } from './application/current-configuration.ts';
import type { SendAudit } from './application/deliver-audit.ts';
import type { Clock, IdGenerator, Notifier } from './application/ports.ts';
import { ProcessRegistration } from './application/process-registration.ts';
import { readObservationStatus } from './application/queries.ts';
import type { Stores } from './application/stores.ts';
import type { ConnectionResolver } from './config/connection-sources.ts';
import type { RedisEndpoint } from './config/redis-url.ts';
import { emptyPolicy, type Policy } from './domain/authorization.ts';
import type { Waves } from './domain/batch.ts';
import { type ConnectionSources, settingsSchema, type UnusableConnection } from './domain/configuration.ts';
import type { Digest } from './domain/digest.ts';
import { defaultKeyPrefix } from './domain/installation.ts';
import { defaultConnection } from './domain/link.ts';
import type { OnCallRule } from './domain/on-call.ts';
import { createLinkConnections, type LinkConnections } from './infra/bullmq/link-connections.ts';
import { createLinkGateway } from './infra/bullmq/link-gateway.ts';
import { type BotQueues, createBotQueues } from './infra/bullmq/queues.ts';
import { connect, createPing, disconnect, type RedisClient } from './infra/redis/client.ts';
import { createKeys, type Keys } from './infra/redis/keys.ts';
import type { ConnectionUse } from './infra/redis/open-client.ts';
import { createStores } from './infra/redis/stores.ts';
import { withTimeout } from './lib/async.ts';
import type { HealthProbes } from './metrics/health.ts';
import { repeatCheck } from './repeated-check.ts';
import type { RoleWorkers, RoleWorkersOverrides } from './role-workers.ts';
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
export interface ServicesOverrides extends RoleWorkersOverrides {
  readonly clock?: Clock;
  readonly ids?: IdGenerator;
  readonly instrumentation?: Instrumentation;
}

/** Measures what the services do, without changing it. */
export interface Instrumentation extends NonNullable<RoleWorkersOverrides['instrumentation']> {
  readonly instrumentStores: (stores: Stores) => Stores;
}

const probeTimeoutMs = 1_000;
/** How often a process reads the stored configuration, and records which one it uses. */
const configurationCheckIntervalMs = 2_000;
const removeProcessTimeoutMs = 500;

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
  readonly #connections: LinkConnections;
  readonly #queues: BotQueues;
  /** Null in a process without workers. */
  #workers: RoleWorkers | null = null;
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
    this.health = {
      pingRedis: createPing(client),
      activeQueues: () => this.#workers?.activeQueues ?? [],
      missingConnections: () => this.#workers?.missingConnections ?? [],
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
    const { stopSignal } = context;
    void repeatCheck(() => registration.update(), {
      intervalMs: configurationCheckIntervalMs,
      stopSignal,
      log: this.#log,
    });
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
    this.#workers?.configurationChanged();
  }

  /** The role `worker`: processes actions and runs the cycles. Resolves when Redis has answered, or after `stopWorkers`. */
  startWorkers(): Promise<void> {
    return this.#withWorkers((workers) => workers.startAll());
  }

  /** Part of the role `bot`: sweeps, so that operations end without a worker. Resolves as `startWorkers` does. */
  startSweep(): Promise<void> {
    return this.#withWorkers((workers) => workers.startSweep());
  }

  /** Part of the role `bot`: starts to write messages, and to send the audit log. `sendAudit` is null when there is no webhook. */
  startNotifier(notifier: Notifier, sendAudit: SendAudit | null = null): Promise<void> {
    return this.#withWorkers(async (workers) => workers.startNotifier(notifier, sendAudit));
  }

  /** Loads the code of the workers at the first use: a command of the command line has none, and starts faster without it. */
  async #withWorkers(start: (workers: RoleWorkers) => Promise<void>): Promise<void> {
    const { RoleWorkers } = await import('./role-workers.ts');
    if (this.#stopping.signal.aborted) return;
    this.#workers ??= new RoleWorkers({
      context: this.context,
      connections: this.#connections,
      queues: this.#queues,
      keys: this.#keys,
      openClient: (name) => this.#openClient('blocking', name),
      log: this.#log,
      overrides: this.#overrides,
    });
    await start(this.#workers);
  }

  /** Takes no further job and stops the running ones at their next step. Another worker continues them. */
  async stopWorkers(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([this.#workers?.stop(), this.#removeProcess()]);
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
