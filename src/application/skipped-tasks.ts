import {
  type FailedTaskOnLink,
  hasFailedAgain,
  includesFailure,
  isKnownFailure,
  type TaskRef,
  tasksNamed,
} from '../domain/failed-tasks.ts';
import { groupByLink, type Link, linkId, type TaskFailure } from '../domain/link.ts';
import { type Project, watermarkOf } from '../domain/project.ts';
import type { SkippedTask } from '../domain/skipped-tasks.ts';
import type { UseCaseContext } from './context.ts';

type LinksContext = Pick<UseCaseContext, 'links'>;

interface FoundTasks {
  readonly failed: readonly FailedTaskOnLink[];
  /** Links with such tasks that did not answer. */
  readonly unreachable: readonly Link[];
}

/** Finds those of these tasks of a project that are failed now, whenever that was. Never throws. */
async function findFailed(
  { links }: LinksContext,
  tasks: readonly Pick<TaskRef, 'link' | 'taskId'>[],
): Promise<FoundTasks> {
  if (tasks.length === 0) return { failed: [], unreachable: [] };
  const items = groupByLink(tasks).map(({ link, items: ofLink }) => ({
    link,
    taskIds: ofLink.map(({ taskId }) => taskId),
  }));
  const results = await links.findFailed(items);
  const failed = items.flatMap(({ link }, index) => {
    const result = results[index];
    return result?.kind === 'read' ? result.tasks.map((task) => ({ ...task, link })) : [];
  });
  const unreachable = items.map(({ link }) => link).filter((_link, index) => results[index]?.kind !== 'read');
  return { failed, unreachable };
}

/** Finds those of these failures whose task is failed since the same time. Never throws. */
export async function findSameFailures(context: LinksContext, tasks: readonly TaskRef[]): Promise<FoundTasks> {
  const found = await findFailed(context, tasks);
  return { ...found, failed: found.failed.filter((task) => includesFailure(tasks, task)) };
}

/**
 * Finds the tasks that operations have retried and that have failed again: those that a restore would retry once more, the oldest
 * failure first. Leaves out links that do not answer. Never throws.
 */
export async function findFailedAgain(context: LinksContext, project: Project): Promise<TaskFailure[]> {
  const { retriedTasks, definition } = project;
  const retried = definition.links.flatMap((link) =>
    retriedTasks.filter((task) => task.linkId === linkId(link)).map(({ taskId }) => ({ link, taskId })),
  );
  const { failed } = await findFailed(context, retried);
  return failed
    .filter((task) => hasFailedAgain(retriedTasks, task) && !isKnownFailure(watermarkOf(project, task.link), task))
    .map(toTaskFailure)
    .sort((a, b) => a.at - b.at);
}

/** Finds the failed tasks with this name that a restore would retry. Leaves out links that do not answer. Never throws. */
export async function findNamedFailures(context: LinksContext, project: Project, name: string): Promise<TaskFailure[]> {
  const { failed } = await findFailed(context, tasksNamed(project.definition.links, name));
  return failed.filter((task) => !isKnownFailure(watermarkOf(project, task.link), task)).map(toTaskFailure);
}

interface SkippedNow {
  /** Also those on links that do not answer. */
  readonly skipped: readonly SkippedTask[];
  /** Tasks that are not failed any more, that have failed again, or whose link is not the project's any more. */
  readonly ended: readonly SkippedTask[];
}

/** Reads which of the skipped tasks of a project are still failed. Never throws. */
export async function readSkippedTasks(context: LinksContext, project: Project): Promise<SkippedNow> {
  const { skippedTasks, definition } = project;
  if (skippedTasks.length === 0) return { skipped: [], ended: [] };
  const linkIds = new Set(definition.links.map(linkId));
  const ownTasks = skippedTasks.filter(({ link }) => linkIds.has(linkId(link)));
  const { failed, unreachable } = await findSameFailures(context, ownTasks);
  const unreachableIds = new Set(unreachable.map(linkId));
  const skipped = ownTasks.filter((task) => unreachableIds.has(linkId(task.link)) || includesFailure(failed, task));
  return { skipped, ended: skippedTasks.filter((task) => !skipped.includes(task)) };
}

/**
 * Ends the skip of tasks that are not failed any more: their owner has retried or removed them. Throws `StoreUnavailableError`.
 */
export async function endSkips(
  context: LinksContext & Pick<UseCaseContext, 'projects' | 'log'>,
  project: Project,
): Promise<void> {
  if (project.activeOperation !== null) return;
  const { ended } = await readSkippedTasks(context, project);
  if (ended.length === 0) return;
  const result = await context.projects.endSkip(project.id, project.version, ended);
  if (result.kind === 'written') context.log.info({ project: project.id, tasks: ended.length }, 'skipped tasks ended');
}

function toTaskFailure({ link, taskId, reason, at }: FailedTaskOnLink): TaskFailure {
  return { kind: 'task_failed', link, taskId, reason, at };
}
