import { z } from 'zod';
import type { LinkGateway, LinkStatus, SetPausedResult } from '../../application/ports.ts';
import type { DesiredLinkState } from '../../domain/lifecycle.ts';
import type { Link } from '../../domain/link.ts';
import { withTimeout } from '../../lib/async.ts';
import { whenReady } from '../redis/client.ts';
import { loadScript, runScript } from '../redis/scripts.ts';
import { callEachLink, callLinks } from './call-links.ts';
import { readConnectionInfo } from './connection-info.ts';
import { countWorkers } from './count-workers.ts';
import { keyPrefix, type LinkConnection, type LinkConnections } from './link-connections.ts';
import { mergePausedList } from './merge-paused-list.ts';
import { observeBatch } from './observe-links.ts';
import { findQueueUsage } from './queue-usage.ts';
import { retryFailedTasks } from './retry-failed.ts';

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
  return {
    readStatuses: (links, timeoutMs) =>
      callLinks(connections, toItems(links), {
        timeoutMs,
        batchSize: statusBatchSize,
        unreachable: () => 'unreachable',
        run: readStatusBatch,
      }),
    async setPaused(links, desired, { responseMs, validForMs }) {
      const command = { desired, expiresAt: performance.now() + validForMs, responseMs };
      const results = await Promise.all(
        links.map((link) => withTimeout(setLinkPaused(connections, { ...command, link }), responseMs)),
      );
      return results.map((result, index) => {
        if (result.kind === 'resolved') return result.value;
        if (result.kind === 'rejected') connections.get(links[index]?.connection ?? '')?.report(result.error);
        return 'unreachable';
      });
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
        unreachable: ({ link }, fault) => ({ kind: 'unreachable', link, fault }),
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
const statusesSchema = z.array(z.enum(['paused', 'resumed', 'missing']));

async function readStatusBatch(
  { client }: LinkConnection,
  items: readonly { readonly link: Link }[],
): Promise<LinkStatus[]> {
  const prefixes = items.map(({ link }) => keyPrefix(link));
  const keys = prefixes.map((prefix) => `${prefix}meta`);
  return statusesSchema.parse(
    await runScript(client, readStatusesScript, { keys, args: [JSON.stringify({ prefixes })] }),
  );
}

interface SetPausedCommand {
  readonly link: Link;
  readonly desired: DesiredLinkState;
  /** Ms of `performance.now()`. */
  readonly expiresAt: number;
  readonly responseMs: number;
}

/**
 * Checks the expiry right before sending. A command that was delayed by the connection, or because the process was
 * suspended, could reach a link that has another desired state by then.
 */
async function setLinkPaused(
  connections: LinkConnections,
  { link, desired, expiresAt, responseMs }: SetPausedCommand,
): Promise<SetPausedResult> {
  const connection = connections.get(link.connection);
  if (connection === undefined || !(await whenReady(connection.client, responseMs))) return 'unreachable';
  if (desired === 'resumed') await mergePausedList(connection, link);
  if (performance.now() > expiresAt) return 'expired';
  await connection.backend(link).pause(desired === 'paused');
  return 'applied';
}
