import { z } from 'zod';
import type { TaskRef } from './failed-tasks.ts';
import { type TaskFailure, taskFailureSchema, type Watermark } from './link.ts';

/** How many skipped tasks a project can have. */
export const maxSkippedTasks = 100;
/** How many tasks one restore can skip. Its dialog names each. */
export const maxTasksPerSkip = 10;

/**
 * A failed task that a restore has left out. It stays failed in BullMQ, and syncbot does not count it as a failure any more. If
 * its owner retries it and it fails again, that is another failure.
 */
export const skippedTaskSchema = taskFailureSchema.extend({
  /** When the restore began, epoch ms of the bot's Redis server, and who asked for it. */
  skippedAt: z.number(),
  by: z.string(),
});
export type SkippedTask = Readonly<z.infer<typeof skippedTaskSchema>>;

/** The oldest failure first. */
export function bySkippedTask(a: SkippedTask, b: SkippedTask): number {
  return a.at - b.at || (a.taskId < b.taskId ? -1 : 1);
}

/** These failed tasks as an operation skips them. */
export function toSkippedTasks(
  tasks: readonly TaskFailure[],
  { at, by }: { readonly at: number; readonly by: string },
): SkippedTask[] {
  return tasks.map((task) => ({ ...task, skippedAt: at, by }));
}

/** The watermark that covers these tasks of its link too. */
export function coverTasks(watermark: Watermark, tasks: readonly Pick<TaskRef, 'taskId' | 'at'>[]): Watermark {
  const later = tasks.filter(({ at }) => at >= watermark.at).map(({ taskId, at }) => ({ taskId, at }));
  if (later.length === 0) return watermark;
  // The scripts find a task by its id: it must be named once, with its newest failure.
  const oldestFirst = [...watermark.known, ...later].sort((a, b) => a.at - b.at);
  return { ...watermark, known: [...new Map(oldestFirst.map((task) => [task.taskId, task])).values()] };
}
