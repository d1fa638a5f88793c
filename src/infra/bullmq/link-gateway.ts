import { z } from 'zod';
import type {
  LinkGateway,
  LinkStatus,
  LinkUsage,
  LinkWithWatermark,
  RetryFailedResult,
  SetPausedResult,
} from '../../application/ports.ts';
import type { DesiredLinkState } from '../../domain/lifecycle.ts';
import type { LinkObservation } from '../../domain/observation.ts';
import type { ConnectionInfo } from '../../domain/precheck.ts';
import type { Link } from '../../domain/project.ts';
import { withTimeout } from '../../lib/async.ts';
import { whenReady } from '../redis/connection.ts';
import { defineScript, runScript } from '../redis/scripts.ts';
import {
  indexesByConnection,
  keyPrefix,
  type LinkConnection,
  type LinkConnections,
  queryLinks,
} from './link-connections.ts';
import { mergePausedList } from './merge-paused-list.ts';
import { observeBatch } from './observe-links.ts';
import { findUsageOfLink } from './queue-usage.ts';
import { retryFailedTasks } from './retry-failed.ts';
import { countConnectedWorkers, readServerInfo } from './server-info.ts';

/** A look takes Redis up to some 100 µs a link, a flag 2 µs: neither keeps others waiting for more than some ms. */
const observeBatchSize = 20;
const statusBatchSize = 500;
const taskBatchSize = 100;
const observeTimeoutMs = 3_000;
const retryTimeoutMs = 5 * 60_000;
const usageTimeoutMs = 10_000;

/**
 * The links' BullMQ queues. All it ever changes in one: the pause flag, the place of tasks set aside, and failed tasks that
 * Restore puts back.
 */
export function createLinkGateway(connections: LinkConnections): LinkGateway {
  return {
    readStatuses: (links, withinMs) =>
      queryLinks(connections, toItems(links), {
        timeoutMs: withinMs,
        batchSize: statusBatchSize,
        unreachable: (): LinkStatus => 'unreachable',
        query: readStatusBatch,
      }),
    async setPaused(links, desired, { responseMs, validForMs }) {
      const expiresAt = performance.now() + validForMs;
      const results = await Promise.all(
        links.map((link) =>
          withTimeout(setLinkPaused(connections, { link, desired, expiresAt, responseMs }), responseMs),
        ),
      );
      return results.map((result, index) => {
        if (result.kind === 'resolved') return result.value;
        if (result.kind === 'rejected') connections.get(links[index]?.connection ?? '')?.report(result.error);
        return 'unreachable';
      });
    },
    retryFailed: (links) =>
      queryLinks(connections, links, {
        timeoutMs: retryTimeoutMs,
        batchSize: taskBatchSize,
        unreachable: (): RetryFailedResult => ({ kind: 'unreachable', tasks: 0 }),
        query: (connection, items) => Promise.all(items.map((item) => retryFailedTasks(connection, item))),
      }),
    observe: (links) =>
      queryLinks(connections, links, {
        timeoutMs: observeTimeoutMs,
        batchSize: observeBatchSize,
        unreachable: ({ link }: LinkWithWatermark): LinkObservation => ({ kind: 'unreachable', link }),
        skipIfDown: true,
        query: observeBatch,
      }),
    readConnections: (names) => Promise.all(names.map((name) => readConnection(connections, name))),
    countWorkers: async (links) => countWorkers(connections, links),
    findUsage: (links) =>
      queryLinks(connections, toItems(links), {
        timeoutMs: usageTimeoutMs,
        batchSize: taskBatchSize,
        unreachable: (): LinkUsage => ({ kind: 'unreachable' }),
        query: (connection, items) => Promise.all(items.map(({ link }) => findUsageOfLink(connection, link))),
      }),
  };
}

function toItems(links: readonly Link[]): { readonly link: Link }[] {
  return links.map((link) => ({ link }));
}

/** KEYS: the `meta` key of each link. ARGV: the first part of its keys. 1 paused, 0 resumed, -1 no such queue. */
const statusScript = defineScript(`
local flags = {}
for i, meta in ipairs(KEYS) do
  local base = ARGV[i]
  if redis.call('HEXISTS', meta, 'paused') == 1 then flags[i] = 1
  elseif redis.call('EXISTS', meta, base .. 'id', base .. 'events', base .. 'wait') > 0 then flags[i] = 0
  else flags[i] = -1 end
end
return flags
`);

const statusByCode = new Map<number, LinkStatus>([
  [1, 'paused'],
  [0, 'resumed'],
  [-1, 'missing'],
]);

async function readStatusBatch(
  { client }: LinkConnection,
  items: readonly { readonly link: Link }[],
): Promise<LinkStatus[]> {
  const prefixes = items.map(({ link }) => keyPrefix(link));
  const keys = prefixes.map((base) => `${base}meta`);
  const codes = z.array(z.number()).parse(await runScript(client, statusScript, { keys, args: prefixes }));
  return items.map((_item, index) => statusByCode.get(codes[index] ?? Number.NaN) ?? 'unreachable');
}

/**
 * Pauses or resumes one link, unless the command has expired: a command that waited, for the connection or in a suspended
 * process, could undo what another worker has done meanwhile.
 */
async function setLinkPaused(
  connections: LinkConnections,
  { link, desired, expiresAt, responseMs }: SetLinkPaused,
): Promise<SetPausedResult> {
  const connection = connections.get(link.connection);
  if (connection === undefined || !(await whenReady(connection.client, responseMs))) return 'unreachable';
  if (desired === 'resumed') await mergePausedList(connection, link);
  if (performance.now() > expiresAt) return 'expired';
  await connection.backend(link).pause(desired === 'paused');
  return 'applied';
}

interface SetLinkPaused {
  readonly link: Link;
  readonly desired: DesiredLinkState;
  /** By `performance.now()`. */
  readonly expiresAt: number;
  readonly responseMs: number;
}

async function readConnection(connections: LinkConnections, name: string): Promise<ConnectionInfo> {
  const connection = connections.get(name);
  return connection === undefined ? { kind: 'unreachable', name } : readServerInfo(name, connection.client);
}

async function countWorkers(connections: LinkConnections, links: readonly Link[]): Promise<(number | null)[]> {
  const counts: (number | null)[] = links.map(() => null);
  await Promise.all(
    [...indexesByConnection(links)].map(async ([name, indexes]) => {
      const connection = connections.get(name);
      if (connection === undefined) return;
      const found = await countConnectedWorkers(
        connection,
        indexes.flatMap((index) => links[index] ?? []),
      );
      indexes.forEach((index, position) => {
        counts[index] = found[position] ?? null;
      });
    }),
  );
  return counts;
}
