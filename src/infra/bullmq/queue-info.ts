import type { Link } from '../../domain/link.ts';
import type { QueueUsage } from '../../domain/observation.ts';
import type { ConnectionInfo, Persistence, WorkerCounts } from '../../domain/precheck.ts';
import { withTimeout } from '../../lib/async.ts';
import { type RedisClient, whenReady } from '../redis/connection.ts';
import { keyPrefix, type LinkConnection, type LinkConnections } from './link-connections.ts';

const responseTimeoutMs = 3_000;

/**
 * The settings of a Redis that matter to its links. For a cluster: the worst eviction policy and persistence of its masters,
 * and the version of the first one.
 */
export async function readConnectionInfo(
  name: string,
  connection: LinkConnection | undefined,
): Promise<ConnectionInfo> {
  if (connection === undefined) return { kind: 'unreachable', name };
  const { client } = connection;
  if (!(await whenReady(client, responseTimeoutMs))) return { kind: 'unreachable', name };
  const infos = await withTimeout(Promise.all(masterNodes(client).map((node) => node.info())), responseTimeoutMs);
  if (infos.kind !== 'resolved') return { kind: 'unreachable', name };
  const policies = infos.value.map((info) => infoField(info, 'maxmemory_policy'));
  return {
    kind: 'read',
    name,
    evictionPolicy: policies.find((policy) => policy !== 'noeviction') ?? policies[0] ?? null,
    redisVersion: infoField(infos.value[0] ?? '', 'redis_version'),
    persistence: await readPersistence(client, infos.value),
  };
}

/**
 * Counts the workers that are connected to each link, with one CLIENT LIST for each connection. A count is null if the
 * server does not answer or does not permit CLIENT LIST.
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

/**
 * Returns null if it is not known. Settings are read only if a node has no AOF: a Redis user with few rights may not read
 * them, and a managed server may not permit it.
 */
async function readPersistence(client: RedisClient, infos: readonly string[]): Promise<Persistence | null> {
  const aof = infos.map((info) => infoField(info, 'aof_enabled'));
  if (aof.includes(null)) return null;
  if (aof.every((enabled) => enabled === '1')) return 'aof';
  const saves = await withTimeout(Promise.all(masterNodes(client).map(hasSnapshots)), responseTimeoutMs);
  if (saves.kind !== 'resolved') return null;
  return saves.value.every(Boolean) ? 'snapshots' : 'none';
}

async function hasSnapshots(node: ReturnType<typeof masterNodes>[number]): Promise<boolean> {
  const reply = await node.config('GET', 'save');
  const value = Array.isArray(reply) ? reply[1] : Object.values(reply ?? {})[0];
  return typeof value === 'string' && value !== '';
}

function infoField(info: string, field: string): string | null {
  return new RegExp(`^${field}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? null;
}

function masterNodes(client: RedisClient) {
  return 'nodes' in client ? client.nodes('master') : [client];
}

/** How many clients have each connection name. Returns null if the server does not answer. */
async function countClientNames(connection: LinkConnection | undefined): Promise<Map<string, number> | null> {
  if (connection === undefined) return null;
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
