import type { Operation, OperationRef } from '../../domain/operation.ts';
import { projectIdSchema } from '../../domain/project.ts';
import type { RedisClient } from './client.ts';
import type { Keys } from './keys.ts';
import { sendCommands } from './send-commands.ts';

/**
 * The operations of all projects that were requested last, so that Home does not read all projects. It is in another slot than
 * the projects, so no step can update it: a crash may lose an entry, and an entry may have no operation any more.
 */
export interface OperationIndex {
  /** Never throws. Without its entry Home does not show the operation. */
  add(operation: Operation): Promise<void>;
  /** Newest first. */
  listNewest(): Promise<OperationRef[]>;
}

const maxEntries = 200;

export function createOperationIndex({
  client,
  keys,
}: {
  readonly client: RedisClient;
  readonly keys: Keys;
}): OperationIndex {
  const key = keys.newestOperations;
  return {
    async add({ project, id, requestedAt }) {
      await sendCommands(client, (redis) =>
        Promise.all([
          redis.zadd(key, requestedAt, `${project}/${id}`),
          redis.zremrangebyrank(key, 0, -(maxEntries + 1)),
        ]),
      ).catch(() => {});
    },
    async listNewest() {
      const members = await sendCommands(client, (redis) => redis.zrevrange(key, 0, '-1'));
      return members.flatMap((member) => {
        const [project, operation = ''] = member.split('/');
        const id = projectIdSchema.safeParse(project);
        return id.success ? [{ project: id.data, operation }] : [];
      });
    },
  };
}
