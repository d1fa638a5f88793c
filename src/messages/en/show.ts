import { type LinkStats, linkBacklog, linkLatencyMs } from '../../domain/observation.ts';
import type { Operation } from '../../domain/operation.ts';
import type { ProjectState } from '../../domain/project-state.ts';
import { type Formatter, joinDots, type TextContext } from '../format.ts';
import {
  formatDuration,
  formatNumber,
  formatReason,
  type LinkFailure,
  pluralize,
  unreachableClause,
} from './format.ts';
import { actions, operationStates, stateClause } from './terms.ts';

/** Texts of the details of one project. */
export const show = {
  /** `orders is Paused for 2 h by @bob`. */
  headline: (project: string, state: ProjectState, since: string) => `${stateClause(project, state)} ${since}`,
  endpoints: (source: string | null, target: string | null) => `${source ?? 'not named'} → ${target ?? 'not named'}`,
  labels: (labels: readonly string[], total: number) =>
    `Labels: ${labels.join(', ')}${total > labels.length ? ` and ${total - labels.length} more` : ''}`,
  taskFailed: (link: string, ageMs: number, reason: string) =>
    `A task failed on ${link} ${formatDuration(ageMs)} ago: ${reason}`,
  linkUnreachable: (failure: LinkFailure, { format, now }: TextContext) =>
    `${formatDuration(now - failure.at)} ago ${format.link(failure.link)} ${unreachableClause(failure)}`,
  hiddenReason: 'only operators can see its reason',
  alertTitle: 'Alert',
  precheckTitle: 'Precheck',
  operationsTitle: 'Last operations',
  noOperations: 'None yet',
  operation: ({ action, by, state, requestedAt, outcome, reason }: Operation, { format, now }: TextContext) => {
    const partial =
      outcome !== null && outcome.linksDone < outcome.linksTotal
        ? ` (${outcome.linksDone} of ${pluralize(outcome.linksTotal, 'link')})`
        : '';
    return joinDots(
      `${actions[action].label} by ${format.person(by)} ${formatDuration(now - requestedAt)} ago`,
      `${operationStates[state]}${partial}`,
      formatReason(reason, format, 100),
    );
  },
  precheckHint: (project: string, format: Formatter) => `${format.command(`precheck ${project}`)} checks again`,
};

/** Texts of one link. */
export const links = {
  unreachable: 'not reachable, numbers unknown',
  notConfigured: 'its connection is not configured in this process, numbers unknown',
  unreadable: 'numbers unreadable, because a task has an unexpected timestamp or id',
  missing: 'no such queue',
  paused: 'paused',
  running: 'running',
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
    return joinDots(...parts, latency) || 'nothing to do';
  },
  notShown: (count: number) => `${pluralize(count, 'more link')} not shown, in the same or a better condition`,
};
