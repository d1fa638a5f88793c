import { z } from 'zod';
import type { FindQueuesOptions, FoundQueues } from '../../application/ports.ts';
import type { Link } from '../../domain/link.ts';
import { toChunks } from '../../lib/async.ts';
import { connectionFaultOf, masterNodes, whenReady } from '../redis/client.ts';
import { toConnectionFault } from '../redis/connection-fault.ts';
import { createKeys, installationsKey } from '../redis/keys.ts';
import type { LinkConnection } from './link-connections.ts';

/** How many keys one SCAN examines: Redis serves no other client for less than 1 ms. */
const scanCount = 1_000;
const checkBatchSize = 500;
const readyTimeoutMs = 3_000;

/**
 * Finds the queues of BullMQ on a connection by their keys `<prefix>:<queue>:meta`, with SCAN on every primary. Reads only.
 * BullMQ writes that key when a program opens the queue, unless it sets `skipMetasUpdate`. Leaves out the queues of syncbots.
 */
export async function findQueues(
  connection: LinkConnection | undefined,
  options: FindQueuesOptions,
): Promise<FoundQueues> {
  if (connection === undefined) return { kind: 'unreachable', fault: { kind: 'not_configured' } };
  if (!(await whenReady(connection.client, readyTimeoutMs)))
    return { kind: 'unreachable', fault: connectionFaultOf(connection.client) };
  try {
    return await scanQueues(connection, options);
  } catch (error) {
    return { kind: 'unreachable', fault: toConnectionFault(error) };
  }
}

async function scanQueues(connection: LinkConnection, options: FindQueuesOptions): Promise<FoundQueues> {
  const ownPrefixes = await readQueuePrefixes(connection, options.keyPrefix);
  const scan = { links: new Map<string, Link>(), examinedKeys: 0, unreadable: 0, stoppedAt: null } as ScanState;
  const nodes = masterNodes(connection.client);
  await Promise.all(
    nodes.map(async (node) => {
      for (let cursor = '0'; scan.stoppedAt === null; ) {
        const reply = await node.call('SCAN', cursor, 'MATCH', '*:meta', 'COUNT', scanCount, 'TYPE', 'hash');
        const [next, keys] = scanReplySchema.parse(reply);
        scan.examinedKeys += scanCount;
        const candidates = keys
          .flatMap((key) => toLink(key, connection.name) ?? [])
          .filter(({ prefix }) => !ownPrefixes.has(prefix) && (options.prefix === null || prefix === options.prefix));
        await addQueues(connection, candidates, scan);
        if (scan.links.size > options.maxQueues) scan.stoppedAt = 'queues';
        else if (next === '0') break;
        else if (scan.examinedKeys >= options.maxKeys) scan.stoppedAt = 'keys';
        cursor = next;
      }
    }),
  );
  const sizes = await Promise.all(nodes.map((node) => node.dbsize().catch(() => null)));
  const totalKeys = sizes.reduce((total, size) => (total === null || size === null ? null : total + size), 0);
  return {
    kind: 'found',
    links: [...scan.links.values()].slice(0, options.maxQueues),
    examinedKeys: Math.min(scan.examinedKeys, totalKeys ?? scan.examinedKeys),
    totalKeys,
    stoppedAt: scan.stoppedAt,
    unreadable: scan.unreadable,
  };
}

interface ScanState {
  readonly links: Map<string, Link>;
  examinedKeys: number;
  unreadable: number;
  stoppedAt: 'keys' | 'queues' | null;
}

const scanReplySchema = z.tuple([z.coerce.string(), z.array(z.string())]);

/** Returns null if syncbot.yml cannot name the queue, so that it cannot be a link. */
function toLink(key: string, connection: string): Link | null {
  const [, prefix, queue] = /^(.{1,255}):([^:]{1,255}):meta$/su.exec(key) ?? [];
  if (prefix === undefined || queue === undefined || /[\p{Cc}\p{Cs}\ufffd]/u.test(prefix + queue)) return null;
  return { queue, connection, prefix };
}

/** SCAN returns a key more than once while a server moves keys. */
async function addQueues({ client }: LinkConnection, links: readonly Link[], scan: ScanState): Promise<void> {
  for (const batch of toChunks(links, checkBatchSize)) {
    await Promise.all(
      batch.map(async (link) => {
        const key = `${link.prefix}:${link.queue}:`;
        const result = await isQueue(client, key);
        if (result === 'not_permitted') scan.unreadable += 1;
        if (result === 'queue') scan.links.set(key, link);
      }),
    );
  }
}

/** Other programs have keys of this form, too. A queue whose program sets `skipMetasUpdate` has only its pause flag there. */
async function isQueue(client: LinkConnection['client'], key: string): Promise<'queue' | 'other' | 'not_permitted'> {
  try {
    const [version, maxEvents, paused] = await client.hmget(`${key}meta`, 'version', 'opts.maxLenEvents', 'paused');
    if (/^bullmq/.test(version ?? '') || maxEvents !== null) return 'queue';
    return paused !== null && (await client.type(`${key}events`)) === 'stream' ? 'queue' : 'other';
  } catch (error) {
    if (toConnectionFault(error).kind === 'no_permission') return 'not_permitted';
    throw error;
  }
}

/** The prefixes of the queues of all syncbots that are known on this Redis. */
async function readQueuePrefixes({ client }: LinkConnection, keyPrefix: string): Promise<ReadonlySet<string>> {
  // This Redis may be of another program, where the user has fewer permissions.
  const installed = await client.smembers(installationsKey).catch(() => []);
  return new Set([keyPrefix, ...installed].map((prefix) => createKeys(prefix).queuePrefix));
}
