import type { ConditionResult } from './alert.ts';
import { type AlertKind, type Condition, type ConditionOf, sampledLinks } from './conditions.ts';
import { detectDrift, isReconciling } from './drift.ts';
import type { FailureCauses } from './failure-causes.ts';
import { desiredLinkState } from './lifecycle.ts';
import { linkId, sampleLinks } from './link.ts';
import {
  countFailures,
  hasQueue,
  type LinkObservation,
  observedLinks,
  oldestFailure,
  type ProjectStats,
} from './observation.ts';
import { operationReconcileTimeoutMs } from './operation.ts';
import { activeDeadline, isEndingSoon } from './pause-timer.ts';
import { reminderDueAt } from './paused-reminder.ts';
import type { WorkerCounts } from './precheck.ts';
import { botActor, type Project } from './project.ts';
import { logRetentionDeadline } from './source-log-retention.ts';

/** One observation of a project that has no active operation. */
export interface ProjectObservation {
  readonly project: Project;
  readonly stats: ProjectStats;
  /** In the order of the project's links. */
  readonly workers: WorkerCounts;
  /** Failed tasks that have been removed since the watermarks, at least. */
  readonly removedTasks: number;
  /** Null if no task failed, and if that was not read. */
  readonly causes: FailureCauses | null;
  /** The bot's Redis server time. */
  readonly now: number;
  /** `settings.pausedReminder`, ms. 0 for never. */
  readonly pausedReminderMs: number;
}

/** The results of one observation. A kind that is not here was not evaluated. */
export type ConditionResults = { readonly [Kind in AlertKind]?: ConditionResult<ConditionOf<Kind>> };
type ResultsOf<Kind extends AlertKind> = { readonly [Each in Kind]: ConditionResult<ConditionOf<Each>> };
type LogKind = 'log_retention_50' | 'log_retention_80' | 'log_retention_100';
type RecordKind = 'project_failed' | 'paused_reminder' | 'pause_ending' | 'pause_overdue' | LogKind;

/** Workers promote delayed tasks within seconds. */
const overdueAfterMs = 30_000;

const absent = { kind: 'absent' } as const;
const unknown = { kind: 'unknown' } as const;

/** Evaluates every kind. A kind that the project's state excludes is `absent`, even if a link does not answer. */
export function evaluateObservation(observation: ProjectObservation): ResultsOf<AlertKind> {
  const { project, stats } = observation;
  const desired = desiredLinkState(project.state);
  const { unexpectedlyPaused, created, deleted } = detectDrift(project, stats.links);
  const paused = { kind: 'unexpectedly_paused', links: sampleLinks(unexpectedlyPaused) } as const;
  const isRunning = project.state === 'running';
  return {
    ...evaluateRecord({ ...observation, causes: causesWithWorkers(observation) }),
    unexpectedly_running: desired === 'paused' ? evaluateUnexpectedlyRunning(observation) : absent,
    unexpectedly_paused: desired === 'resumed' ? evaluateDrift(paused, observation) : absent,
    pause_ignored: desired === 'paused' ? evaluatePauseIgnored(observation) : absent,
    queue_created: evaluateDrift({ kind: 'queue_created', links: sampleLinks(created) }, observation),
    queue_missing: evaluateDrift({ kind: 'queue_missing', links: sampleLinks(deleted) }, observation),
    link_unreadable: evaluateUnreadable(observation),
    no_worker: isRunning ? evaluateNoWorker(observation) : absent,
    latency: isRunning ? evaluateLatency(observation) : absent,
    tasks_failed: isRunning ? evaluateTasksFailed(observation) : absent,
  };
}

/** What decides the conditions of a project's record. */
type RecordObservation = Pick<ProjectObservation, 'project' | 'now' | 'pausedReminderMs' | 'causes'>;

