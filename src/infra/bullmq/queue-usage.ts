import type { Link } from '../../domain/link.ts';
import type { UsageEvidence } from '../../domain/observation.ts';
import { keyPrefix, type LinkConnection } from './link-connections.ts';

const eventPageSize = 1_000;
const workEvents: ReadonlySet<string> = new Set(['active', 'completed', 'failed']);

/**
 * The sign that tasks of a queue have been worked on, or null. Tasks that only wait are no sign.
 * Never reads a payload.
 */
export async function findUsageOfLink({ client }: LinkConnection, link: Link): Promise<UsageEvidence | null> {
  const base = keyPrefix(link);
  const [active, completed, failed] = await Promise.all([
    client.llen(`${base}active`),
    client.zcard(`${base}completed`),
    client.zcard(`${base}failed`),
  ]);
  if (active > 0) return 'active_tasks';
  if (completed > 0) return 'completed_tasks';
  if (failed > 0) return 'failed_tasks';
  if ((await readIdCounter(client, base)) > (await countTasks(client, base))) return 'removed_tasks';
  return (await hasWorkEvent(client, base)) ? 'work_events' : null;
}

async function readIdCounter(client: LinkConnection['client'], base: string): Promise<number> {
  return Number((await client.get(`${base}id`)) ?? 0);
}

async function countTasks(client: LinkConnection['client'], base: string): Promise<number> {
  const counts = await Promise.all([
    client.llen(`${base}wait`),
    client.llen(`${base}paused`),
    client.zcard(`${base}prioritized`),
    client.zcard(`${base}delayed`),
    client.zcard(`${base}waiting-children`),
  ]);
  return counts.reduce((total, count) => total + count, 0);
}

async function hasWorkEvent(client: LinkConnection['client'], base: string): Promise<boolean> {
  for (let from = '-'; ; ) {
    const entries = await client.xrange(`${base}events`, from, '+', 'COUNT', eventPageSize);
    if (entries.some(([, fields]) => workEvents.has(fields[fields.indexOf('event') + 1] ?? ''))) return true;
    const last = entries.at(-1);
    if (last === undefined || entries.length < eventPageSize) return false;
    from = `(${last[0]}`;
  }
}
