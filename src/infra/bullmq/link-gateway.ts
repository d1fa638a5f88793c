import { z } from 'zod';
import type {
  LinkGateway,
  LinkStatus,
  LinkWithWatermark,
  RetryFailedResult,
  SetPausedResult,
} from '../../application/ports.ts';
import type { DesiredLinkState } from '../../domain/lifecycle.ts';
import type { Link } from '../../domain/link.ts';
import type { LinkObservation, UsageEvidence } from '../../domain/observation.ts';
import type { ConnectionInfo } from '../../domain/precheck.ts';
import { timedResult } from '../../lib/async.ts';
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
    setPaused(links, wanted, { responseMs, validForMs }) {
      const expiresAt = performance.now() + validForMs;
      return queryLinks(connections, toItems(links), {
        timeoutMs: responseMs,
        batchSize: statusBatchSize,
        unreachable: (): SetPausedResult => 'unreachable',
        query: (connection, items) =>
          Promise.all(
            items.map(async ({ link }) => {
              const result = await timedResult(
                setLinkPaused(connection, { link, wanted, sendBy: expiresAt }),
                responseMs,
              );
              if (result.kind === 'failed') connection.report(result.error);
              return result.kind === 'answered' ? result.value : 'unreachable';
            }),
          ),
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
        unreachable: (): UsageEvidence | 'unreachable' | null => 'unreachable',
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

/** What is sent after a wait, for the connection or of a process that was stopped, could land when the link is wanted otherwise. */
async function setLinkPaused(
  connection: LinkConnection,
  {
    link,
    wanted: desired,
    sendBy: expiresAt,
  }: { readonly link: Link; readonly wanted: DesiredLinkState; readonly sendBy: number },
): Promise<SetPausedResult> {
  if (desired === 'resumed') await mergePausedList(connection, link);
  if (performance.now() > expiresAt) return 'late';
  await connection.backend(link).pause(desired === 'paused');
  return 'driven';
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
