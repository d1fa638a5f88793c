import { maskFailureReason } from '../logging/redact.ts';
import { type Condition, type ConditionOf, sampledLinks, sampleLinks } from './conditions.ts';
import { detectDrift, isReconciling } from './drift.ts';
import { desiredLinkState } from './lifecycle.ts';
import { logRetentionDeadline } from './log-retention.ts';
import {
  countFailures,
  type LinkObservation,
  type LinkStats,
  observedLinks,
  oldestFailure,
  type ProjectStats,
} from './observation.ts';
import { reconcileTimeoutMs } from './operation.ts';
import type { WorkerCounts } from './precheck.ts';
import { botActor, type Link, linkId, type Project } from './project.ts';

/** One look at a project that nobody holds. */
export interface ProjectObservation {
  readonly project: Project;
  readonly stats: ProjectStats;
  /** In the order of the project's links. */
  readonly workers: WorkerCounts;
  /** The bot's Redis server time. */
  readonly now: number;
}

/** What was found of each kind: null nothing, undefined: it cannot be told this time. */
export type Conditions = { readonly [Kind in Condition['kind']]?: ConditionOf<Kind> | null | undefined };

/** Delayed tasks are promoted by workers within seconds. */
const overdueAfterMs = 30_000;

/** What a project's own record tells, without a look at its links. */
export function conditionsFromRecord(project: Project, now: number): Conditions {
  const { state, by, since, failure } = project;
  const until = logRetentionDeadline(project);
  const part = until === null ? 0 : until <= now ? 1 : (now - since) / (until - since);
  const log = <Kind extends 'log_retention_50' | 'log_retention_80' | 'log_retention_100'>(
    kind: Kind,
    from: number,
    to: number,
  ) => (until !== null && part >= from && part < to ? { kind, until } : null);
  return {
    project_failed: state === 'failed' && by === botActor ? { kind: 'project_failed', since, failure } : null,
    log_retention_50: log('log_retention_50', 0.5, 0.8),
    log_retention_80: log('log_retention_80', 0.8, 1),
    log_retention_100: log('log_retention_100', 1, Number.POSITIVE_INFINITY),
  };
}

/** Everything that one look tells. */
export function conditionsFromObservation(observation: ProjectObservation): Conditions {
  const { project, stats, now } = observation;
  const shouldBePaused = desiredLinkState(project.state) === 'paused';
  const running = project.state === 'running';
  const allReachable = stats.links.every(({ kind }) => kind !== 'unreachable');
  const unknownIfSampleUnreachable = <F>(kind: Condition['kind'], condition: F | null | undefined) =>
    condition === null && isSampleUnreachable(project.alerts[kind]?.alert.condition ?? null, stats.links)
      ? undefined
      : condition;
  const unknownIfAnyUnreachable = <F>(condition: F | null | undefined) =>
    condition === null && !allReachable ? undefined : condition;
  const drift = driftConditions(observation);
  return {
    ...conditionsFromRecord(project, now),
    unexpectedly_running: shouldBePaused
      ? unknownIfSampleUnreachable('unexpectedly_running', drift.unexpectedly_running)
      : drift.unexpectedly_running,
    pause_ignored: shouldBePaused ? unknownIfSampleUnreachable('pause_ignored', pauseIgnoredCondition(stats)) : null,
    unexpectedly_paused: unknownIfSampleUnreachable('unexpectedly_paused', drift.unexpectedly_paused),
    queue_created: drift.queue_created,
    no_worker: running ? unknownIfAnyUnreachable(noWorkerCondition(observation)) : null,
    latency: running ? unknownIfAnyUnreachable(latencyCondition(observation)) : null,
    tasks_failed: running ? unknownIfAnyUnreachable(tasksFailedCondition(observation)) : null,
  };
}

