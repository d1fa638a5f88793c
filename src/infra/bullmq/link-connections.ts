import { type IQueueBackend, Queue } from 'bullmq';
import { ZodError } from 'zod';
import type { RedisEndpoint } from '../../config/redis-url.ts';
import type { Link } from '../../domain/link.ts';
import { toChunks, withTimeout } from '../../lib/async.ts';
import { connect, disconnect, type RedisClient, whenReady } from '../redis/connection.ts';
import { isServerReply } from '../redis/scripts.ts';

/** A connection to a Redis that holds links. All of its links share it. */
export interface LinkConnection {
  readonly name: string;
  readonly client: RedisClient;
  /** In a cluster each queue may be in another slot, so a script may touch one link only. */
  readonly isCluster: boolean;
  readonly breaker: CircuitBreaker;
  /** BullMQ's own operations on a link's queue. Calling this writes nothing. */
  backend(link: Link): IQueueBackend;
  /** Passes an error of a query to `onError`. */
  report(error: unknown): void;
}

/**
 * Remembers whether the last query of a connection timed out. A query that is repeated every few seconds skips such a
 * connection until it answers a PING, instead of waiting for its whole timeout each time.
 */
export interface CircuitBreaker {
  recordTimeout(): void;
  recordAnswer(): void;
  isAvailable(): Promise<boolean>;
}

export interface LinkConnections extends AsyncDisposable {
  /** Returns undefined if the configuration has no connection of this name: its links are unreachable. */
  get(name: string): LinkConnection | undefined;
}

