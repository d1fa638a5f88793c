import type { ProjectStore } from '../../application/project-store.ts';
import { toChunks } from '../../lib/async.ts';
import type { RedisClient } from './client.ts';
import type { Keys } from './keys.ts';
import { sendCommands } from './send-commands.ts';

/**
 * The labels of all projects, so that the list can offer them without reading all projects. The store of projects adds new
 * labels. The sweep counts how many projects have each label, and removes those of none.
 */
export interface LabelIndex extends Pick<ProjectStore, 'listLabels' | 'repairLabels'> {
  /** Never throws. The sweep adds what is missing. */
  add(labels: readonly string[]): Promise<void>;
}

const batchSize = 500;

export function createLabelIndex({ client, keys }: { readonly client: RedisClient; readonly keys: Keys }): LabelIndex {
  return {
    async add(labels) {
      if (labels.length === 0) return;
      const members = labels.flatMap((label) => [0, label]);
      await sendCommands(client, (redis) => redis.zadd(keys.labels, 'NX', ...members)).catch(() => {});
    },
    listLabels: (limit) => sendCommands(client, (redis) => redis.zrange(keys.labels, 0, String(limit - 1))),
    async repairLabels(counts) {
      const flat = await sendCommands(client, (redis) => redis.zrange(keys.labels, 0, '-1', 'WITHSCORES'));
      const stored = new Map(toChunks(flat, 2).map(([label = '', score]) => [label, Number(score)]));
      const changed = [...counts].filter(([label, count]) => stored.get(label) !== -count);
      const removed = [...stored.keys()].filter((label) => !counts.has(label));
      for (const chunk of toChunks(changed, batchSize)) {
        const members = chunk.flatMap(([label, count]) => [-count, label]);
        await sendCommands(client, (redis) => redis.zadd(keys.labels, ...members));
      }
      for (const chunk of toChunks(removed, batchSize)) {
        await sendCommands(client, (redis) => redis.zrem(keys.labels, ...chunk));
      }
    },
  };
}
