import type {
  LinkGateway,
  LinkStatus,
  LinkWithWatermark,
  ListedTask,
  TasksOfLink,
  TasksResult,
} from '../../application/ports.ts';
import type { FailedTask } from '../../domain/failed-tasks.ts';
import type { Link } from '../../domain/link.ts';
import { callEachLink, callLinks, type LinkItem } from './call-links.ts';
import { readConnectionInfo } from './connection-info.ts';
import { countRemovedFailures } from './count-removed-failures.ts';
import { countWorkers } from './count-workers.ts';
import { findFailedTasks } from './find-failed-tasks.ts';
import { findQueues } from './find-queues.ts';
import { groupFailures } from './group-failures.ts';
import type { LinkConnections } from './link-connections.ts';
import { observeBatch } from './observe-links.ts';
import { findQueueUsage } from './queue-usage.ts';
import { readStatusBatch } from './read-statuses.ts';
import { listOldestFailed, retryFailedTasks, retryTasks } from './retry-failed.ts';
import { setLinksPaused } from './set-paused.ts';

/** Observing a link takes Redis up to 100 µs, reading its status 2 µs: a batch blocks other clients for a few ms. */
const observeBatchSize = 20;
const statusBatchSize = 500;
const observeTimeoutMs = 3_000;
const retryTimeoutMs = 5 * 60_000;
const eventsTimeoutMs = 3_000;
const usageTimeoutMs = 10_000;

/**
 * The links' BullMQ queues. It writes three things only: the pause flag, the order of tasks that BullMQ 5 producers added
 * during a pause, and the failed tasks that Restore and Retry move back.
 */
export function createLinkGateway(connections: LinkConnections): LinkGateway {
  return {
    readStatuses: (links, timeoutMs) =>
      callLinks<LinkItem, LinkStatus>(connections, toItems(links), {
        timeoutMs,
        batchSize: statusBatchSize,
        unreachable: () => 'unreachable',
        run: readStatusBatch,
      }),
    setPaused: (links, desired, timeouts) => setLinksPaused(connections, { links, desired, ...timeouts }),
    retryFailed: (links) =>
      callEachLink(connections, links, {
        timeoutMs: retryTimeoutMs,
        unreachable: () => ({ kind: 'unreachable', tasks: 0 }),
        run: retryFailedTasks,
      }),
    retryTasks: (links) =>
      callEachLink(connections, links, {
        timeoutMs: retryTimeoutMs,
        unreachable: () => ({ kind: 'unreachable', tasks: 0 }),
        run: retryTasks,
      }),
    listFailed: (links, limit) =>
      callEachLink<LinkWithWatermark, TasksResult<ListedTask>>(connections, links, {
        timeoutMs: observeTimeoutMs,
        unreachable: () => ({ kind: 'unreachable' }),
        run: async (connection, item) => ({ kind: 'read', tasks: await listOldestFailed(connection, item, limit) }),
      }),
    findFailed: (links) =>
      callEachLink<TasksOfLink, TasksResult<FailedTask>>(connections, links, {
        timeoutMs: observeTimeoutMs,
        unreachable: () => ({ kind: 'unreachable' }),
        run: async (connection, item) => ({ kind: 'read', tasks: await findFailedTasks(connection, item) }),
      }),
    async countRemovedFailures(links) {
      const counted = await callEachLink(connections, links, {
        timeoutMs: eventsTimeoutMs,
        unreachable: () => ({ count: 0 }),
        run: async (connection, item) => ({ count: await countRemovedFailures(connection, item) }),
      });
      return counted.map(({ count }) => count);
    },
    async groupFailures(links) {
      const answers = await callEachLink(connections, links, {
        timeoutMs: observeTimeoutMs,
        unreachable: () => ({ groups: [] }),
        skipIfDown: true,
        run: async (connection, item) => ({ groups: await groupFailures(connection, item) }),
      });
      return answers.map(({ groups }) => groups);
    },
    observe: (links) =>
      callLinks(connections, links, {
        timeoutMs: observeTimeoutMs,
        batchSize: observeBatchSize,
        unreachable: ({ link }, fault) => ({ kind: 'unreachable', link, fault }),
        skipIfDown: true,
        run: observeBatch,
      }),
    connectionState(name) {
      const connection = connections.get(name);
      if (connection === undefined) return 'not_configured';
      return connection.breaker.isOpen() ? 'down' : 'available';
    },
    readConnections: (names) => Promise.all(names.map((name) => readConnectionInfo(name, connections.get(name)))),
    countWorkers: (links) => countWorkers(connections, links),
    findUsage: (links) =>
      callEachLink(connections, toItems(links), {
        timeoutMs: usageTimeoutMs,
        unreachable: () => ({ kind: 'unreachable' }),
        run: (connection, { link }) => findQueueUsage(connection, link),
      }),
    findQueues: (name, options) => findQueues(connections.get(name), options),
  };
}

function toItems(links: readonly Link[]): LinkItem[] {
  return links.map((link) => ({ link }));
}
