import type { LinksByStatus } from '../domain/corrections.ts';
import { includesFailure, maxRetriedTasks, rememberRetriedTasks, toTaskRef } from '../domain/failed-tasks.ts';
import { isRetrying } from '../domain/lifecycle.ts';
import type { Link } from '../domain/link.ts';
import { countFailures, type ProjectStats } from '../domain/observation.ts';
import {
  type Operation,
  type Progress,
  preflightAttemptTimeoutMs,
  preflightTimeoutMs,
  refOf,
} from '../domain/operation.ts';
import { precheckPassed } from '../domain/precheck.ts';
import { type Project, watermarkOf } from '../domain/project.ts';
import { toSkippedTasks } from '../domain/skipped-tasks.ts';
import type { UseCaseContext } from './context.ts';
import { pauseBeforeRestore } from './fencing.ts';
import type { PassedPreflight } from './operation-store.ts';
import type { LinkStatus } from './ports.ts';
import { countRemovedFailures, observeProject, precheckProject, type Refused } from './queries.ts';
import { createLinksUnreachableError } from './reconcile.ts';
import { findSameFailures } from './skipped-tasks.ts';

/** Start, Restore and Retry are checked once more before they change a link. `progress` is null until the check has passed. */
export function needsPreflight({ action, progress }: Operation): boolean {
  return (action === 'start' || isRetrying(action)) && progress === null;
}

/**
 * Checks once more what an operation needs, before it changes a link. If no worker reaches the links within `preflightTimeoutMs`,
 * the operation fails; if the check fails, it is refused. In both cases the project's state goes back. An operation that has passed
 * is not rolled back. Returns `repeated` if another execution has passed before.
 */
export async function runPreflight(
  context: UseCaseContext,
  project: Project,
  operation: Operation,
): Promise<{ readonly kind: 'first' | 'repeated' } | Refused> {
  const checked = await check(context, project, operation);
  if (checked.kind !== 'passed') return checked;
  const { progress, skipped = [], retriedTasks = project.retriedTasks } = checked;
  return context.operations.passPreflight(refOf(operation), { progress, skipped, retriedTasks });
}

type Checked =
  | ({ readonly kind: 'passed'; readonly progress: Progress } & Partial<Omit<PassedPreflight, 'progress'>>)
  | { readonly kind: 'repeated' }
  | Refused;

function check(context: UseCaseContext, project: Project, operation: Operation): Promise<Checked> {
  if (operation.action === 'restore') return checkRestore(context, project, operation);
  return operation.action === 'retry'
    ? checkRetry(context, project, operation)
    : checkStart(context, project, operation);
}

async function checkStart(context: UseCaseContext, project: Project, operation: Operation): Promise<Checked> {
  const { links } = project.definition;
  const statuses = groupByStatus(links, await context.links.readStatuses(links, preflightAttemptTimeoutMs));
  if (statuses.unreachable.length > 0) return refuseAsUnreachable(context, operation, statuses.unreachable);
  const { items, stats } = await precheckProject(context, project);
  const unreachable = stats.links.filter(({ kind }) => kind === 'unreachable').map(({ link }) => link);
  if (unreachable.length > 0) return refuseAsUnreachable(context, operation, unreachable);
  if (!precheckPassed(items)) {
    return { kind: 'refused', refusal: { code: 'precheck_failed', project: project.id, items } };
  }
  return { kind: 'passed', progress: { backlog: stats.backlog, done: 0, total: links.length } };
}

/** Restore also pauses links that run unexpectedly. It skips those of its tasks that are still failed since the same time. */
async function checkRestore(context: UseCaseContext, project: Project, operation: Operation): Promise<Checked> {
  const { links } = project.definition;
  const statuses = groupByStatus(links, await context.links.readStatuses(links, preflightAttemptTimeoutMs));
  if (statuses.unreachable.length > 0) return refuseAsUnreachable(context, operation, statuses.unreachable);
  // Another execution may have passed meanwhile and resumed links: they must not be paused again.
  const current = await context.operations.read(refOf(operation));
  if (current === null || !needsPreflight(current)) return { kind: 'repeated' };
  const stillRunning = await pauseBeforeRestore(context, project, statuses.resumed);
  if (stillRunning.length > 0) {
    const paused = statuses.resumed.filter((link) => !stillRunning.includes(link));
    return refuseAsUnreachable(context, operation, stillRunning, paused);
  }
  const found = await findSameFailures(context, operation.tasks);
  if (found.unreachable.length > 0) return refuseAsUnreachable(context, operation, found.unreachable, statuses.resumed);
  const { startedAt, by } = operation;
  const tasks = operation.tasks.filter((task) => includesFailure(found.failed, task));
  const skipped = toSkippedTasks(tasks, { at: startedAt ?? 0, by });
  const restored = { ...project, skippedTasks: [...project.skippedTasks, ...skipped] };
  const stats = await observeProject(context, restored);
  const removedTasks = await countRemovedFailures(context, { project: restored, stats });
  const tasksToRetry = countFailures(stats.links);
  return {
    kind: 'passed',
    progress: {
      tasksToRetry,
      removedTasks,
      backlog: stats.backlog === null ? null : stats.backlog + tasksToRetry,
      ...(skipped.length === 0 ? {} : { tasks: skipped.map(toTaskRef) }),
      done: 0,
      total: links.length,
    },
    skipped,
    retriedTasks: rememberRetriedTasks(project.retriedTasks, await listTasksToRetry(context, restored, stats)),
  };
}

/** The oldest failed tasks of each link. They are remembered, so that syncbot recognizes those that fail again. */
async function listTasksToRetry(context: UseCaseContext, project: Project, { links }: ProjectStats) {
  const failing = links.filter((each) => countFailures([each]) > 0).map(({ link }) => link);
  const listed = await context.links.listFailed(
    failing.map((link) => ({ link, watermark: watermarkOf(project, link) })),
    maxRetriedTasks,
  );
  return failing.flatMap((link, index) => {
    const result = listed[index];
    return result?.kind === 'read' ? result.tasks.map((task) => ({ ...task, link })) : [];
  });
}

/** Retry needs a task that is still skipped and still failed. */
async function checkRetry(context: UseCaseContext, project: Project, operation: Operation): Promise<Checked> {
  const skipped = operation.tasks.filter((task) => includesFailure(project.skippedTasks, task));
  const { failed, unreachable } = await findSameFailures(context, skipped);
  if (unreachable.length > 0) return refuseAsUnreachable(context, operation, unreachable);
  if (failed.length === 0) return { kind: 'refused', refusal: { code: 'not_skipped', project: project.id } };
  const progress = { tasksToRetry: failed.length, tasks: failed.map(toTaskRef), done: 0, total: 0 };
  return { kind: 'passed', progress, retriedTasks: rememberRetriedTasks(project.retriedTasks, failed) };
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
