import type { LinksByStatus } from '../domain/corrections.ts';
import type { Link } from '../domain/link.ts';
import { countFailures } from '../domain/observation.ts';
import {
  type Operation,
  type Progress,
  preflightAttemptTimeoutMs,
  preflightTimeoutMs,
  refOf,
} from '../domain/operation.ts';
import { precheckPassed } from '../domain/precheck.ts';
import type { Project } from '../domain/project.ts';
import type { UseCaseContext } from './context.ts';
import { pauseBeforeRestore } from './fencing.ts';
import type { LinkStatus } from './ports.ts';
import { countRemovedFailures, observeProject, precheckProject, type Refused } from './queries.ts';
import { createLinksUnreachableError } from './reconcile.ts';

/** Start and Restore are checked once more before they resume a link. `progress` is null until the check has passed. */
export function needsPreflight({ action, progress }: Operation): boolean {
  return (action === 'start' || action === 'restore') && progress === null;
}

/**
 * Reads every link before Start or Restore resumes one. If no worker reaches every link within `preflightTimeoutMs`, the
 * operation fails; if the precheck fails, it is refused. In both cases the project's state goes back. An operation that has
 * passed is not rolled back. Restore also pauses links that run unexpectedly. Returns `repeated` if another execution has
 * passed before.
 */
export async function runPreflight(
  context: UseCaseContext,
  project: Project,
  operation: Operation,
): Promise<{ readonly kind: 'first' | 'repeated' } | Refused> {
  const ref = refOf(operation);
  const { links } = project.definition;
  const statuses = groupByStatus(links, await context.links.readStatuses(links, preflightAttemptTimeoutMs));
  if (statuses.unreachable.length > 0) return refuseAsUnreachable(context, operation, statuses.unreachable);
  let counted: Pick<Progress, 'tasksToRetry' | 'removedTasks' | 'backlog'>;
  if (operation.action === 'start') {
    const { items, stats } = await precheckProject(context, project);
    const unreachable = stats.links.filter(({ kind }) => kind === 'unreachable').map(({ link }) => link);
    if (unreachable.length > 0) return refuseAsUnreachable(context, operation, unreachable);
    if (!precheckPassed(items)) {
      return { kind: 'refused', refusal: { code: 'precheck_failed', project: project.id, items } };
    }
    counted = { backlog: stats.backlog };
  } else {
    // Another execution may have passed meanwhile and resumed links: they must not be paused again.
    const current = await context.operations.read(ref);
    if (current === null || !needsPreflight(current)) return { kind: 'repeated' };
    const stillRunning = await pauseBeforeRestore(context, project, statuses.resumed);
    if (stillRunning.length > 0) {
      const paused = statuses.resumed.filter((link) => !stillRunning.includes(link));
      return refuseAsUnreachable(context, operation, stillRunning, paused);
    }
    const stats = await observeProject(context, project);
    const removedTasks = await countRemovedFailures(context, { project, stats });
    const tasksToRetry = countFailures(stats.links);
    counted = { tasksToRetry, removedTasks, backlog: stats.backlog === null ? null : stats.backlog + tasksToRetry };
  }
  return context.operations.passPreflight(ref, { ...counted, done: 0, total: links.length });
}

/**
 * Throws `LinksUnreachableError` while there is time for another worker to reach these links. Links that this execution has
 * paused end the operation at once: the next execution would not know of them.
 */
export async function refuseAsUnreachable(
  context: UseCaseContext,
  { project, startedAt }: Operation,
  links: readonly Link[],
  paused: readonly Link[] = [],
): Promise<Refused> {
  const elapsedMs = (await context.serverClock.now()) - (startedAt ?? 0);
  if (elapsedMs < preflightTimeoutMs && paused.length === 0) throw createLinksUnreachableError(context, links);
  const refusal = { code: 'links_unreachable' as const, project, links: [...links] };
  return { kind: 'refused', refusal: paused.length === 0 ? refusal : { ...refusal, paused: [...paused] } };
}

export function groupByStatus(links: readonly Link[], statuses: readonly LinkStatus[]): LinksByStatus {
  const withStatus = (status: LinkStatus) => links.filter((_link, index) => statuses[index] === status);
  return {
    resumed: withStatus('resumed'),
    paused: withStatus('paused'),
    missing: withStatus('missing'),
    unreachable: withStatus('unreachable'),
  };
}
