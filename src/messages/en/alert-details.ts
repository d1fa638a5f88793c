import type { ConditionOf } from '../../domain/conditions.ts';
import type { Failure, LinkSample, TaskFailure } from '../../domain/link.ts';
import type { AlertContext } from '../facts.ts';
import { failures } from './failures.ts';
import { formatFailureReason, nameAndMore, pluralize, unreachableClause } from './format.ts';

/** One failed task by its link, several by their causes. */
export function failedDetails(
  { failure, causes }: Pick<ConditionOf<'project_failed'>, 'failure' | 'causes'>,
  context: AlertContext,
): string[] {
  if (failure?.kind !== 'task_failed' || causes === undefined || causes.tasks < 2)
    return [failure === null ? 'a task failed' : failureClause(failure, context)];
  return failures.details(causes, failure, context);
}

/** The causes of several failed tasks, else the reason of the one. */
export function tasksFailedDetails({ failure, causes }: ConditionOf<'tasks_failed'>, context: AlertContext): string[] {
  const link = context.format.link(failure.link);
  if (causes === undefined || causes.tasks < 2) return [`the oldest on ${link}${failureReason(failure, context)}`];
  return [failures.causesOnly(causes, context), ...failures.circumstances(causes, failure, context.format)];
}

/** `a`, or `a and 9 more`. */
export function someLinks({ total, first }: LinkSample, { format }: AlertContext): string {
  return first.length === 0 ? pluralize(total, 'link') : nameAndMore(first.map(format.link), total);
}

function failureClause(failure: Failure, context: AlertContext): string {
  const link = context.format.link(failure.link);
  if (failure.kind === 'link_unreachable') return `${link} ${unreachableClause(failure)}`;
  return `a task failed on ${link}${failureReason(failure, context)}`;
}

function failureReason({ reason }: TaskFailure, { format, revealReasons }: AlertContext): string {
  return revealReasons ? `: ${formatFailureReason(reason, format, 400)}` : '';
}