/** Opens each connection when it is first used. `onError` receives one error for each outage, and each error reply. */
export function createLinkConnections(
  endpoints: Readonly<Record<string, RedisEndpoint>>,
  onError: (name: string, error: Error) => void,
): LinkConnections {
  const opened = new Map<string, LinkConnection & { close(): Promise<void> }>();
  return {
    get(name) {
      const existing = opened.get(name);
      if (existing !== undefined) return existing;
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

/** The start of every key of a link, such as `bull:orders-full:`. */
export function keyPrefix(link: Link): string {
  return `${link.prefix}:${link.queue}:`;
}

export interface LinkQuery<Item, Answer> {
  /** Returns the answers in the order of `batch`. */
  readonly query: (connection: LinkConnection, batch: readonly Item[]) => Promise<readonly Answer[]>;
  readonly unreachable: (item: Item) => Answer;
  readonly timeoutMs: number;
  /** How many links one script touches. Redis serves no other client meanwhile. */
  readonly batchSize: number;
  /** Skips a connection whose circuit breaker is open. */
  readonly skipIfDown?: boolean;
}

interface LinkItem {
  readonly link: Link;
}

/**
 * Queries links in batches, on all connections at once, and returns the answers in the order of `items`. A link is
 * `unreachable` if its connection does not answer within `timeoutMs`: it delays no other connection.
 */
export async function queryLinks<Item extends LinkItem, Answer extends object | string>(
  connections: LinkConnections,
  items: readonly Item[],
  query: LinkQuery<Item, Answer>,
): Promise<Answer[]> {
  const names = [...new Set(items.map(({ link }) => link.connection))];
  const answers = await Promise.all(
    names.map((name) => {
      const ownItems = items.filter(({ link }) => link.connection === name);
      return queryConnection(connections.get(name), ownItems, query);
    }),
  );
  const answerByItem = new Map(answers.flat());
  return items.map((item) => answerByItem.get(item) ?? query.unreachable(item));
}

/** Like `queryLinks`, for a query of BullMQ's operations or plain commands on one link. */
export function queryEachLink<Item extends LinkItem, Answer extends object | string>(
  connections: LinkConnections,
  items: readonly Item[],
  {
    query,
    ...options
  }: Omit<LinkQuery<Item, Answer>, 'query' | 'batchSize'> & {
    readonly query: (connection: LinkConnection, item: Item) => Promise<Answer>;
  },
): Promise<Answer[]> {
  return queryLinks(connections, items, {
    ...options,
    batchSize: 1,
    query: (connection, batch) => Promise.all(batch.map((item) => query(connection, item))),
  });
}

type Answered<Item, Answer> = readonly (readonly [Item, Answer])[];

/** Returns the answers that arrived, each with its item. */
async function queryConnection<Item extends LinkItem, Answer>(
  connection: LinkConnection | undefined,
  items: readonly Item[],
  query: LinkQuery<Item, Answer>,
): Promise<Answered<Item, Answer>> {
  if (connection === undefined) return [];
  if (query.skipIfDown && !(await connection.breaker.isAvailable())) return [];
  if (!(await whenReady(connection.client, query.timeoutMs))) {
    connection.breaker.recordTimeout();
    return [];
  }
  const batches = toChunks(items, connection.isCluster ? 1 : query.batchSize);
  const answers = await Promise.all(batches.map((batch) => queryBatch(connection, batch, query)));
  return answers.flat();
}

/** If the server refuses a batch, queries its links one by one: an unreadable queue must not hide the others. */
async function queryBatch<Item extends LinkItem, Answer>(
  connection: LinkConnection,
  batch: readonly Item[],
  query: LinkQuery<Item, Answer>,
): Promise<Answered<Item, Answer>> {
  const result = await withTimeout(query.query(connection, batch), query.timeoutMs);
  const hasReplied = result.kind === 'resolved' || (result.kind === 'rejected' && isReplyError(result.error));
  if (hasReplied) connection.breaker.recordAnswer();
  else connection.breaker.recordTimeout();

  if (result.kind === 'resolved') return pairWithItems(batch, result.value);
  if (result.kind === 'timed_out') return [];
  if (hasReplied && batch.length > 1) {
    const answers = await Promise.all(batch.map((item) => queryBatch(connection, [item], query)));
    return answers.flat();
  }
  connection.report(result.error);
  return [];
}

function pairWithItems<Item, Answer>(items: readonly Item[], answers: readonly Answer[]): Answered<Item, Answer> {
  return items.flatMap((item, index) => {
    const answer = answers[index];
    return answer === undefined ? [] : [[item, answer] as const];
  });
}

/** Whether the server replied, with an error or with something unexpected, rather than the connection failed. */
function isReplyError(error: unknown): boolean {
  return isServerReply(error) || error instanceof ZodError || error instanceof SyntaxError;
}

function openConnection(name: string, endpoint: RedisEndpoint, onError: (name: string, error: Error) => void) {
  const client = connect(endpoint, 'links', (error) => onError(name, error));
  // Each Queue adds listeners to the client, so there is one Queue, and `forQueue` makes a handle for each link. With these
  // two options BullMQ neither writes the 'meta' key of a queue nor sends INFO.
  const baseQueue = new Queue('syncbot', { connection: client, skipMetasUpdate: true, skipVersionCheck: true });
  // The client reports its own errors.
  baseQueue.on('error', () => {});
  baseQueue.waitUntilReady().catch(() => {});
  return {
    name,
    client,
    isCluster: endpoint.kind === 'cluster',
    breaker: createCircuitBreaker(client),
    backend: (link: Link) => baseQueue.getBackend().forQueue(link.queue, link.prefix),
    report: (error: unknown) => onError(name, error instanceof Error ? error : new Error('no error', { cause: error })),
    async close() {
      await baseQueue.close().catch(() => {});
      await disconnect(client);
    },
  };
}

const pingTimeoutMs = 250;

function createCircuitBreaker(client: RedisClient): CircuitBreaker {
  let isOpen = false;
  return {
    recordTimeout() {
      isOpen = true;
    },
    recordAnswer() {
      isOpen = false;
    },
    async isAvailable() {
      if (!isOpen) return true;
      const isReady = await whenReady(client, pingTimeoutMs);
      if (isReady && (await withTimeout(client.ping(), pingTimeoutMs)).kind === 'resolved') isOpen = false;
      return !isOpen;
    },
  };
}
