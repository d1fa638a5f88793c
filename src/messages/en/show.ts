import type { TaskFailure } from '../../domain/link.ts';
import { type LinkStats, linkBacklog, linkLatencyMs, type ObservedProject } from '../../domain/observation.ts';
import type { Operation } from '../../domain/operation.ts';
import type { Project } from '../../domain/project.ts';
import { directionOf, type TrendSample, type TrendStat, toSamples, trendOf } from '../../domain/trend.ts';
import { type Formatter, joinDots, type TextContext } from '../format.ts';
import { gap, sparkline } from '../sparkline.ts';
import { catchUp } from './catch-up.ts';
import {
  andMore,
  capitalize,
  format,
  formatDuration,
  formatNumber,
  formatReason,
  type LinkFailure,
  pluralize,
  unreachableClause,
} from './format.ts';
import { skippedTasks } from './skipped.ts';
import { actions, operationStates } from './terms.ts';

/** Texts of the details of one project. The answer stays visible, so times are clock times. */
export const show = {
  /** `Since 18:53 by @bob · we deploy`. */
  since: ({ since, by, reason }: Pick<Project, 'since' | 'by' | 'reason'>, formatter: Formatter) =>
    joinDots(`Since ${formatter.time(since)} by ${formatter.person(by)}`, formatReason(reason, formatter, 200)),
  endpoints: (source: string | null, target: string | null) => `${source ?? 'Not named'} → ${target ?? 'not named'}`,
  labels: (labels: readonly string[], total: number) =>
    `Labels: ${labels.join(', ')}${total > labels.length ? ` ${andMore(total - labels.length)}` : ''}`,
  taskFailed: ({ link, at }: TaskFailure, reason: string, formatter: Formatter) =>
    `A task failed on ${formatter.link(link)} ${formatter.at(at)}: ${reason}`,
  linkUnreachable: (failure: LinkFailure, formatter: Formatter) =>
    `${formatter.link(failure.link)} ${unreachableClause(failure)} ${formatter.at(failure.at)}`,
  hiddenReason: 'only operators can see its reason',
  alertTitle: 'Alert',
  /** `Backlog 1,204, falling · latency 5 s, steady · 3 tasks in flight`. Failed tasks that wait come first. */
  numbers: ({ project, stats }: ObservedProject, samples: readonly TrendSample[], now: number) => {
    const { backlog, latencyMs } = stats;
    const parts = [
      [format.backlog(stats), directionClause(samples, 'backlog', { value: backlog, now })],
      [format.latency(stats), directionClause(samples, 'latencyMs', { value: latencyMs, now })],
    ];
    const waiting = format.waitForRestore(project.state, stats);
    return capitalize(joinDots(waiting, ...parts.map((part) => part.join('')), format.inFlight(stats)));
  },
  /**
   * The last hour until now: `Backlog ▇▅▃▂▁ 18,200 at 17:52 → 1,204 at 18:51`. The last number is that of `numbers`. No lines in
   * the first minutes of observation.
   */
  trends: (
    { samples, ...observed }: ObservedProject & { readonly samples: readonly TrendSample[] },
    { format: formatter, now }: TextContext,
  ): string[] => {
    const withNow = [...samples, ...toSamples([observed], now)];
    const shown = trendStats.flatMap(([stat, label, formatValue]) => {
      const trend = trendOf(withNow, stat, now);
      return trend === null ? [] : [{ trend, label, formatValue }];
    });
    const lines = shown.map(({ trend: { cells, first, last }, label, formatValue }) => {
      const [from, to] = [first, last].map(({ at, value }) => `${formatValue(value)} ${formatter.at(at)}`);
      return `${label} ${sparkline(cells)} ${from} → ${to}`;
    });
    const hasGap = shown.some(({ trend: { cells } }) => cells.includes(null));
    return hasGap ? [...lines, `${gap} Not observed`] : lines;
  },
  /** `2 skipped tasks`. */
  skipped: skippedTasks,
  operationsTitle: 'Last operations',
  /** Without the title. */
  noOperations: 'No operation yet',
  /** `18:53 · @bob · Pause · Done · we deploy`. `project`: its name, where the title does not have it. */
  operation: (operation: Operation, formatter: Formatter, project: string | null = null) => {
    const { action, by, state, requestedAt, outcome, reason } = operation;
    const partial =
      outcome !== null && outcome.linksDone < outcome.linksTotal
        ? ` (${outcome.linksDone} of ${pluralize(outcome.linksTotal, 'link')})`
        : '';
    return joinDots(
      formatter.time(requestedAt),
      project,
      formatter.person(by),
      actions[action].label,
      `${capitalize(catchUp.operationState(operation) ?? operationStates[state])}${partial}`,
      formatReason(reason, formatter, 60),
    );
  },
};

const trendStats = [
  ['backlog', 'Backlog', formatNumber],
  ['latencyMs', 'Latency', formatDuration],
] as const;

/** `, falling`. Nothing if that is not known, or if there is nothing to do. */
function directionClause(
  samples: readonly TrendSample[],
  stat: TrendStat,
  { value, now }: { readonly value: number | null; readonly now: number },
): string {
  const direction = value === null || value === 0 ? null : directionOf(samples, stat, { value, now });
  return direction === null ? '' : `, ${direction}`;
}

/** Texts of one link. */
export const links = {
  /** `100 links, the worst 5`, `5 of 100 links, none has a problem`, or `2 links`. */
  title: (total: number, shown: number, hasProblem: boolean) => {
    if (shown === total) return pluralize(total, 'link');
    return hasProblem
      ? `${pluralize(total, 'link')}, the worst ${formatNumber(shown)}`
      : `${formatNumber(shown)} of ${pluralize(total, 'link')}, none has a problem`;
  },
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
      [active, 'in flight'],
      [delayed, 'delayed'],
      [failed, 'failed'],
    ] as const;
    const parts = counts.map(([count, label]) => (count === 0 ? null : `${formatNumber(count)} ${label}`));
    const latency = linkBacklog(stats) > 0 ? `latency ${formatDuration(linkLatencyMs(stats))}` : null;
    return joinDots(...parts, latency) || 'no tasks';
  },
};
