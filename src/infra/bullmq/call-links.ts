import { ZodError } from 'zod';
import type { ConnectionFault } from '../../domain/connection-fault.ts';
import type { Link } from '../../domain/link.ts';
import { toChunks, withTimeout } from '../../lib/async.ts';
import { connectionFaultOf, whenReady } from '../redis/client.ts';
import { faultOfResult } from '../redis/connection-fault.ts';
import { isPermanentReplyError } from '../redis/send-commands.ts';
import type { LinkConnection, LinkConnections } from './link-connections.ts';

export interface LinkCall<Item, Answer> {
  /** Returns the answers in the order of `batch`. */
  readonly run: (connection: LinkConnection, batch: readonly Item[]) => Promise<readonly Answer[]>;
  readonly unreachable: (item: Item, fault: ConnectionFault) => Answer;
  /** For a call that changes links: if it was sent, and no reply arrived in time, the sockets of the connection are reset. */
  readonly resetIfLate?: boolean;
  readonly timeoutMs: number;
  /** How many links one script touches. Redis serves no other client meanwhile. */
  readonly batchSize: number;
  /** Skips a connection whose circuit breaker is open. */
  readonly skipIfDown?: boolean;
}

export interface LinkItem {
  readonly link: Link;
}

/**
 * Queries links in batches, on all connections at once, and returns the answers in the order of `items`. A link is
 * `unreachable` if its connection does not answer within `timeoutMs`: it delays no other connection.
 */
export async function callLinks<Item extends LinkItem, Answer extends object | string>(
  connections: LinkConnections,
  items: readonly Item[],
  call: LinkCall<Item, Answer>,
): Promise<Answer[]> {
  const names = [...new Set(items.map(({ link }) => link.connection))];
  const answers = await Promise.all(
    names.map((name) => {
      const ownItems = items.filter(({ link }) => link.connection === name);
      return callConnection(connections.get(name), ownItems, call);
    }),
  );
  const answerByItem = new Map(answers.flat());
  return items.map((item) => answerByItem.get(item) ?? call.unreachable(item, { kind: 'timed_out' }));
}

/** Like `callLinks`, for a call of BullMQ's operations or plain commands on one link. */
export function callEachLink<Item extends LinkItem, Answer extends object | string>(
  connections: LinkConnections,
  items: readonly Item[],
  {
    run,
    ...options
  }: Omit<LinkCall<Item, Answer>, 'run' | 'batchSize'> & {
    readonly run: (connection: LinkConnection, item: Item) => Promise<Answer>;
  },
): Promise<Answer[]> {
  return callLinks(connections, items, {
    ...options,
    batchSize: 1,
    run: (connection, batch) => Promise.all(batch.map((item) => run(connection, item))),
  });
}

type Answered<Item, Answer> = readonly (readonly [Item, Answer])[];

/** Returns the answers, each with its item. */
async function callConnection<Item extends LinkItem, Answer>(
  connection: LinkConnection | undefined,
  items: readonly Item[],
  call: LinkCall<Item, Answer>,
): Promise<Answered<Item, Answer>> {
  const unreachable = (fault: ConnectionFault) => items.map((item) => [item, call.unreachable(item, fault)] as const);
  if (connection === undefined) return unreachable({ kind: 'not_configured' });
  if (call.skipIfDown && !(await connection.breaker.isAvailable()))
    return unreachable(connectionFaultOf(connection.client));
  if (!(await whenReady(connection.client, call.timeoutMs))) {
    connection.breaker.recordFailure();
    return unreachable(connectionFaultOf(connection.client));
  }
  const batches = toChunks(items, connection.isCluster ? 1 : call.batchSize);
  const answers = await Promise.all(batches.map((batch) => callBatch(connection, batch, call)));
  return answers.flat();
}

/** If the server refuses a batch, calls its links one by one: an unreadable queue must not hide the others. */
async function callBatch<Item extends LinkItem, Answer>(
  connection: LinkConnection,
  batch: readonly Item[],
  call: LinkCall<Item, Answer>,
): Promise<Answered<Item, Answer>> {
  const result = await withTimeout(call.run(connection, batch), call.timeoutMs);
  const hasReplied = result.kind === 'resolved' || (result.kind === 'rejected' && isReplyError(result.error));
  if (hasReplied) connection.breaker.recordSuccess();
  else connection.breaker.recordFailure();

  if (result.kind === 'resolved') return pairWithItems(batch, result.value);
  if (hasReplied && batch.length > 1) {
    const answers = await Promise.all(batch.map((item) => callBatch(connection, [item], call)));
    return answers.flat();
  }
  if (result.kind === 'rejected') connection.report(result.error);
  if (result.kind === 'timed_out' && call.resetIfLate) connection.reset();
  const fault = faultOfResult(result);
  return batch.map((item) => [item, call.unreachable(item, fault)] as const);
}

function pairWithItems<Item, Answer>(items: readonly Item[], answers: readonly Answer[]): Answered<Item, Answer> {
  return items.flatMap((item, index) => {
    const answer = answers[index];
    return answer === undefined ? [] : [[item, answer] as const];
  });
}

/** Whether the server replied, even with an error or an unexpected value. False if the connection failed. */
function isReplyError(error: unknown): boolean {
  return isPermanentReplyError(error) || error instanceof ZodError;
}
