import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger, UseCaseContext } from './application/context.ts';
import { AuditDelivery, type AuditDeliveryListener, type SendAudit } from './application/deliver-audit.ts';
import { execute } from './application/execute.ts';
import { MissingConnections } from './application/missing-connections.ts';
import { checkForFailure, type OnObserved, pausesOnFailure } from './application/observer.ts';
import type { Notifier } from './application/ports.ts';
import { runReconcileJob } from './application/reconcile.ts';
import { refreshBatch } from './application/refresh-batch.ts';
import { runBatch } from './application/run-batch.ts';
import { Cycles, cycleJobTimeoutMs } from './cycles.ts';
import type { OperationRef } from './domain/operation.ts';
import type { ProjectId } from './domain/project.ts';
import { FailureWatcher } from './infra/bullmq/failure-watcher.ts';
import type { Handlers, QueueName } from './infra/bullmq/jobs.ts';
import type { LinkConnections } from './infra/bullmq/link-connections.ts';
import type { BotQueues } from './infra/bullmq/queues.ts';
import { type BotWorker, startWorker } from './infra/bullmq/workers.ts';
import type { RedisClient } from './infra/redis/client.ts';
import type { Keys } from './infra/redis/keys.ts';
import { repeatCheck } from './repeated-check.ts';
import type { Tracing } from './tracing/tracing.ts';

export interface RoleWorkersOptions {
  readonly context: UseCaseContext;
  readonly connections: LinkConnections;
  readonly queues: Pick<BotQueues, 'scheduleCycles' | 'correctDueTimes'>;
  readonly keys: Keys;
  /** Opens a connection of use `blocking` to the bot's Redis. */
  readonly openClient: (name: string) => RedisClient;
  readonly log: Logger;
  readonly overrides: RoleWorkersOverrides;
}

/** What tests replace, the metrics and the traces. */
export interface RoleWorkersOverrides {
  readonly sweepIntervalMs?: number;
  /** BullMQ's `lockDuration`, ms: another worker takes the job of a worker that died after one to two times this. */
  readonly lockDurationMs?: number;
  readonly instrumentation?: {
    /** Runs one observe cycle and receives what it observed. */
    readonly instrumentCycle: (observe: (onObserved: OnObserved) => Promise<void>) => Promise<void>;
    readonly auditDelivery?: AuditDeliveryListener;
  };
  readonly tracing?: Tracing;
}

const defaultSweepIntervalMs = 10_000;
const dueTimeCheckIntervalMs = 5_000;
const auditDeliveryIntervalMs = 10_000;
/** Reads every project. */
const missingConnectionsCheckIntervalMs = 60_000;
/** How long the job `reconcile` tries again to set the links that answer. The sweep adds the job again. */
const reconcileJobTimeoutMs = 10_000;

/** What runs in a process with a role: workers on the bot's own queues, the cycles, and the watcher of failures. */
export class RoleWorkers {
  readonly #options: RoleWorkersOptions;
  readonly #cycles: Cycles;
  readonly #workers: BotWorker[] = [];
  readonly #watchers: FailureWatcher[] = [];
  #checksDueTimes = false;
  /** Null without the role `worker`. */
  #missingConnections: MissingConnections | null = null;

