import type { Link } from '../../domain/link.ts';
import type { ConnectionInfo, Persistence } from '../../domain/precheck.ts';
import { withTimeout } from '../../lib/async.ts';
import { type RedisClient, whenReady } from '../redis/connection.ts';
import type { LinkConnection } from './link-connections.ts';

const responseTimeoutMs = 3_000;

/** What a Redis says of itself; of a cluster, what any of its nodes says that is worst. */
export async function readServerInfo(name: string, client: RedisClient): Promise<ConnectionInfo> {
  if (!(await whenReady(client, responseTimeoutMs))) return { kind: 'unreachable', name };
  const infos = await withTimeout(Promise.all(masterNodes(client).map((node) => node.info())), responseTimeoutMs);
  if (infos === undefined) return { kind: 'unreachable', name };
  const policies = infos.map((info) => infoField(info, 'maxmemory_policy'));
  return {
    kind: 'read',
    name,
    evictionPolicy: policies.find((policy) => policy !== 'noeviction') ?? policies[0] ?? null,
    redisVersion: infoField(infos[0] ?? '', 'redis_version'),
    persistence: await readPersistence(client, infos),
  };
}

/**
 * What holds for every node. Settings are asked for only where there is a node without AOF: a user of least privilege has no
 * right to them, and a managed server may keep them to itself; then it is not known.
 */
async function readPersistence(client: RedisClient, infos: readonly string[]): Promise<Persistence | null> {
  const aof = infos.map((info) => infoField(info, 'aof_enabled'));
  if (aof.includes(null)) return null;
  if (aof.every((enabled) => enabled === '1')) return 'aof';
  const saves = await withTimeout(Promise.all(masterNodes(client).map(hasSnapshots)), responseTimeoutMs);
  if (saves === undefined) return null;
  return saves.every(Boolean) ? 'snapshots' : 'none';
}

/**
 * Connected workers per link: each of them names its connection `<prefix>:<base64 of the queue>`, alone or followed by
 * `:w:<name>`. One CLIENT LIST for all links. Null: the server does not tell.
 */
export async function countConnectedWorkers(
  { client }: LinkConnection,
  links: readonly Link[],
): Promise<(number | null)[]> {
  const lists = await withTimeout(
    Promise.all(masterNodes(client).map((node) => node.client('LIST'))),
    responseTimeoutMs,
  );
  if (lists === undefined) return links.map(() => null);
  const connected = new Map<string, number>();
  for (const name of lists.flatMap((list) => clientNames(String(list)))) {
    connected.set(name, (connected.get(name) ?? 0) + 1);
  }
  return links.map((link) => workerNames(link).reduce((sum, name) => sum + (connected.get(name) ?? 0), 0));
}

/** Workers of BullMQ for Python write the queue's name as it is. */
function workerNames({ prefix, queue }: Link): string[] {
  return [`${prefix}:${Buffer.from(queue).toString('base64')}`, `${prefix}:${queue}`];
}

function clientNames(clientList: string): string[] {
  return clientList.split('\n').flatMap((line) => {
    const name = / name=(\S*)/.exec(line)?.[1] ?? '';
    return name === '' ? [] : [name.replace(/:w:.*$/, '')];
  });
}

function masterNodes(client: RedisClient) {
  return 'nodes' in client ? client.nodes('master') : [client];
}

async function hasSnapshots(node: ReturnType<typeof masterNodes>[number]): Promise<boolean> {
  const reply = await node.config('GET', 'save');
  const value = Array.isArray(reply) ? reply[1] : Object.values(reply ?? {})[0];
  return typeof value === 'string' && value !== '';
}

function infoField(info: string, field: string): string | null {
  return new RegExp(`^${field}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? null;
}
