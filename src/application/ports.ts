import type { ConnectionFault } from '../domain/connection-fault.ts';
import type { FailedTask } from '../domain/failed-tasks.ts';
import type { ReasonGroup } from '../domain/failure-causes.ts';
import type { DesiredLinkState } from '../domain/lifecycle.ts';
import type { Link, Watermark } from '../domain/link.ts';
import type { LinkObservation, QueueUsage } from '../domain/observation.ts';
import type { OperationRef } from '../domain/operation.ts';
import type { ConnectionInfo, WorkerCounts } from '../domain/precheck.ts';
import type { ProjectId } from '../domain/project.ts';

/**
 * The links' queues. Every result is in the order of its argument. No method throws for a link that does not answer:
 * `unreachable` is one of the results.
 */
export interface LinkGateway {
  /** Reads the pause flags. Each link has `timeoutMs` to answer. */
  readStatuses(links: readonly Link[], timeoutMs: number): Promise<LinkStatus[]>;
  /**
   * Pauses or resumes links, all at once. The caller has read that each queue exists: a pause would create it. The server of
   * a link refuses a command that arrives after `validForMs`, also if the network has delayed it. When the call resolves,
   * none of its commands can change a link any more.
   */
  setPaused(links: readonly Link[], desired: DesiredLinkState, timeouts: SetPausedTimeouts): Promise<SetPausedResult[]>;
  /**
   * While a link is paused, moves the tasks that failed after its watermark back to wait, before newer ones, in order. Tasks
   * may be left if there are many: then call it again.
   */
  retryFailed(links: readonly LinkWithWatermark[]): Promise<RetryFailedResult[]>;
  /**
   * Moves these failed tasks back to wait, before newer ones, in order, whether their link is paused or not. Leaves those that
   * are not failed any more, or that have failed again.
   */
  retryTasks(links: readonly FailuresOfLink[]): Promise<RetryFailedResult[]>;
  /** Lists the oldest tasks of each link that failed after its watermark, at most `limit` of each. */
  listFailed(links: readonly LinkWithWatermark[], limit: number): Promise<TasksResult<ListedTask>[]>;
  /** Finds those of the named tasks of each link that are failed. */
  findFailed(links: readonly TasksOfLink[]): Promise<TasksResult<FailedTask>[]>;
  /**
   * Counts the tasks of each link that failed for good after its watermark and that were removed since then. A count is a
   * lower bound, and 0 if a link does not answer.
   */
  countRemovedFailures(links: readonly LinkWithWatermark[]): Promise<number[]>;
  /**
   * Groups the oldest tasks of each link that failed after its watermark by masked reason: some hundred tasks. Empty if a link
   * does not answer.
   */
  groupFailures(links: readonly LinkWithWatermark[]): Promise<(readonly ReasonGroup[])[]>;
  /** Observes each link once, in batches. A slow connection does not delay the others. */
  observe(links: readonly LinkWithWatermark[]): Promise<LinkObservation[]>;
  /** The state of this process's connection with that name. Sends no command, and does not wait for the connection. */
  connectionState(name: string): ConnectionState;
  /** Reads the settings of the Redis servers behind these connection names. */
  readConnections(names: readonly string[]): Promise<ConnectionInfo[]>;
  /** Counts the connected workers of each link. A count is null if the server does not list its clients. */
  countWorkers(links: readonly Link[]): Promise<WorkerCounts>;
  /** Finds out whether workers have processed tasks of each queue. Tasks that only wait do not count. */
  findUsage(links: readonly Link[]): Promise<QueueUsage[]>;
  /** Finds the queues on a connection, also those that are no links. Reads only. */
  findQueues(connection: string, options: FindQueuesOptions): Promise<FoundQueues>;
}

export interface FindQueuesOptions {
  /** Only queues with this prefix. Null for all. */
  readonly prefix: string | null;
  /** About how many keys are examined, of all nodes together. */
  readonly maxKeys: number;
  readonly maxQueues: number;
  /** SYNCBOT_PREFIX. The queues of this syncbot are left out. */
  readonly keyPrefix: string;
}

export type FoundQueues =
  | {
      readonly kind: 'found';
      readonly links: readonly Link[];
      /** About how many. */
      readonly examinedKeys: number;
      /** Null if the server does not permit DBSIZE. */
      readonly totalKeys: number | null;
      /** Which limit was reached. Null if all keys were examined. */
      readonly stoppedAt: 'keys' | 'queues' | null;
      /** Keys with the form of a queue that this Redis user may not read. */
      readonly unreadable: number;
    }
  | { readonly kind: 'unreachable'; readonly fault: ConnectionFault };

/**
 * `down`: the last call got no answer. `not_configured`: this process has no connection with that name. The stored
 * configuration or its `syncbot.yml` lacks it, or it cannot use it until it is restarted.
 */
export type ConnectionState = 'available' | 'down' | 'not_configured';

/** A link's pause flag. `missing`: the queue does not exist. */
export type LinkStatus = 'paused' | 'resumed' | 'missing' | 'unreachable';