/** Of links that are being driven it cannot be told whether they drift; what could not be paused for long is told all the same. */
function driftConditions({
  project,
  stats,
  now,
}: ProjectObservation): Pick<Conditions, 'unexpectedly_running' | 'unexpectedly_paused' | 'queue_created'> {
  const reconciling = stats.links.filter(({ link }) => isReconciling(project, link));
  const unknownIfReconciling = <F>(condition: F | null) =>
    condition === null && reconciling.length > 0 ? undefined : condition;
  const isOverdue = project.activeOperation === null && now - project.since > reconcileTimeoutMs;
  const stuck = isOverdue && desiredLinkState(project.state) === 'paused' ? reconciling.filter(isRunning) : [];
  const { unexpectedlyRunning: loose, unexpectedlyPaused, created, deleted } = detectDrift(project, stats.links);
  const isDrift = unexpectedlyPaused.length + deleted.length > 0;
  return {
    unexpectedly_running: unknownIfReconciling(unexpectedlyRunning(loose, observedLinks(stuck))),
    unexpectedly_paused: unknownIfReconciling(
      isDrift
        ? { kind: 'unexpectedly_paused', paused: sampleLinks(unexpectedlyPaused), deleted: sampleLinks(deleted) }
        : null,
    ),
    queue_created: unknownIfReconciling(
      created.length > 0 ? { kind: 'queue_created', links: sampleLinks(created) } : null,
    ),
  };
}

function unexpectedlyRunning(
  resumed: readonly Link[],
  stuck: readonly Link[],
): ConditionOf<'unexpectedly_running'> | null {
  if (resumed.length > 0) return { kind: 'unexpectedly_running', links: sampleLinks(resumed), cause: 'resumed' };
  return stuck.length > 0 ? { kind: 'unexpectedly_running', links: sampleLinks(stuck), cause: 'not_paused' } : null;
}

function isRunning(reading: LinkObservation): boolean {
  return reading.kind === 'read' && !reading.paused;
}

/** Whether one of the links that an open alert names does not answer: then it cannot be told to be over. */
function isSampleUnreachable(firing: Condition | null, links: readonly LinkObservation[]): boolean {
  const unreachable = new Set(links.filter(({ kind }) => kind === 'unreachable').map(({ link }) => linkId(link)));
  return firing !== null && sampledLinks(firing).some((link) => unreachable.has(linkId(link)));
}

function noWorkerCondition({ stats, workers }: ProjectObservation): ConditionOf<'no_worker'> | null | undefined {
  const noWorker = stats.links.filter(({ kind }, index) => kind === 'read' && workers[index] === 0);
  const overdue = readLinks(stats).filter(
    ({ overdueSince, now }) => overdueSince !== null && now - overdueSince > overdueAfterMs,
  );
  if (noWorker.length + overdue.length === 0) return workers.includes(null) ? undefined : null;
  return {
    kind: 'no_worker',
    noWorker: sampleLinks(observedLinks(noWorker)),
    overdue: sampleLinks(observedLinks(overdue)),
  };
}

function latencyCondition({ project, stats: { latencyMs } }: ProjectObservation): ConditionOf<'latency'> | null {
  const limitMs = project.definition.latencyAlert;
  if (limitMs === null || latencyMs === null || latencyMs <= limitMs) return null;
  return { kind: 'latency', latencyMs, limitMs };
}

function tasksFailedCondition({ project, stats }: ProjectObservation): ConditionOf<'tasks_failed'> | null {
  const oldest = oldestFailure(stats.links);
  if (project.definition.onFailure !== 'continue' || oldest === null) return null;
  const count = countFailures(stats.links);
  const { taskId, reason, at } = oldest.task;
  return { kind: 'tasks_failed', count, failure: { link: oldest.link, taskId, reason: maskFailureReason(reason), at } };
}

function pauseIgnoredCondition(figures: ProjectStats): ConditionOf<'pause_ignored'> | null {
  const ignoring = readLinks(figures).filter(({ paused, ignoresPause }) => paused && ignoresPause);
  return ignoring.length > 0 ? { kind: 'pause_ignored', links: sampleLinks(observedLinks(ignoring)) } : null;
}

function readLinks({ links }: ProjectStats): LinkStats[] {
  return links.filter((reading) => reading.kind === 'read');
}
