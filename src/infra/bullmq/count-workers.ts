import type { Link } from '../../domain/link.ts';
import type { WorkerCounts } from '../../domain/precheck.ts';
import { withTimeout } from '../../lib/async.ts';
import { masterNodes } from '../redis/client.ts';
import type { LinkConnection, LinkConnections } from './link-connections.ts';

const responseTimeoutMs = 3_000;

/**
 * Counts the workers that are connected to each link, with one CLIENT LIST for each connection. A count is null if the
 * server does not answer or does not permit CLIENT LIST. A connection that is down is not waited for.
 *
 * BullMQ 6.7.0 has Queue.getWorkersCount, but it sends one CLIENT LIST for each queue, and of a cluster it reads one node
 * only (taskforcesh/bullmq#3340). Use it once it does neither.
 */
export async function countWorkers(connections: LinkConnections, links: readonly Link[]): Promise<WorkerCounts> {
  const names = [...new Set(links.map(({ connection }) => connection))];
  const clientsByConnection = new Map(
    await Promise.all(names.map(async (name) => [name, await countClientNames(connections.get(name))] as const)),
  );
  return links.map((link) => {
    const clients = clientsByConnection.get(link.connection) ?? null;
    if (clients === null) return null;
    return workerNames(link).reduce((total, name) => total + (clients.get(name) ?? 0), 0);
  });
}

/** How many clients have each connection name. Returns null if the server does not answer. */
async function countClientNames(connection: LinkConnection | undefined): Promise<Map<string, number> | null> {
  if (connection === undefined || !(await connection.breaker.isAvailable())) return null;
  const lists = await withTimeout(
    Promise.all(masterNodes(connection.client).map((node) => node.client('LIST'))),
    responseTimeoutMs,
  );
  if (lists.kind !== 'resolved') return null;
  const counts = new Map<string, number>();
  for (const line of lists.value.flatMap((list) => String(list).split('\n'))) {
    const name = / name=(\S*)/.exec(line)?.[1] ?? '';
    const baseName = name.replace(/:w:.*$/, '');
    counts.set(baseName, (counts.get(baseName) ?? 0) + 1);
  }
  return counts;
}

/**
 * The connection names of a link's workers, without `:w:<name>` that a named worker appends. BullMQ encodes the queue's
 * name as base64, BullMQ for Python does not.
 */
function workerNames({ prefix, queue }: Link): string[] {
  return [`${prefix}:${Buffer.from(queue).toString('base64')}`, `${prefix}:${queue}`];
}
