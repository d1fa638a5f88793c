import { includesFailure, isNamed, type TaskRef, taskName } from '../domain/failed-tasks.ts';
import type { TaskFailure } from '../domain/link.ts';
import type { Project } from '../domain/project.ts';
import { maxSkippedTasks, maxTasksPerSkip } from '../domain/skipped-tasks.ts';
import type { UseCaseContext } from './context.ts';
import type { Refused } from './queries.ts';
import { findNamedFailures, readSkippedTasks } from './skipped-tasks.ts';

/** The tasks of a project that a request names. */
export type TaskSelection =
  /** The tasks that have failed again: for a restore. The oldest failures, at most `maxTasksPerSkip`. */
  | { readonly kind: 'failed_again' }
  /** As people name them (`taskName`). */
  | { readonly kind: 'named'; readonly names: readonly string[] }
  | { readonly kind: 'given'; readonly tasks: readonly TaskRef[] };

type Selected = { readonly kind: 'selected'; readonly tasks: readonly TaskFailure[] } | Refused;

/** Selects the tasks that a restore is to skip, or refuses that. None if the request names none. Never throws. */
export async function selectToSkip(
  context: Pick<UseCaseContext, 'links'>,
  project: Project,
  {
    selection,
    failedAgain,
  }: { readonly selection: TaskSelection | undefined; readonly failedAgain: readonly TaskFailure[] },
): Promise<Selected> {
  const selected = await selectFailures(context, project, { selection, failedAgain });
  if (selected.kind === 'refused') return selected;
  const [skipped, tasks] = [project.skippedTasks.length, selected.tasks.length];
  if (skipped + tasks <= maxSkippedTasks) return selected;
  const refusal = { code: 'too_many_skipped', project: project.id, tasks, skipped, max: maxSkippedTasks } as const;
  return { kind: 'refused', refusal };
}

async function selectFailures(
  context: Pick<UseCaseContext, 'links'>,
  project: Project,
  {
    selection,
    failedAgain,
  }: { readonly selection: TaskSelection | undefined; readonly failedAgain: readonly TaskFailure[] },
): Promise<Selected> {
  switch (selection?.kind) {
    case undefined:
      return { kind: 'selected', tasks: [] };
    case 'failed_again':
      if (failedAgain.length > 0) return { kind: 'selected', tasks: failedAgain.slice(0, maxTasksPerSkip) };
      return { kind: 'refused', refusal: { code: 'no_task_to_skip', project: project.id } };
    case 'given':
      return { kind: 'selected', tasks: failedAgain.filter((task) => includesFailure(selection.tasks, task)) };
    case 'named':
      return selectNamed(project, {
        action: 'restore',
        names: selection.names,
        find: (name) => findNamedFailures(context, project, name),
      });
  }
}

/** Selects the skipped tasks that are to be retried: all of them if the request names none. Never throws. */
export async function selectSkipped(
  context: Pick<UseCaseContext, 'links'>,
  project: Project,
  selection: TaskSelection | undefined,
): Promise<Selected> {
  const { skipped } = await readSkippedTasks(context, project);
  if (selection?.kind === 'named') {
    const find = async (name: string) => skipped.filter((task) => isNamed(task, name));
    return selectNamed(project, { action: 'retry', names: selection.names, find });
  }
  const tasks =
    selection?.kind === 'given' ? skipped.filter((task) => includesFailure(selection.tasks, task)) : skipped;
  if (tasks.length > 0) return { kind: 'selected', tasks };
  return { kind: 'refused', refusal: { code: 'not_skipped', project: project.id } };
}

interface NamedTasks {
  readonly action: 'restore' | 'retry';
  readonly names: readonly string[];
  /** The tasks that a name can mean. */
  readonly find: (name: string) => Promise<readonly TaskFailure[]>;
}

/** Each name must mean exactly one task. */
async function selectNamed({ id }: Project, { action, names, find }: NamedTasks): Promise<Selected> {
  const tasks: TaskFailure[] = [];
  for (const name of names) {
    const [task, ...others] = await find(name);
    if (task === undefined || others.length > 0) {
      const candidates = task === undefined ? [] : [task, ...others].map(taskName);
      return { kind: 'refused', refusal: { code: 'task_not_found', project: id, action, task: name, candidates } };
    }
    if (!includesFailure(tasks, task)) tasks.push(task);
  }
  return { kind: 'selected', tasks };
}
