import { type IQueueBackend, Queue } from 'bullmq';
import { ZodError } from 'zod';
import type { RedisEndpoint } from '../../config/redis-url.ts';
import type { Link } from '../../domain/link.ts';
import { timedResult, toChunks } from '../../lib/async.ts';
import { connect, disconnect, type RedisClient, whenReady } from '../redis/connection.ts';
import { isServerReply } from '../redis/scripts.ts';

/** One connection to a Redis that holds links, shared by all of them. */
export interface LinkConnection {
  readonly name: string;
  readonly client: RedisClient;
  /** Whether each queue may lie in another slot: then one script may look at one link only. */
  readonly isCluster: boolean;
  /** BullMQ's own operations on a link. Writes nothing by itself. */
  backend(link: Link): IQueueBackend;
  /** Tells of an answer that was an error. */
  report(error: unknown): void;
  /** Remembers whether the connection answered in time the last time it was asked. */
  recordTimeout(timedOut: boolean): void;
  /** False for one that was silent the last time and still is: then it is not worth waiting for again. */
  isAvailable(): Promise<boolean>;
}

export interface LinkConnections extends AsyncDisposable {
  /** Undefined when no connection has this name: its links cannot be reached. */
  get(name: string): LinkConnection | undefined;
}

/** Opens each named connection when it is first used. `onError` hears of connection trouble, once per event. */
export function createLinkConnections(
  endpoints: Readonly<Record<string, RedisEndpoint>>,
  onError: (name: string, error: Error) => void,
): LinkConnections {
  const opened = new Map<string, LinkConnection & { close(): Promise<void> }>();
  return {
    get(name) {
      const known = opened.get(name);
      if (known !== undefined) return known;
      const endpoint = Object.hasOwn(endpoints, name) ? endpoints[name] : undefined;
      if (endpoint === undefined) return undefined;
      const connection = openConnection(name, endpoint, onError);
      opened.set(name, connection);
      return connection;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...opened.values()].map((connection) => connection.close()));
      opened.clear();
    },
  };
}

function openConnection(name: string, endpoint: RedisEndpoint, onError: (name: string, error: Error) => void) {
  const client = connect(endpoint, 'links', (error) => onError(name, error));
  // Only a handle for BullMQ's scripts: with these two options it neither writes a queue's record nor asks for INFO.
  const scriptQueue = new Queue('syncbot', { connection: client, skipMetasUpdate: true, skipVersionCheck: true });
  scriptQueue.on('error', () => {});
  scriptQueue.waitUntilReady().catch(() => {});
  let isTimedOut = false;
  return {
    name,
    client,
    report: (error: unknown) => onError(name, error instanceof Error ? error : new Error('no error', { cause: error })),
    recordTimeout(timedOut: boolean) {
      isTimedOut = timedOut;
    },
    async isAvailable() {
      if (!isTimedOut) return true;
      const ready = await whenReady(client, probeTimeoutMs);
      if (ready && (await timedResult(client.ping(), probeTimeoutMs)).kind === 'answered') isTimedOut = false;
      return !isTimedOut;
    },
    isCluster: endpoint.kind === 'cluster',
    backend: (link: Link) => scriptQueue.getBackend().forQueue(link.queue, link.prefix),
    async close() {
      await scriptQueue.close().catch(() => {});
      await disconnect(client);
    },
  };
}

/** The first part of every key of a link, such as `bull:orders-full:`. */
export function keyPrefix(link: Link): string {
  return `${link.prefix}:${link.queue}:`;
}

export interface LinkQuery<Item, Answer> {
  readonly query: (connection: LinkConnection, items: readonly Item[]) => Promise<readonly Answer[]>;
  readonly unreachable: (item: Item) => Answer;
  readonly timeoutMs: number;
  /** How many links one script looks at: nobody else is served meanwhile. */
  readonly batchSize: number;
  /** For looks that are repeated: a connection that was silent is only waited for again once it answers a PING. */
  readonly skipIfDown?: boolean;
}

const probeTimeoutMs = 250;

/**
 * Asks the links of each connection on its own, in chunks, all at once; answers in the order of the items. What a
 * connection does not answer within `withinMs` is `unreachable(item)`: it never holds up the others. A chunk that the
 * server refuses is asked link by link: one unreadable queue never hides its neighbours.
 */
export async function queryLinks<Item extends { readonly link: Link }, Answer>(
  connections: LinkConnections,
  items: readonly Item[],
  query: LinkQuery<Item, Answer>,
): Promise<Answer[]> {
  const results = items.map(query.unreachable);
  const queryBatch = async (connection: LinkConnection, indexes: readonly number[]): Promise<void> => {
    const batch = indexes.flatMap((index) => items[index] ?? []);
    const result = await timedResult(query.query(connection, batch), query.timeoutMs);
    connection.recordTimeout(result.kind === 'late' || (result.kind === 'failed' && isConnectionError(result.error)));
    if (result.kind === 'answered') {
      result.value.forEach((value, position) => {
        const index = indexes[position];
        if (index !== undefined) results[index] = value;
      });
    } else if (result.kind === 'failed' && indexes.length > 1 && !isConnectionError(result.error)) {
      await Promise.all(indexes.map((index) => queryBatch(connection, [index])));
    } else if (result.kind === 'failed') connection.report(result.error);
  };
  const byConnection = indexesByConnection(items.map(({ link }) => link));
  await Promise.all(
    [...byConnection].map(async ([name, indexes]) => {
      const connection = connections.get(name);
      if (connection === undefined) return;
      if (query.skipIfDown && !(await connection.isAvailable())) return;
      const ready = await whenReady(connection.client, query.timeoutMs);
      if (!ready) return connection.recordTimeout(true);
      await Promise.all(
        toChunks(indexes, connection.isCluster ? 1 : query.batchSize).map((chunk) => queryBatch(connection, chunk)),
      );
    }),
  );
  return results;
}

/** The connection is gone, rather than one of the queues unreadable. */
function isConnectionError(error: unknown): boolean {
  return !isServerReply(error) && !(error instanceof ZodError);
}

/** The positions of the links on each connection. */
export function indexesByConnection(links: readonly Link[]): Map<string, number[]> {
  const byName = new Map<string, number[]>();
  links.forEach(({ connection }, index) => {
    const indexes = byName.get(connection);
    if (indexes === undefined) byName.set(connection, [index]);
    else indexes.push(index);
  });
  return byName;
}
