import { z } from 'zod';
import { type Link, linkId, linkName, linkSchema, type Watermark } from './link.ts';

/**
 * One failure of one task. `at` is its score in BullMQ's `failed` set, epoch ms by the clock of the link's workers: a task that
 * was retried and has failed again has another one.
 */
export const taskRefSchema = z.object({ link: linkSchema, taskId: z.string(), at: z.number() });
export type TaskRef = Readonly<z.infer<typeof taskRefSchema>>;

export function toTaskRef({ link, taskId, at }: TaskRef): TaskRef {
  return { link, taskId, at };
}

export function isSameFailure(a: TaskRef, b: TaskRef): boolean {
  return a.taskId === b.taskId && a.at === b.at && linkId(a.link) === linkId(b.link);
}

export function includesFailure(tasks: readonly TaskRef[], task: TaskRef): boolean {
  return tasks.some((other) => isSameFailure(other, task));
}

/** The name of a task for people: `orders-full/17`. */
export function taskName({ link, taskId }: Pick<TaskRef, 'link' | 'taskId'>): string {
  return `${linkName(link)}/${taskId}`;
}

/** The tasks on these links that a name can mean: a task id, or the name of a link and a task id. */
export function tasksNamed(links: readonly Link[], name: string): Pick<TaskRef, 'link' | 'taskId'>[] {
  return links.flatMap((link) => {
    const prefix = taskName({ link, taskId: '' });
    const ids = name.startsWith(prefix) ? [name, name.slice(prefix.length)] : [name];
    return ids.map((taskId) => ({ link, taskId }));
  });
}

/** Whether the name can mean the task. */
export function isNamed(task: Pick<TaskRef, 'link' | 'taskId'>, name: string): boolean {
  return task.taskId === name || taskName(task) === name;
}

/** A task in a link's `failed` set. */
export interface FailedTask {
  readonly taskId: string;
  readonly at: number;
  /** When it first became runnable, epoch ms. A retry does not change it. */
  readonly runnableAt: number;
  /** Masked (logging/redact.ts). */
  readonly reason: string;
}

export interface FailedTaskOnLink extends FailedTask {
  readonly link: Link;
}

/** Whether the watermark covers the failure: a restore would not retry the task. */
export function isKnownFailure(watermark: Watermark, { taskId, at }: Pick<FailedTask, 'taskId' | 'at'>): boolean {
  return at < watermark.at || watermark.known.some((known) => known.taskId === taskId && known.at === at);
}

/**
 * A failed task that an operation moved back to wait. `at` is when it had failed. `runnableAt` tells it from a later task with
 * the same id.
 */
export const retriedTaskSchema = z.object({
  linkId: z.string(),
  taskId: z.string(),
  at: z.number(),
  runnableAt: z.number(),
});
export type RetriedTask = Readonly<z.infer<typeof retriedTaskSchema>>;

/** How many retried tasks a project remembers. */
export const maxRetriedTasks = 100;

/** Adds tasks that are about to be retried to those that were retried before. Keeps the newest failures. */
export function rememberRetriedTasks(
  before: readonly RetriedTask[],
  retried: readonly Omit<FailedTaskOnLink, 'reason'>[],
): RetriedTask[] {
  const added = retried.map(({ link, taskId, at, runnableAt }) => ({ linkId: linkId(link), taskId, at, runnableAt }));
  const byTask = new Map([...before, ...added].map((task) => [`${task.linkId} ${task.taskId}`, task]));
  return [...byTask.values()].sort((a, b) => b.at - a.at).slice(0, maxRetriedTasks);
}

/** Whether an operation has retried the task after an earlier failure: this one is at least the second. */
export function hasFailedAgain(retried: readonly RetriedTask[], task: Omit<FailedTaskOnLink, 'reason'>): boolean {
  const id = linkId(task.link);
  return retried.some(
    (earlier) =>
      earlier.linkId === id &&
      earlier.taskId === task.taskId &&
      earlier.runnableAt === task.runnableAt &&
      earlier.at < task.at,
  );
}
