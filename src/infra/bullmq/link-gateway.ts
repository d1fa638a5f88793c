import { z } from 'zod';
import type { LinkGateway, LinkStatus } from '../../application/ports.ts';
import type { Link } from '../../domain/link.ts';
import { jsonReply, loadScript, runScript } from '../redis/scripts.ts';
import { callEachLink, callLinks } from './call-links.ts';
import { readConnectionInfo } from './connection-info.ts';
import { countWorkers } from './count-workers.ts';
import { createLinkClocks, type LinkClocks } from './link-clocks.ts';
import { keyPrefix, type LinkConnection, type LinkConnections } from './link-connections.ts';
import { observeBatch } from './observe-links.ts';
import { findQueueUsage } from './queue-usage.ts';
import { retryFailedTasks } from './retry-failed.ts';
import { setLinkPaused } from './set-paused.ts';

/** Observing a link takes Redis up to 100 µs, reading its status 2 µs: a batch blocks other clients for a few ms. */
const observeBatchSize = 20;
const statusBatchSize = 500;
const observeTimeoutMs = 3_000;
const retryTimeoutMs = 5 * 60_000;
const usageTimeoutMs = 10_000;

/**
 * The links' BullMQ queues. It writes three things only: the pause flag, the order of tasks that BullMQ 5 producers added
 * during a pause, and the failed tasks that Restore retries.
 */
export function createLinkGateway(connections: LinkConnections): LinkGateway {
  const clocks = createLinkClocks();
  const readStatuses = (links: readonly Link[], timeoutMs: number): Promise<LinkStatus[]> =>
    callLinks(connections, toItems(links), {
      timeoutMs,
      batchSize: statusBatchSize,
      unreachable: () => 'unreachable',
      run: (connection, batch) => readStatusBatch(connection, batch, clocks),
    });
  /** By connection, so that a slow one does not delay the others. */
  const readUnknownClocks = (links: readonly Link[], timeoutMs: number): ReadonlyMap<string, Promise<unknown>> => {
    const unknown = links.filter((link) => !clocks.isKnown(link));
    const names = [...new Set(unknown.map(({ connection }) => connection))];
    const linksOf = (name: string) => unknown.filter(({ connection }) => connection === name);
    return new Map(names.map((name) => [name, readStatuses(linksOf(name), timeoutMs)]));
  };
  return {
    readStatuses,
    async setPaused(links, desired, { responseMs, validForMs }) {
      const startedAt = performance.now();
      const [expiresAt, endsAt] = [startedAt + validForMs, startedAt + responseMs];
      const clockReads = readUnknownClocks(links, responseMs);
      return Promise.all(
        links.map(async (link) => {
          await clockReads.get(link.connection);
          const command = { link, desired, clocks, expiresAt, endsAt };
          return setLinkPaused(connections.get(link.connection), command);
        }),
      );
    },
    retryFailed: (links) =>
      callEachLink(connections, links, {
        timeoutMs: retryTimeoutMs,
        unreachable: () => ({ kind: 'unreachable', tasks: 0 }),
        run: retryFailedTasks,
      }),
    observe: (links) =>
      callLinks(connections, links, {
        timeoutMs: observeTimeoutMs,
        batchSize: observeBatchSize,
        unreachable: ({ link }) => ({ kind: 'unreachable', link }),
        skipIfDown: true,
        run: observeBatch,
      }),
    readConnections: (names) => Promise.all(names.map((name) => readConnectionInfo(name, connections.get(name)))),
    countWorkers: (links) => countWorkers(connections, links),
    findUsage: (links) =>
      callEachLink(connections, toItems(links), {
        timeoutMs: usageTimeoutMs,
        unreachable: () => ({ kind: 'unreachable' }),
        run: (connection, { link }) => findQueueUsage(connection, link),
      }),
  };
}

function toItems(links: readonly Link[]): { readonly link: Link }[] {
  return links.map((link) => ({ link }));
}

const readStatusesScript = loadScript(new URL('lua/read-statuses.lua', import.meta.url));
const statusesSchema = jsonReply(
  z.object({ now: z.number(), statuses: z.array(z.enum(['paused', 'resumed', 'missing'])) }),
);

async function readStatusBatch(
  { client }: LinkConnection,
  items: readonly { readonly link: Link }[],
  clocks: LinkClocks,
): Promise<LinkStatus[]> {
  const prefixes = items.map(({ link }) => keyPrefix(link));
  const keys = prefixes.map((prefix) => `${prefix}meta`);
  const reply = await runScript(client, readStatusesScript, { keys, args: [JSON.stringify({ prefixes })] });
  const { now, statuses } = statusesSchema.parse(reply);
  for (const { link } of items) clocks.record(link, now);
  return statuses;
}