/** Evaluates the kinds that the project's record decides alone. `causes`: null if they are not known. */
export function evaluateRecord({ project, now, pausedReminderMs, causes }: RecordObservation): ResultsOf<RecordKind> {
  const log = logRetentionCondition(project, now);
  return {
    project_failed: evaluateProjectFailed(project, causes),
    log_retention_50: log?.kind === 'log_retention_50' ? present(log) : absent,
    log_retention_80: log?.kind === 'log_retention_80' ? present(log) : absent,
    log_retention_100: log?.kind === 'log_retention_100' ? present(log) : absent,
    pause_ending: evaluatePauseEnding(project, now),
    pause_overdue: evaluatePauseOverdue(project),
    paused_reminder: evaluatePausedReminder(project, reminderDueAt(project, pausedReminderMs), now),
  };
}

function evaluateProjectFailed(project: Project, causes: FailureCauses | null) {
  const { state, by, since, failure, failureStreak } = project;
  if (state !== 'failed' || by !== botActor) return absent;
  const streak = failureStreak === null ? {} : { streak: failureStreak };
  const known = causes ?? knownCauses(project);
  return present({ kind: 'project_failed', since, failure, ...streak, ...withCauses(known) } as const);
}

/** What the alert of this failure has already, for an observation without them. */
function knownCauses({ since, alerts }: Project): FailureCauses | null {
  const condition = alerts.project_failed?.alert.condition;
  return condition?.kind === 'project_failed' && condition.since === since ? (condition.causes ?? null) : null;
}

function evaluatePausedReminder({ since, by, reason }: Project, dueAt: number | null, now: number) {
  return dueAt !== null && now >= dueAt ? present({ kind: 'paused_reminder', since, by, reason } as const) : absent;
}

function evaluatePauseEnding(project: Project, now: number) {
  const deadline = activeDeadline(project);
  if (deadline === null || !isEndingSoon(deadline, now)) return absent;
  const { at: until, by, setAt } = deadline;
  return present({ kind: 'pause_ending', until, by, setAt } as const);
}

function evaluatePauseOverdue({ state, pausedUntil }: Project) {
  if (state !== 'paused' || pausedUntil === null) return absent;
  const { at: until, by, setAt, attempts, nextAttemptAt, code, stopped } = pausedUntil;
  const facts = { kind: 'pause_overdue', until, by, setAt } as const;
  if (stopped !== null) return present({ ...facts, cause: { kind: 'changed', change: stopped.change } as const });
  if (attempts === 0) return absent;
  return present({ ...facts, cause: { kind: 'not_restored', attempts, nextAttemptAt, code } as const });
}

function logRetentionCondition(project: Project, now: number): ConditionOf<LogKind> | null {
  const until = logRetentionDeadline(project);
  if (until === null) return null;
  if (now >= until) return { kind: 'log_retention_100', until };
  const elapsed = (now - project.since) / (until - project.since);
  if (elapsed >= 0.8) return { kind: 'log_retention_80', until };
  return elapsed >= 0.5 ? { kind: 'log_retention_50', until } : null;
}

/**
 * Links that were resumed from outside. Without such links: links that are not paused yet, if the project's state is older
 * than `operationReconcileTimeoutMs`.
 */
function evaluateUnexpectedlyRunning(observation: ProjectObservation) {
  const { project, stats, now } = observation;
  const resumed = detectDrift(project, stats.links).unexpectedlyRunning;
  const drift = { kind: 'unexpectedly_running', links: sampleLinks(resumed), cause: 'resumed' } as const;
  if (resumed.length > 0) return present(drift);
  const isTooLate = project.activeOperation === null && now - project.since > operationReconcileTimeoutMs;
  const notPaused = stats.links.filter((each) => hasQueue(each) && !each.paused && isReconciling(project, each.link));
  if (!isTooLate || notPaused.length === 0) return evaluateDrift(drift, observation);
  return present({ ...drift, links: sampleLinks(observedLinks(notPaused)), cause: 'not_paused' as const });
}

/** Returns `unknown` if a link that is being reconciled, or that does not answer, may hide the drift. */
function evaluateDrift<Drift extends Condition & { readonly links: { readonly total: number } }>(
  condition: Drift,
  observation: ProjectObservation,
): ConditionResult<Drift> {
  const { project, stats } = observation;
  if (condition.links.total > 0) return present(condition);
  if (stats.links.some(({ link }) => isReconciling(project, link))) return unknown;
  return isHidden(condition.kind, observation, ['unreachable']) ? unknown : absent;
}

