import { ZodError } from 'zod';
import type { Link } from '../../domain/link.ts';
import { toChunks, withTimeout } from '../../lib/async.ts';
import { isPermanentReplyError, whenReady } from '../redis/connection.ts';
import type { LinkConnection, LinkConnections } from './link-connections.ts';

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
    connection.breaker.recordFailure();
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
  if (hasReplied) connection.breaker.recordSuccess();
  else connection.breaker.recordFailure();

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

/** Whether the server replied, even with an error or an unexpected value. False if the connection failed. */
function isReplyError(error: unknown): boolean {
  return isPermanentReplyError(error) || error instanceof ZodError || error instanceof SyntaxError;
}
