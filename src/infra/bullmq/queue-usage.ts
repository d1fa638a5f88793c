import type { Link } from '../../domain/link.ts';
import type { QueueUsage } from '../../domain/observation.ts';
import type { RedisClient } from '../redis/client.ts';
import { keyPrefix, type LinkConnection } from './link-connections.ts';

/** Looks for signs that workers have processed tasks of a queue. A waiting task is none. Never reads the data of a task. */
export async function findQueueUsage({ client }: LinkConnection, link: Link): Promise<QueueUsage> {
  const prefix = keyPrefix(link);
  const [active, completed, failed] = await Promise.all([
    client.llen(`${prefix}active`),
    client.zcard(`${prefix}completed`),
    client.zcard(`${prefix}failed`),
  ]);
  if (active > 0) return { kind: 'used', evidence: 'active_tasks' };
  if (completed > 0) return { kind: 'used', evidence: 'completed_tasks' };
  if (failed > 0) return { kind: 'used', evidence: 'failed_tasks' };
  // BullMQ counts the ids that it assigns: a higher count than there are tasks means that tasks have been removed.
  const assignedIds = Number((await client.get(`${prefix}id`)) ?? 0);
  if (assignedIds > (await countUnfinishedTasks(client, prefix))) return { kind: 'used', evidence: 'removed_tasks' };
  if (await hasWorkEvent(client, prefix)) return { kind: 'used', evidence: 'work_events' };
  return { kind: 'unused' };
}

async function countUnfinishedTasks(client: RedisClient, prefix: string): Promise<number> {
  const counts = await Promise.all([
    client.llen(`${prefix}wait`),
    client.llen(`${prefix}paused`),
    client.zcard(`${prefix}prioritized`),
    client.zcard(`${prefix}delayed`),
    client.zcard(`${prefix}waiting-children`),
  ]);
  return counts.reduce((total, count) => total + count, 0);
}

const eventPageSize = 1_000;
const workEvents: ReadonlySet<string> = new Set(['active', 'completed', 'failed']);

async function hasWorkEvent(client: RedisClient, prefix: string): Promise<boolean> {
  for (let from = '-'; ; ) {
    const entries = await client.xrange(`${prefix}events`, from, '+', 'COUNT', eventPageSize);
    if (entries.some(([, fields]) => workEvents.has(fields[fields.indexOf('event') + 1] ?? ''))) return true;
    const last = entries.at(-1);
    if (last === undefined || entries.length < eventPageSize) return false;
    from = `(${last[0]}`;
  }
}