function evaluatePauseIgnored(observation: ProjectObservation): ConditionResult<ConditionOf<'pause_ignored'>> {
  const ignoring = readLinks(observation.stats).filter(({ paused, ignoresPause }) => paused && ignoresPause);
  if (ignoring.length > 0) return present({ kind: 'pause_ignored', links: sampleLinks(observedLinks(ignoring)) });
  return isHidden('pause_ignored', observation, ['unreachable', 'unreadable']) ? unknown : absent;
}

function evaluateUnreadable(observation: ProjectObservation): ConditionResult<ConditionOf<'link_unreadable'>> {
  const unreadable = observedLinks(observation.stats.links.filter(({ kind }) => kind === 'unreadable'));
  if (unreadable.length > 0) return present({ kind: 'link_unreadable', links: sampleLinks(unreadable) });
  return isHidden('link_unreadable', observation, ['unreachable']) ? unknown : absent;
}

function evaluateNoWorker({ stats, workers }: ProjectObservation): ConditionResult<ConditionOf<'no_worker'>> {
  const noWorker = observedLinks(stats.links.filter((each, index) => hasQueue(each) && workers[index] === 0));
  const overdue = observedLinks(
    readLinks(stats).filter(({ overdueSince, now }) => overdueSince !== null && now - overdueSince > overdueAfterMs),
  );
  if (noWorker.length + overdue.length > 0)
    return present({ kind: 'no_worker', noWorker: sampleLinks(noWorker), overdue: sampleLinks(overdue) });
  return workers.includes(null) || hasAny(stats, ['unreachable', 'unreadable']) ? unknown : absent;
}

function evaluateLatency({ project, stats }: ProjectObservation): ConditionResult<ConditionOf<'latency'>> {
  const limitMs = project.definition.latencyAlert;
  if (limitMs === null) return absent;
  if (stats.latencyMs === null) return unknown;
  return stats.latencyMs > limitMs ? present({ kind: 'latency', latencyMs: stats.latencyMs, limitMs }) : absent;
}

function evaluateTasksFailed(observation: ProjectObservation): ConditionResult<ConditionOf<'tasks_failed'>> {
  const { project, stats, removedTasks } = observation;
  if (project.definition.onFailure !== 'continue') return absent;
  const failure = oldestFailure(stats.links);
  if (failure !== null)
    return present({
      kind: 'tasks_failed',
      count: countFailures(stats.links),
      failure,
      removedTasks,
      ...withCauses(causesWithWorkers(observation)),
    });
  return hasAny(stats, ['unreachable']) ? unknown : absent;
}

function causesWithWorkers({ causes, workers }: ProjectObservation): FailureCauses | null {
  if (causes === null || workers.length === 0) return causes;
  const total = workers.reduce((sum, count) => (sum === null || count === null ? null : sum + count), 0);
  return total === null ? causes : { ...causes, workers: total };
}

function withCauses(causes: FailureCauses | null): { readonly causes?: FailureCauses } {
  return causes === null ? {} : { causes };
}

type ObservationKind = LinkObservation['kind'];

/**
 * Whether the firing alert names a link that was observed as one of these kinds. Then it is not known whether the alert is
 * resolved.
 */
function isHidden(
  kind: AlertKind,
  { project, stats }: ProjectObservation,
  hidingKinds: readonly ObservationKind[],
): boolean {
  const alert = project.alerts[kind]?.alert;
  if (alert === undefined || alert.state === 'resolved') return false;
  const hidden = stats.links.filter((each) => hidingKinds.includes(each.kind)).map(({ link }) => linkId(link));
  return sampledLinks(alert.condition).some((link) => hidden.includes(linkId(link)));
}

function readLinks({ links }: ProjectStats) {
  return links.filter((each) => each.kind === 'read');
}

function hasAny({ links }: ProjectStats, kinds: readonly ObservationKind[]): boolean {
  return links.some(({ kind }) => kinds.includes(kind));
}

function present<Present extends Condition>(condition: Present): { kind: 'present'; condition: Present } {
  return { kind: 'present', condition };
}
