import { z } from 'zod';

/** How many causes an alert keeps. */
const maxCauses = 3;

/** Why tasks of a project failed after its watermarks, grouped by masked reason. */
export const failureCausesSchema = z.object({
  /** How many tasks failed. */
  tasks: z.number(),
  /** How many of them were grouped, the oldest of each link. Fewer than `tasks` if there are many. */
  grouped: z.number(),
  /** How many different masked reasons the grouped tasks have. */
  causes: z.number(),
  /** The reason of the oldest task, then the most frequent ones, at most `maxCauses`. */
  first: z.array(z.object({ reason: z.string(), tasks: z.number() })),
  /** When the oldest of the tasks failed, epoch ms by the clock of its worker. */
  since: z.number(),
  /** How many workers are connected to the links. Absent if that is not known. */
  workers: z.number().optional(),
  /** How many of the tasks an operation had retried after an earlier failure. Absent if there are none. */
  failedAgain: z.number().optional(),
});
export type FailureCauses = Readonly<z.infer<typeof failureCausesSchema>>;

/** Failed tasks of one link with the same masked reason. */
export interface ReasonGroup {
  readonly reason: string;
  readonly tasks: number;
}

/**
 * Puts the groups of all links together. The first group is that of the oldest task. Its reason stays first, because later
 * failures can be consequences of it. Returns null if no task was grouped.
 */
export function toFailureCauses(
  groups: readonly ReasonGroup[],
  { tasks, since }: Pick<FailureCauses, 'tasks' | 'since'>,
): FailureCauses | null {
  const tasksByReason = new Map<string, number>();
  for (const group of groups) tasksByReason.set(group.reason, (tasksByReason.get(group.reason) ?? 0) + group.tasks);
  const causes = [...tasksByReason].map(([reason, count]) => ({ reason, tasks: count }));
  const grouped = causes.reduce((sum, cause) => sum + cause.tasks, 0);
  const [oldest, ...later] = causes;
  if (oldest === undefined) return null;
  const first = [oldest, ...later.sort((a, b) => b.tasks - a.tasks)].slice(0, maxCauses);
  // A task may fail between the two reads.
  return { tasks: Math.max(tasks, grouped), grouped, causes: tasksByReason.size, first, since };
}
