import { conditionWeight } from './alert-group.ts';
import type { AlertKind } from './conditions.ts';
import type { Project } from './project.ts';
import { countStates, type ProjectState, projectStates, type StateCounts, urgency } from './project-state.ts';

/**
 * Why a project needs attention: it is Failed, or an alert fires. The most urgent cause comes first, the alerts in the order of
 * `alertKinds`. A queue that was created and a pause that ends soon need no action. The state Failed includes its alert.
 */
export const attentionCauses = [
  'failed',
  'unexpectedly_running',
  'pause_ignored',
  'log_retention_100',
  'log_retention_80',
  'log_retention_50',
  'unexpectedly_paused',
  'queue_missing',
  'link_unreadable',
  'tasks_failed',
  'no_worker',
  'latency',
  'pause_overdue',
  'paused_reminder',
] as const satisfies readonly ('failed' | AlertKind)[];
export type AttentionCause = (typeof attentionCauses)[number];

type StateAndAlerts = Pick<Project, 'state' | 'alerts'>;

/** The most urgent cause, or null if the project needs no attention. */
export function attentionCause({ state, alerts }: StateAndAlerts): AttentionCause | null {
  if (state === 'failed') return 'failed';
  return attentionCauses.find((cause) => cause !== 'failed' && alerts[cause]?.alert.state === 'firing') ?? null;
}

/** How many projects are in each state, and how many need attention by their most urgent cause. */
export interface ProjectCounts {
  readonly states: StateCounts;
  readonly attention: AttentionCounts;
}
export type AttentionCounts = Readonly<Record<AttentionCause, number>>;

export function countProjects(projects: readonly StateAndAlerts[]): ProjectCounts {
  const causes = projects.map(attentionCause);
  return {
    states: countStates(projects),
    attention: countsByCause((cause) => causes.filter((each) => each === cause).length),
  };
}

export function countsByCause(countOf: (cause: AttentionCause) => number): AttentionCounts {
  return {
    failed: countOf('failed'),
    unexpectedly_running: countOf('unexpectedly_running'),
    pause_ignored: countOf('pause_ignored'),
    log_retention_100: countOf('log_retention_100'),
    log_retention_80: countOf('log_retention_80'),
    log_retention_50: countOf('log_retention_50'),
    unexpectedly_paused: countOf('unexpectedly_paused'),
    queue_missing: countOf('queue_missing'),
    link_unreadable: countOf('link_unreadable'),
    tasks_failed: countOf('tasks_failed'),
    no_worker: countOf('no_worker'),
    latency: countOf('latency'),
    pause_overdue: countOf('pause_overdue'),
    paused_reminder: countOf('paused_reminder'),
  };
}

/** How many projects need attention. */
export function attentionTotal(counts: AttentionCounts): number {
  return attentionCauses.reduce((total, cause) => total + counts[cause], 0);
}

/** The urgency is stored in Redis. Earlier versions stored numbers below 1,000, which mean something else. */
const firstUrgency = 1_000;
const urgenciesPerCause = 10;

/** A level in the order of the list. Its projects are ordered by how bad their alert is, then by id. */
export interface UrgencyLevel {
  readonly cause: AttentionCause | null;
  readonly state: ProjectState;
  /** The smallest number comes first. */
  readonly urgency: number;
}

/** All levels, the most urgent first. */
export const urgencyLevels: readonly UrgencyLevel[] = [...attentionCauses, null].flatMap((cause) =>
  projectStates
    .filter((state) => (state === 'failed') === (cause === 'failed'))
    .map((state) => ({ cause, state, urgency: levelUrgency(cause, state) }))
    .sort((a, b) => a.urgency - b.urgency),
);

/**
 * Projects that need attention come first, by their most urgent cause. Then the order is that of the states. Of alerts of one
 * kind the worst comes first, as in the message about them. So the urgency is that of the level, or less than 1 more.
 */
export function urgencyOf(project: StateAndAlerts): number {
  const cause = attentionCause(project);
  const level = levelUrgency(cause, project.state);
  const alert = cause === null || cause === 'failed' ? undefined : project.alerts[cause]?.alert;
  return alert?.state === 'firing' ? level + 1 / (1 + conditionWeight(alert.condition)) : level;
}

function levelUrgency(cause: AttentionCause | null, state: ProjectState): number {
  const rank = cause === null ? attentionCauses.length : attentionCauses.indexOf(cause);
  return firstUrgency + rank * urgenciesPerCause + urgency[state];
}
