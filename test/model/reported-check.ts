import type { LinkHistory } from './link-check.ts';
import { isTaskFailure, type ProjectRecords } from './records.ts';
import type { ProjectVersion } from './state-model.ts';

/** The number of removed tasks that a dialog reported while nothing was pending, so that it is exact. */
export interface ReportedRemovals {
  readonly project: string;
  readonly operation: string;
  readonly removedTasks: number;
}

export interface ReportedFacts {
  readonly records: ProjectRecords;
  readonly versions: readonly ProjectVersion[];
  readonly links: readonly LinkHistory[];
  readonly exact: readonly ReportedRemovals[];
}

/**
 * Compares what the history, the outcomes and some dialogs reported about failed tasks with the links: how many a restore has
 * retried, and how many BullMQ has removed. A task is retried while its link runs only by a retry of skipped tasks. Returns the
 * differences.
 */
export function findWrongNumbers({ records, versions, links, exact }: ReportedFacts): string[] {
  const { id, operations, audit } = records;
  const violations: string[] = [];
  const report = (violation: string) => violations.push(`${id}: ${violation}`);
  for (const { at, fields } of audit.filter(isTaskFailure)) {
    const { removedTasks = 0 } = JSON.parse(fields['failure'] || '{}');
    const removed = countRemoved({ links, versions, before: at, until: at });
    if (removed !== null && removedTasks > removed)
      report(`the failure reports ${removedTasks} removed tasks, there were ${removed}`);
  }
  const taskRetries = [...operations.values()].filter(({ action }) => action === 'retry');
  for (const { link, retries } of links) {
    const wrong = retries.filter(
      ({ at, whilePaused }) =>
        !whilePaused && !taskRetries.some(({ startedAt }) => startedAt && Number(startedAt) <= at),
    );
    for (const { taskId } of wrong)
      report(`${taskId} was retried while ${link} ran, and not by a retry of skipped tasks`);
  }
  for (const [operation, fields] of operations) {
    if (!['restore', 'retry'].includes(fields['action'] ?? '') || fields['state'] !== 'done') continue;
    const [startedAt, finishedAt] = [Number(fields['startedAt']), Number(fields['finishedAt'])];
    const { retriedTasks, retriedTasksUncertain, removedTasks } = JSON.parse(fields['outcome'] || '{}');
    const retries = links.flatMap((link) => link.retries).filter(({ at }) => at >= startedAt && at <= finishedAt);
    if (retriedTasksUncertain !== true && retriedTasks > retries.length)
      report(`${operation} reports ${retriedTasks} retried tasks, there were ${retries.length}`);
    const removed = countRemoved({ links, versions, before: startedAt, until: finishedAt });
    if (removed !== null && removedTasks > removed)
      report(`${operation} reports ${removedTasks} removed tasks, there were ${removed}`);
    const dialog = exact.find((reported) => reported.project === id && reported.operation === operation);
    if (dialog === undefined || removed === null) continue;
    const exactly = countRemoved({ links, versions, before: startedAt, until: startedAt });
    const isRetriedExactly = retriedTasksUncertain === true || retriedTasks === retries.length;
    if (dialog.removedTasks !== exactly || removedTasks !== exactly || !isRetriedExactly)
      report(
        `${operation} reports ${dialog.removedTasks} and ${removedTasks} removed and ${retriedTasks} retried tasks, there were ${exactly} and ${retries.length}`,
      );
  }
  return violations;
}

/**
 * How many tasks failed until this time and were removed, of those that failed after the last start or restore `before`.
 * Null if a person resumed a link during that one: then it is not known when its watermark was set.
 */
function countRemoved(options: {
  readonly links: readonly LinkHistory[];
  readonly versions: readonly ProjectVersion[];
  readonly before: number;
  readonly until: number;
}): number | null {
  const { links, versions, before, until } = options;
  let removed = 0;
  for (const link of links) {
    const resumed = link.flags.filter(({ at, paused }) => !paused && at < before && isStarting(versions, at)).at(-1);
    if (resumed?.isByPerson === true) return null;
    const from = resumed?.at ?? 0;
    removed += link.removed.filter(({ failedAt }) => failedAt >= from && failedAt <= until).length;
  }
  return removed;
}

function isStarting(versions: readonly ProjectVersion[], at: number): boolean {
  const version = versions.filter((one) => one.at <= at).at(-1);
  const previous = versions.filter((one) => one.at < at).at(-1);
  return [version, previous].some((one) => one?.state === 'starting' || one?.state === 'restoring');
}
