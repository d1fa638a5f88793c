import type { ConnectionInfo, Persistence } from '../../domain/precheck.ts';
import { withTimeout } from '../../lib/async.ts';
import { connectionFaultOf, databaseOf, masterNodes, type RedisClient, whenReady } from '../redis/client.ts';
import { faultOfResult } from '../redis/connection-fault.ts';
import type { LinkConnection } from './link-connections.ts';

const responseTimeoutMs = 3_000;

/**
 * The settings of a Redis that matter to its links. For a cluster: the worst eviction policy and persistence of its masters,
 * and the version of the first one.
 */
export async function readConnectionInfo(
  name: string,
  connection: LinkConnection | undefined,
): Promise<ConnectionInfo> {
  if (connection === undefined) return { kind: 'unreachable', name, fault: { kind: 'not_configured' } };
  const { client } = connection;
  if (!(await whenReady(client, responseTimeoutMs)))
    return { kind: 'unreachable', name, fault: connectionFaultOf(client) };
  const infos = await withTimeout(Promise.all(masterNodes(client).map((node) => node.info())), responseTimeoutMs);
  if (infos.kind !== 'resolved') return { kind: 'unreachable', name, fault: faultOfResult(infos) };
  if (infos.value.some((info) => infoField(info, 'redis_mode') === 'sentinel'))
    return { kind: 'unreachable', name, fault: { kind: 'sentinel' } };
  const policies = infos.value.map((info) => infoField(info, 'maxmemory_policy'));
  return {
    kind: 'read',
    name,
    evictionPolicy: policies.find((policy) => policy !== 'noeviction') ?? policies[0] ?? null,
    redisVersion: infoField(infos.value[0] ?? '', 'redis_version'),
    persistence: await readPersistence(client, infos.value),
    runIds: infos.value.flatMap((info) => infoField(info, 'run_id') ?? []),
    database: databaseOf(client),
  };
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
