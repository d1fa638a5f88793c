import type { TaskRef } from '../../domain/failed-tasks.ts';
import type { TaskFailure } from '../../domain/link.ts';
import type { SkippedTask } from '../../domain/skipped-tasks.ts';
import { maxSkippedTasks } from '../../domain/skipped-tasks.ts';
import { type Formatter, joinDots } from '../format.ts';
import { formatFailureReason, formatNumber, nameAndMore, pluralize } from './format.ts';

const maxTaskIdChars = 40;
const maxReasonChars = 100;

/** `17 on orders-full`. */
function task({ link, taskId }: Pick<TaskRef, 'link' | 'taskId'>, format: Formatter): string {
  return `${format.text(taskId, maxTaskIdChars)} on ${format.link(link)}`;
}

/** `17 on orders-full and 9 more`. */
export function nameTasks(tasks: readonly Pick<TaskRef, 'link' | 'taskId'>[], format: Formatter): string {
  return nameAndMore(tasks.map((each) => task(each, format)));
}

/** `1 skipped task`. */
export function skippedTasks(count: number): string {
  return pluralize(count, 'skipped task');
}

/** `17 on orders-full, failed at 03:02: connection refused`. */
export function failedTask({ reason, at, ...failed }: TaskFailure, format: Formatter): string {
  return `${task(failed, format)}, failed ${format.at(at)}: ${formatFailureReason(reason, format, maxReasonChars)}`;
}

/** Texts about the failed tasks that restores have left out. */
export const skipped = {
  task,
  /** The first line of the list: `2 skipped tasks`. */
  title: (count: number) => (count === 0 ? 'No skipped task' : skippedTasks(count)),
  /** `revealReason`: whether the masked reason may be shown. */
  row: (each: SkippedTask, { format, revealReason }: { readonly format: Formatter; readonly revealReason: boolean }) =>
    joinDots(
      revealReason ? failedTask(each, format) : `${task(each, format)}, failed ${format.at(each.at)}`,
      `skipped ${format.at(each.skippedAt)} by ${format.person(each.by)}`,
    ),
  explanation:
    'These tasks stay failed in BullMQ, and syncbot does not count them as failures. Retry moves a task back before newer ones. A task that its owner retries or removes leaves this list.',
  explanationOfNone: `A restore can leave out a task that fails again and again. At most ${formatNumber(maxSkippedTasks)} tasks of a project can be skipped.`,
};
