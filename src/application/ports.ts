import type { DesiredLinkState } from '../domain/lifecycle.ts';
import type { Link, Watermark } from '../domain/link.ts';
import type { LinkObservation, QueueUsage } from '../domain/observation.ts';
import type { OperationRef } from '../domain/operation.ts';
import type { ConnectionInfo, WorkerCounts } from '../domain/precheck.ts';
import type { ProjectId } from '../domain/project.ts';

export interface LinkWithWatermark {
  readonly link: Link;
  readonly watermark: Watermark;
}

/** A link's pause flag, or why there is none to read. */
export type LinkStatus = 'paused' | 'resumed' | 'missing' | 'unreachable';

export interface RetryFailedResult {
  /** `stopped`: the link was resumed before all failed tasks were moved. The rest stay failed. */
  readonly kind: 'retried' | 'stopped' | 'unreachable';
  /** How many tasks were moved. */
  readonly tasks: number;
}

/** `expired`: the command was not sent in time, so it was not sent. `unreachable`: it may or may not have been applied. */
export type SetPausedResult = 'applied' | 'expired' | 'unreachable';

export interface SetPausedTimeouts {
  /** How long each link has to answer, ms. */
  readonly responseMs: number;
  /** How long what was decided holds, ms from the call: a command that has not gone out by then does not. */
  readonly validForMs: number;
}

/** The links' queues. Never throws for a link that does not answer: that is one of the answers. */
export interface LinkGateway {
  /** Reads the pause flags, in the order of `links`. Each link has `withinMs` to answer. */
  readStatuses(links: readonly Link[], timeoutMs: number): Promise<LinkStatus[]>;
  /**
   * Pauses or resumes links whose flag was just seen to differ, all at once. The caller has made sure that each queue
   * exists: a pause would create it. A command whose connection breaks may land once more after it is back, some 100 ms
   * later at the earliest.
   */
  setPaused(links: readonly Link[], desired: DesiredLinkState, timeouts: SetPausedTimeouts): Promise<SetPausedResult[]>;
  /** Puts the tasks that failed after the watermark back before newer ones, oldest first, while the link is paused. */
  retryFailed(links: readonly LinkWithWatermark[]): Promise<RetryFailedResult[]>;
  /** One look at each link, in chunks; a slow connection never holds up the others. */
  observe(links: readonly LinkWithWatermark[]): Promise<LinkObservation[]>;
  /** What the connections say of themselves, one for each name. */
  readConnections(names: readonly string[]): Promise<ConnectionInfo[]>;
  countWorkers(links: readonly Link[]): Promise<WorkerCounts>;
  /**
   * Whether tasks of a queue have been worked on: an active, completed or failed task, an event of one, or an id counter
   * above the number of tasks.
   */
  findUsage(links: readonly Link[]): Promise<QueueUsage[]>;
}

/** The bot's own BullMQ queues, as far as the use cases know them. Adding twice is harmless. */
export interface JobQueue {
  execute(ref: OperationRef): Promise<void>;
  reconcile(id: ProjectId): Promise<void>;
}

/** Has people told how things stand. Never throws: what could not be told is found by the sweep. */
export interface NotificationQueue {
  operationChanged(ref: OperationRef): Promise<void>;
  /** Alerts of a project have begun, changed or ended. */
  alertsChanged(id: ProjectId): Promise<void>;
}

/**
 * Brings messages up to date with what is so now. The one writer of messages; runs where Slack is reachable. Throws
 * `RetryLaterError` when Slack asks for it, or a fault that is worth another try.
 */
export interface Notifier {
  notifyOperation(ref: OperationRef): Promise<void>;
  notifyAlerts(id: ProjectId): Promise<void>;
}

export interface Clock {
  /** Ms since the epoch. */
  now(): number;
  /** Ms of a clock that only goes forward, also when somebody sets the other: for how long something took. */
  monotonicNow(): number;
  /** Resolves after `ms`, or at once when the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface IdGenerator {
  /** A random id that fits a BullMQ job id, a Redis key and a Slack button value: letters and digits. */
  next(): string;
}