export interface SetPausedTimeouts {
  /** How long each link has to answer, ms. */
  readonly responseMs: number;
  /** How long the decision is valid, ms from the call. A link's server changes nothing after that, by its own clock. */
  readonly validForMs: number;
}

/** `expired`: the command was not sent or not received in time. `unreachable`: no reply arrived, or an error. */
export type SetPausedResult = 'applied' | 'expired' | 'unreachable';

export interface LinkWithWatermark {
  readonly link: Link;
  readonly watermark: Watermark;
}

export interface TasksOfLink {
  readonly link: Link;
  readonly taskIds: readonly string[];
}

/** Tasks of a link, each with the time of its failure: one that has failed again since is not meant. */
export interface FailuresOfLink {
  readonly link: Link;
  readonly failures: readonly Pick<FailedTask, 'taskId' | 'at'>[];
}

export type ListedTask = Omit<FailedTask, 'reason'>;

export type TasksResult<Task> =
  | { readonly kind: 'read'; readonly tasks: readonly Task[] }
  | { readonly kind: 'unreachable' };

export interface RetryFailedResult {
  /** `resumed_meanwhile`: another client resumed the link before all tasks were moved. The rest was left as it is. */
  readonly kind: 'retried' | 'resumed_meanwhile' | 'unreachable';
  /** How many tasks were moved back to wait. */
  readonly tasks: number;
}

/** Adds jobs to the bot's own BullMQ queues. A job that waits is not added twice. Throws `StoreUnavailableError`. */
export interface JobQueue {
  execute(ref: OperationRef): Promise<void>;
  executeAll(refs: readonly OperationRef[]): Promise<void>;
  /** Removes the job of an operation that no worker will execute. Leaves a job that a worker has taken. */
  removeExecute(ref: OperationRef): Promise<void>;
  reconcile(id: ProjectId): Promise<void>;
  /** Continues a batch after `delayMs`, 0 by default. A later call replaces that delay by its own. */
  continueBatch(id: string, delayMs?: number): Promise<void>;
  /** An operation of the batch has ended. Calls within `delayMs` are one job. */
  batchOperationEnded(id: string, delayMs: number): Promise<void>;
  /** The project of an ended operation of the batch has changed. Calls within `laterChangeCollectMs` are one job. */
  batchOperationChanged(id: string): Promise<void>;
}

/** Asks the notifier to update messages. Never throws if nothing else is said: the sweep repeats a request that was lost. */
export interface NotificationQueue {
  /** The notifier updates the operation's messages after `delayMs`, 0 by default. A later call replaces that delay by its own. */
  operationChanged(ref: OperationRef, delayMs?: number): Promise<void>;
  /** The notifier updates the messages of the batch. */
  batchChanged(id: string): Promise<void>;
  /** Alerts of a channel have started, changed or been resolved. `wake`: at once, even if the job waits for a later time. */
  alertsChanged(channel: string, options: { readonly wake: boolean }): Promise<void>;
  /** There is something to do for the alerts of a channel after this time, ms. Throws `StoreUnavailableError`. */
  alertsDueIn(channel: string, delayMs: number): Promise<void>;
  /** No worker observes the links, or one does again. */
  observationChanged(): Promise<void>;
  /** A person has opened Home, or chosen a filter there. Throws `StoreUnavailableError`. */
  homeOpened(user: string): Promise<void>;
  /** Something that Homes show may have changed. Calls within two seconds are one update. */
  homesChanged(): Promise<void>;
  /** There are Homes to update after this time, ms. Throws `StoreUnavailableError`. */
  homesDueIn(delayMs: number): Promise<void>;
  /** Entries of the audit log may wait for the webhook. */
  auditDue(): Promise<void>;
  /** A digest of the channel is due. */
  digestDue(channel: string): Promise<void>;
}

/**
 * Updates messages to the current records. The only writer of messages; runs in the role `bot`. Throws `RetryLaterError`
 * if Slack asks for a delay, or any other error if the job should be tried again.
 */
export interface Notifier {
  notifyOperation(ref: OperationRef): Promise<void>;
  notifyBatch(id: string): Promise<void>;
  /** The alerts of a channel that have changed, as messages. */
  notifyAlerts(channel: string): Promise<void>;
  notifyObservation(): Promise<void>;
  /** Publishes the Home of a person who has opened it. */
  notifyHome(user: string): Promise<void>;
  /** Publishes the Homes that show something which has changed. */
  notifyHomes(): Promise<void>;
  /** Posts the digest of the channel if it is due. */
  notifyDigest(channel: string): Promise<void>;
}

export interface Clock {
  /** Epoch ms. */
  now(): number;
  /** Ms of a clock that never goes back, for durations. */
  monotonicNow(): number;
  /** Resolves after `ms`, or as soon as the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface IdGenerator {
  /** A random id of letters and digits. It fits a BullMQ job id, a Redis key and a Slack button value. */
  next(): string;
}