  constructor(options: RoleWorkersOptions) {
    this.#options = options;
    const { context, queues, log } = options;
    const { sweepIntervalMs = defaultSweepIntervalMs, instrumentation } = options.overrides;
    this.#cycles = new Cycles({
      context,
      queues,
      sweepIntervalMs,
      log,
      ...(instrumentation === undefined ? {} : { instrumentCycle: instrumentation.instrumentCycle }),
    });
  }

  /** The queues whose worker takes jobs, or waits for Redis to do so. */
  get activeQueues(): QueueName[] {
    return this.#workers.filter((worker) => worker.isRunning()).map(({ queue }) => queue);
  }

  /** The connections of links that this process does not have. */
  get missingConnections(): readonly string[] {
    return this.#missingConnections?.names ?? [];
  }

  /** The role `worker`: processes actions and runs the cycles. Resolves when Redis has answered, or after a stop. */
  async startAll(): Promise<void> {
    const { context, openClient } = this.#options;
    const missingConnections = new MissingConnections(context);
    this.#missingConnections = missingConnections;
    const client = openClient('worker');
    const watcher = this.#startFailureWatcher();
    // What the watcher begins runs for long. It does not belong to the job, or to its trace.
    const outsideJobs = AsyncLocalStorage.snapshot();
    const executeAndWatch = async (ref: OperationRef) => {
      await execute(context, ref);
      void outsideJobs(() => watcher.projectChanged(ref.project));
    };
    this.#startWorker(client, 'actions', { execute: executeAndWatch });
    this.#startWorker(client, 'reconcile', {
      reconcile: ({ project }) => runReconcileJob(context, project, reconcileJobTimeoutMs),
    });
    this.#startWorker(client, 'observe', { observe: () => this.#cycles.runObserve() }, cycleJobTimeoutMs);
    await this.#startSweepAndBatches(client);
    this.#repeat(missingConnectionsCheckIntervalMs, () => missingConnections.check());
  }

  /** Every worker process watches. All may find the same failure, and the first to write makes the project Failed. */
  #startFailureWatcher(): FailureWatcher {
    const { context, connections, log } = this.#options;
    const { projects } = context;
    const readProjects = async (ids: readonly ProjectId[]) => (await projects.readMany(ids)).filter(pausesOnFailure);
    const watcher = new FailureWatcher({
      connections,
      listProjects: async () => readProjects(await projects.listIds()),
      readProjects,
      onFailure: (id) => checkForFailure(context, id),
      log,
    });
    this.#watchers.push(watcher);
    return watcher;
  }

  /** Part of the role `bot`: sweeps, so that operations end without a worker. Resolves as `startAll` does. */
  async startSweep(): Promise<void> {
    await this.#startSweepAndBatches(this.#options.openClient('sweep'));
  }

  /** Every role continues batches, so that their operations end without a worker too. */
  async #startSweepAndBatches(client: RedisClient): Promise<void> {
    const { context } = this.#options;
    const run = ({ batch }: { readonly batch: string }) => runBatch(context, batch);
    this.#startWorker(client, 'sweep', { sweep: () => this.#cycles.runSweep() }, cycleJobTimeoutMs);
    this.#startWorker(client, 'batches', {
      'continue-batch': run,
      'batch-operation-ended': run,
      'batch-operation-changed': ({ batch }) => refreshBatch(context, batch),
    });
    await this.#cycles.keepScheduled(client);
    this.#startDueTimeChecks();
  }

  /** Part of the role `bot`: starts to write messages, and to send the audit log. `sendAudit` is null when there is no webhook. */
  startNotifier(notifier: Notifier, sendAudit: SendAudit | null): void {
    const { context, openClient, overrides } = this.#options;
    const listener = overrides.instrumentation?.auditDelivery;
    const auditDelivery = sendAudit === null ? null : new AuditDelivery(context, sendAudit, listener);
    this.#startWorker(openClient('bot'), 'notifications', {
      'notify-operation': (ref) => notifier.notifyOperation(ref),
      'notify-batch': ({ batch }) => notifier.notifyBatch(batch),
      'notify-channel-alerts': ({ channel }) => notifier.notifyAlerts(channel),
      'notify-observation': () => notifier.notifyObservation(),
      'notify-home': ({ user }) => notifier.notifyHome(user),
      'notify-homes': () => notifier.notifyHomes(),
      'notify-digest': ({ channel }) => notifier.notifyDigest(channel),
      'deliver-audit': async () => auditDelivery?.run(),
    });
    this.#startDueTimeChecks();
    if (auditDelivery !== null) this.#repeat(auditDeliveryIntervalMs, () => context.notifications.auditDue());
  }

  /** The process uses other settings and connections from now on. */
  configurationChanged(): void {
    if (this.#workers.some(({ queue }) => queue === 'sweep')) this.#cycles.reschedule();
    const { log } = this.#options;
    this.#missingConnections?.check().catch((error: unknown) => log.warn({ error }, 'connections not checked'));
  }

  /** Takes no further job, and waits a short time for the running ones. The stop signal of the context is aborted already. */
  async stop(): Promise<void> {
    const running = [...this.#workers.splice(0), ...this.#watchers.splice(0)];
    await Promise.all(running.map((each) => each[Symbol.asyncDispose]()));
  }

  #startWorker<Name extends QueueName>(
    client: RedisClient,
    queue: Name,
    handlers: Handlers<Name>,
    timeoutMs?: number,
  ): void {
    const { context, keys, log, overrides } = this.#options;
    const { lockDurationMs, tracing } = overrides;
    const worker = startWorker({
      queue,
      handlers,
      client,
      keys,
      log,
      stopSignal: context.stopSignal,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(lockDurationMs === undefined ? {} : { lockDurationMs }),
      ...(tracing === undefined ? {} : { telemetry: tracing.telemetry }),
    });
    this.#workers.push(worker);
  }

  /** Every process with a worker checks: no cycle runs while the cycles are due too late. */
  #startDueTimeChecks(): void {
    if (this.#checksDueTimes) return;
    this.#checksDueTimes = true;
    this.#repeat(dueTimeCheckIntervalMs, () => this.#cycles.correctDueTimes());
  }

  #repeat(intervalMs: number, check: () => Promise<void>): void {
    const { context, log } = this.#options;
    void repeatCheck(check, { intervalMs, stopSignal: context.stopSignal, log });
  }
}
