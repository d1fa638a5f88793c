import type { Link, Project, Watermark } from './project.ts';

/** A task that failed for good after the watermark. `reason` is the raw first line: mask it before it is shown. */
export interface FailedTask {
  readonly taskId: string;
  readonly reason: string;
  /** Epoch ms, by the link worker's clock. */
  readonly at: number;
}

/** What one look at a link's queue found. Times are epoch ms of the link's own Redis server. */
export interface LinkStats {
  readonly kind: 'read';
  readonly link: Link;
  readonly paused: boolean;
  /** A worker has begun a task since the pause: it does not heed the flag, as one of BullMQ 4. */
  readonly ignoresPause: boolean;
  /** Whether the next task is kept when it fails, as its options say; null when there is none to look at. */
  readonly keepsFailed: boolean | null;
  /** Tasks that could be taken now, in FIFO or LIFO order. */
  readonly waiting: number;
  readonly prioritized: number;
  readonly active: number;
  /** All delayed tasks, the overdue ones included. */
  readonly delayed: number;
  /** Delayed tasks whose moment has passed: runnable, and no worker has promoted them. */
  readonly overdue: number;
  /** When the oldest of those was due; null when none is. */
  readonly overdueSince: number | null;
  readonly failed: number;
  /** When the oldest task that is runnable now became runnable; null when none is. */
  readonly oldestRunnableAt: number | null;
  readonly now: number;
  /** What BullMQ wrote into the queue's record, such as `bullmq:6.7.0`; null when it says nothing. */
  readonly bullmqVersion: string | null;
  readonly failuresAfterWatermark: number;
  /** The oldest failures after the watermark, at most three. */
  readonly oldestFailures: readonly FailedTask[];
  /** The newest failed task as of now. */
  readonly newestFailed: Watermark;
}

/** A link is read, or its queue does not exist, or it did not answer: then nothing is known about it. */
export type LinkObservation =
  | LinkStats
  | { readonly kind: 'missing'; readonly link: Link }
  | { readonly kind: 'unreachable'; readonly link: Link };

/** What shows that tasks of a queue have been worked on. */
export type UsageEvidence = 'active_tasks' | 'completed_tasks' | 'failed_tasks' | 'removed_tasks' | 'work_events';

export type QueueUsage =
  | { readonly kind: 'unused' }
  | { readonly kind: 'used'; readonly evidence: UsageEvidence }
  | { readonly kind: 'unreachable' };

/** Failed tasks after their watermarks, on the links that answer. */
export function countFailures(links: readonly LinkObservation[]): number {
  return links.reduce(
    (sum, observation) => sum + (observation.kind === 'read' ? observation.failuresAfterWatermark : 0),
    0,
  );
}

/** The links that were looked at. */
export function observedLinks(observations: readonly LinkObservation[]): Link[] {
  return observations.map(({ link }) => link);
}

/** Live figures of a project. A figure that could not be read on every link is null, never a guess. */
export interface ProjectStats {
  readonly observedAt: number;
  readonly latencyMs: number | null;
  readonly backlog: number | null;
  readonly inFlight: number | null;
  readonly links: readonly LinkObservation[];
}

/** How far one link is behind: 0 when nothing is runnable; a clock that runs back never shows less. */
export function linkLatencyMs(stats: LinkStats): number {
  return stats.oldestRunnableAt === null ? 0 : Math.max(0, stats.now - stats.oldestRunnableAt);
}

/** Tasks of a link that are runnable now and not yet taken. */
export function linkBacklog(stats: LinkStats): number {
  return stats.waiting + stats.prioritized + stats.overdue;
}

/**
 * The figures of a project from one look at its links: the worst link's latency, the sum of the backlogs. A missing queue
 * carries nothing and counts as 0; an unreachable link makes the figures unknown.
 */
export function toProjectStats(links: readonly LinkObservation[], observedAt: number): ProjectStats {
  const read = links.filter((observation) => observation.kind === 'read');
  const known = links.every((observation) => observation.kind !== 'unreachable');
  const sum = (of: (stats: LinkStats) => number) => read.reduce((total, stats) => total + of(stats), 0);
  return {
    observedAt,
    links,
    latencyMs: known ? Math.max(0, ...read.map(linkLatencyMs)) : null,
    backlog: known ? sum(linkBacklog) : null,
    inFlight: known ? sum((stats) => stats.active) : null,
  };
}

/** The oldest failure after the watermark over all links, or null: what makes a Running project Failed. */
export function oldestFailure(links: readonly LinkObservation[]): { link: Link; task: FailedTask } | null {
  const failures = links.flatMap((observation) =>
    observation.kind === 'read' ? observation.oldestFailures.map((task) => ({ link: observation.link, task })) : [],
  );
  return failures.reduce<{ link: Link; task: FailedTask } | null>(
    (oldest, failure) => (oldest === null || failure.task.at < oldest.task.at ? failure : oldest),
    null,
  );
}

/** A project together with a live look at it. */
export interface ObservedProject {
  readonly project: Project;
  readonly stats: ProjectStats;
}
