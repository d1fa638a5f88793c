import type { FailureCauses } from '../../domain/failure-causes.ts';
import type { FailureStreak } from '../../domain/failure-streak.ts';
import type { TaskFailure } from '../../domain/link.ts';
import type { Formatter } from '../format.ts';
import { andMore, formatDuration, formatFailureReason, formatNumber, pluralize } from './format.ts';
import { actions, states } from './terms.ts';

/** How long a project ran before its newest failure: `5 min`, `less than 1 s`. */
function runTime({ failedAt, run }: Pick<FailureStreak, 'failedAt' | 'run'>): string {
  return shortTime(failedAt - run.since);
}

/** `5 min`, `less than 1 s`. */
export function shortTime(ms: number): string {
  return ms < 1_000 ? 'less than 1 s' : formatDuration(ms);
}

/** `1 s after @alice restored it`: how long a project ran before its newest failure. */
function afterRun({ failedAt, run }: FailureStreak, format: Formatter): string {
  const did =
    run.action === 'adopt' ? `recorded it as ${states.running}` : `${actions[run.action ?? 'restore'].done} it`;
  return `${runTime({ failedAt, run })} after ${format.person(run.by)} ${did}`;
}

/** How often it failed, and whether the newest failure has the cause of the one before: `2 failures in a row, same cause`. */
function repetition({ count, isSameCause }: FailureStreak): string {
  const cause = count === 2 ? 'same cause' : 'the last 2 with the same cause';
  return `${pluralize(count, 'failure')} in a row${isSameCause ? `, ${cause}` : ''}`;
}

/** How a text shows causes. `revealReasons`: whether the masked reasons of failed tasks may be shown. */
interface CausesContext {
  readonly format: Formatter;
  readonly revealReasons: boolean;
}

const maxReasonChars = 100;

/** `7 tasks failed, 2 causes: connection refused (6); duplicate entry (1)`, or `7 tasks failed: connection refused`. */
function causes(facts: FailureCauses, context: CausesContext): string {
  const tasks = `${pluralize(facts.tasks, 'task')} failed`;
  const isOneCause = context.revealReasons && facts.causes === 1 && facts.grouped === facts.tasks;
  return isOneCause ? `${tasks}: ${reasons(facts, context)}` : `${tasks}, ${causesOnly(facts, context)}`;
}

/** `2 causes: connection refused (6); duplicate entry (1)`. Without the reasons `2 causes`. */
function causesOnly(facts: FailureCauses, context: CausesContext): string {
  const sample = facts.grouped < facts.tasks ? ` in the first ${formatNumber(facts.grouped)}` : '';
  const count = `${pluralize(facts.causes, 'cause')}${sample}`;
  return context.revealReasons ? `${count}: ${reasons(facts, context)}` : count;
}

/** Without numbers if each reason has one task. A reason can have commas. */
function reasons({ causes: total, grouped, first }: FailureCauses, { format }: CausesContext): string {
  const hasNumbers = total > 1 && grouped > total;
  const texts = first.map(({ reason, tasks }) => {
    const text = formatFailureReason(reason, format, maxReasonChars);
    return hasNumbers ? `${text} (${formatNumber(tasks)})` : text;
  });
  return `${texts.join('; ')}${total > first.length ? ` ${andMore(total - first.length)}` : ''}`;
}

/**
 * Where and when the oldest task failed, and how many workers are connected, if that is known: `the oldest on orders-full at
 * 02:58`, `3 workers connected`.
 */
function circumstances(
  { since, workers }: FailureCauses,
  { link }: Pick<TaskFailure, 'link'>,
  format: Formatter,
): string[] {
  return [
    `the oldest on ${format.link(link)} ${format.at(since)}`,
    ...(workers === undefined ? [] : [`${pluralize(workers, 'worker')} connected`]),
  ];
}

/** `7 tasks failed: connection refused`, `the oldest on orders-full at 02:58`, `3 workers connected`. */
function details(facts: FailureCauses, failure: Pick<TaskFailure, 'link'>, context: CausesContext): string[] {
  return [causes(facts, context), ...circumstances(facts, failure, context.format)];
}

/** Texts about the failures of a project. `afterRun` and `repetition`: from the second failure in a row on. */
export const failures = { runTime, afterRun, repetition, causes, causesOnly, circumstances, details };
