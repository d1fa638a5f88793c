import { z } from 'zod';
import type { TasksOfLink } from '../../application/ports.ts';
import type { FailedTask } from '../../domain/failed-tasks.ts';
import { jsonReply, loadScript, runScript } from '../redis/scripts.ts';
import { failureReasonSchema } from './failure-reason.ts';
import { keyPrefix, type LinkConnection } from './link-connections.ts';

const findFailedScript = loadScript(new URL('lua/find-failed.lua', import.meta.url));

const replySchema = jsonReply(
  z.object({
    tasks: z
      .array(
        z
          .object({
            id: z.string(),
            failedAt: z.coerce.number(),
            runnableAt: z.coerce.number(),
            reason: failureReasonSchema,
          })
          .transform(({ id, failedAt, runnableAt, reason }) => ({ taskId: id, at: failedAt, runnableAt, reason })),
      )
      .default([]),
  }),
);

/** Returns those of the tasks of a link that are failed. */
export async function findFailedTasks(
  { client }: LinkConnection,
  { link, taskIds }: TasksOfLink,
): Promise<readonly FailedTask[]> {
  const prefix = keyPrefix(link);
  const args = [JSON.stringify({ prefix, taskIds })];
  return replySchema.parse(await runScript(client, findFailedScript, { keys: [`${prefix}failed`], args })).tasks;
}
