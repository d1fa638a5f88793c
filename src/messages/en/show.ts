import { type LinkStats, linkBacklog, linkLatencyMs, type ProjectStats } from '../../domain/observation.ts';
import type { Operation } from '../../domain/operation.ts';
import type { Project } from '../../domain/project.ts';
import { type Formatter, joinDots } from '../format.ts';
import {
  capitalize,
  format,
  formatDuration,
  formatNumber,
  formatReason,
  type LinkFailure,
  pluralize,
  unreachableClause,
} from './format.ts';
import { actions, operationStates } from './terms.ts';

/** Texts of the details of one project. The answer stays visible, so times are clock times. */
export const show = {
  /** `Since 18:53 · @bob · we deploy`. */
  since: ({ since, by, reason }: Pick<Project, 'since' | 'by' | 'reason'>, formatter: Formatter) =>
    joinDots(`Since ${formatter.time(since)}`, formatter.person(by), formatReason(reason, formatter, 200)),
  endpoints: (source: string | null, target: string | null) => `${source ?? 'Not named'} → ${target ?? 'not named'}`,
  labels: (labels: readonly string[], total: number) =>
    `Labels: ${labels.join(', ')}${total > labels.length ? ` and ${total - labels.length} more` : ''}`,
  taskFailed: (link: string, time: string, reason: string) => `A task failed on ${link} at ${time}: ${reason}`,
  linkUnreachable: (failure: LinkFailure, formatter: Formatter) =>
    `${formatter.link(failure.link)} ${unreachableClause(failure)} at ${formatter.time(failure.at)}`,
  hiddenReason: 'only operators can see its reason',
  alertTitle: 'Alert',
  /** `Backlog 1,204 · latency 5 s · 3 tasks in flight`. */
  numbers: (stats: ProjectStats) =>
    capitalize(joinDots(format.backlog(stats), format.latency(stats), format.inFlight(stats))),
  operationsTitle: 'Last operations',
  noOperations: 'None yet',
  /** `18:53 · @bob · Pause · Done · we deploy`. */
  operation: ({ action, by, state, requestedAt, outcome, reason }: Operation, formatter: Formatter) => {
    const partial =
      outcome !== null && outcome.linksDone < outcome.linksTotal
        ? ` (${outcome.linksDone} of ${pluralize(outcome.linksTotal, 'link')})`
        : '';
    return joinDots(
      formatter.time(requestedAt),
      formatter.person(by),
      actions[action].label,
      `${capitalize(operationStates[state])}${partial}`,
      formatReason(reason, formatter, 60),
    );
  },
};

/** Texts of one link. */
export const links = {
  /** `100 links, the worst 5`, or `2 links`. */
  title: (total: number, shown: number) =>
    shown < total ? `${pluralize(total, 'link')}, the worst ${formatNumber(shown)}` : pluralize(total, 'link'),
  unreachable: 'Not reachable, numbers unknown',
  notConfigured: 'Its connection is not configured in this process, numbers unknown',
  unreadable: 'Numbers unreadable, because a task has an unexpected timestamp or id',
  missing: 'No such queue',
  paused: 'Paused',
  running: 'Running',
  /** The numbers that are not 0. */
  stats: (stats: LinkStats) => {
    const { active, delayed, failed, prioritized, waiting } = stats;
    const counts = [
      [waiting + prioritized, 'waiting'],
      [active, 'active'],
      [delayed, 'delayed'],
      [failed, 'failed'],
    ] as const;
    const parts = counts.map(([count, label]) => (count === 0 ? null : `${formatNumber(count)} ${label}`));
    const latency = linkBacklog(stats) > 0 ? `latency ${formatDuration(linkLatencyMs(stats))}` : null;
    return joinDots(...parts, latency) || 'no tasks';
  },
};
