import type { LinkUsage } from '../../application/ports.ts';
import type { Link } from '../../domain/project.ts';
import { keyPrefix, type LinkConnection } from './link-connections.ts';

const eventPageSize = 1_000;
const workEvents: ReadonlySet<string> = new Set(['active', 'completed', 'failed']);

/** Finds evidence that workers have processed tasks of this queue. Tasks that only wait are no evidence. Reads no payload. */
export async function findUsageOfLink({ client }: LinkConnection, link: Link): Promise<LinkUsage> {
  const base = keyPrefix(link);
  const [active, completed, failed] = await Promise.all([
    client.llen(`${base}active`),
    client.zcard(`${base}completed`),
    client.zcard(`${base}failed`),
  ]);
  if (active > 0) return { kind: 'used', evidence: 'active_tasks' };
  if (completed > 0) return { kind: 'used', evidence: 'completed_tasks' };
  if (failed > 0) return { kind: 'used', evidence: 'failed_tasks' };
  const hasRemovedTasks = (await readIdCounter(client, base)) > (await countTasks(client, base));
  if (hasRemovedTasks) return { kind: 'used', evidence: 'removed_tasks' };
  return (await hasWorkEvent(client, base)) ? { kind: 'used', evidence: 'work_events' } : { kind: 'unused' };
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
