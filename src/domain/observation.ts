import type { ConnectionFault } from './connection-fault.ts';
import type { Link, TaskFailure, Watermark } from './link.ts';
import type { Project } from './project.ts';

/**
 * Which failed tasks BullMQ keeps, by the option `removeOnFail` of a task. `bounded`: the newest `count`, and those that
 * failed within `ageMs`; null when there is no such bound. The options of a link's workers are not known.
 */
export type FailedRetention =
  | { readonly kind: 'all' | 'none' }
  | { readonly kind: 'bounded'; readonly count: number | null; readonly ageMs: number | null };

/** What is read of every queue. Times are epoch ms of the link's own Redis server. */
interface QueueFacts {
  readonly link: Link;
  readonly now: number;
  readonly paused: boolean;
  /** The version in the queue's record, such as `bullmq:6.7.0`. Null when the record has none. */
  readonly bullmqVersion: string | null;
  readonly failuresAfterWatermark: number;
  /** The oldest failures after the watermark, at most three. */
  readonly oldestFailures: readonly Omit<TaskFailure, 'kind' | 'link'>[];
  /** The watermark that a restore would set now. */
  readonly newestFailed: Watermark;
}

/** One observation of a link's queue. */
export interface LinkStats extends QueueFacts {
  readonly kind: 'read';
  /** A worker took a task after the pause. BullMQ 4 does that. */
  readonly ignoresPause: boolean;
  /** Null when no task shows it. */
  readonly failedRetention: FailedRetention | null;
  /** Tasks in FIFO or LIFO order that a worker could take now. */
  readonly waiting: number;
  readonly prioritized: number;
  readonly active: number;
  /** All delayed tasks, with the overdue ones. */
  readonly delayed: number;
  /** Delayed tasks that are due and that no worker has promoted. */
  readonly overdue: number;
  /** When the oldest of them was due. Null when none is. */
  readonly overdueSince: number | null;
  readonly failed: number;
  /** Tasks that were ever added. BullMQ also counts an addition that it dropped as a duplicate. */
  readonly added: number;
  /** Tasks that were ever added and are not in the queue any more, except in its lists of completed and failed ones. */
  readonly ended: number;
  /** When the oldest runnable task became runnable. Null when none is. */
  readonly oldestRunnableAt: number | null;
}

/** The numbers of the queue cannot be read, because of a task that BullMQ does not expect. */
export interface UnreadableLink extends QueueFacts {
  readonly kind: 'unreadable';
}

/** `missing`: the queue does not exist. `unreachable`: the link did not answer, so nothing is known about it. */
export type LinkObservation =
  | LinkStats
  | UnreadableLink
  | { readonly kind: 'missing'; readonly link: Link }
  | { readonly kind: 'unreachable'; readonly link: Link; readonly fault?: ConnectionFault };

/** What shows that workers have processed tasks of a queue. */
export type UsageEvidence = 'active_tasks' | 'completed_tasks' | 'failed_tasks' | 'removed_tasks' | 'work_events';

export type QueueUsage =
  | { readonly kind: 'unused' }
  | { readonly kind: 'used'; readonly evidence: UsageEvidence }
  | { readonly kind: 'unreachable' };

/** Whether this process does not have the connection of the link. It is then `unreachable` here only. */
export function isNotConfigured(observation: LinkObservation): boolean {
  return observation.kind === 'unreachable' && observation.fault?.kind === 'not_configured';
}

export function hasQueue(observation: LinkObservation): observation is LinkStats | UnreadableLink {
  return observation.kind === 'read' || observation.kind === 'unreadable';
}

/** One observation of a project. A number is null when not every link could be read. */
export interface ProjectStats {
  readonly observedAt: number;
  readonly latencyMs: number | null;
  /** Tasks that are runnable and that no worker has taken. */
  readonly backlog: number | null;
  readonly inFlight: number | null;
  readonly links: readonly LinkObservation[];
}

export interface ObservedProject {
  readonly project: Project;
  readonly stats: ProjectStats;
}

/**
 * The stats of a project from an observation of its links: the highest latency, the sum of the backlogs. A missing queue
 * counts as 0.
 */
export function toProjectStats(links: readonly LinkObservation[], observedAt: number): ProjectStats {
  const read = links.filter((observation) => observation.kind === 'read');
  const allRead = links.every(({ kind }) => kind === 'read' || kind === 'missing');
  const sum = (of: (stats: LinkStats) => number) => read.reduce((total, stats) => total + of(stats), 0);
  return {
    observedAt,
    links,
    latencyMs: allRead ? Math.max(0, ...read.map(linkLatencyMs)) : null,
    backlog: allRead ? sum(linkBacklog) : null,
    inFlight: allRead ? sum((stats) => stats.active) : null,
  };
}

/** How far one link is behind. 0 when nothing is runnable, and when the server's clock went back. */
export function linkLatencyMs(stats: LinkStats): number {
  return stats.oldestRunnableAt === null ? 0 : Math.max(0, stats.now - stats.oldestRunnableAt);
}

export function linkBacklog(stats: LinkStats): number {
  return stats.waiting + stats.prioritized + stats.overdue;
}

export function observedLinks(observations: readonly LinkObservation[]): Link[] {
  return observations.map(({ link }) => link);
}

/** How many tasks failed after the watermarks, on the links that answered. */
export function countFailures(links: readonly LinkObservation[]): number {
  return links.reduce((sum, observation) => sum + (hasQueue(observation) ? observation.failuresAfterWatermark : 0), 0);
}

/** The oldest failures after the watermarks over all links, at most three of each link, the oldest first. */
export function oldestFailures(links: readonly LinkObservation[]): TaskFailure[] {
  return links
    .flatMap((observation) =>
      hasQueue(observation)
        ? observation.oldestFailures.map(
            (task): TaskFailure => ({ kind: 'task_failed', link: observation.link, ...task }),
          )
        : [],
    )
    .sort((a, b) => a.at - b.at);
}

/** The oldest failure after the watermarks over all links. Returns null when no task failed. */
export function oldestFailure(links: readonly LinkObservation[]): TaskFailure | null {
  return oldestFailures(links)[0] ?? null;
}
