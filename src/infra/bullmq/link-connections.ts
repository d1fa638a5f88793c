import { type IQueueBackend, Queue } from 'bullmq';
import { ZodError } from 'zod';
import { chunksOf } from '../../application/chunks.ts';
import { outcomeWithin } from '../../application/within.ts';
import type { Link } from '../../domain/project.ts';
import type { RedisTarget } from '../../redis-address.ts';
import { isServerReply } from '../redis/call.ts';
import { connect, disconnect, type RedisClient, whenReady } from '../redis/connect.ts';

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
  noteSilence(silent: boolean): void;
  /** False for one that was silent the last time and still is: then it is not worth waiting for again. */
  isWorthAsking(): Promise<boolean>;
}

export interface LinkConnections extends AsyncDisposable {
  /** Undefined when no connection has this name: its links cannot be reached. */
  get(name: string): LinkConnection | undefined;
}

/** Opens each named connection when it is first used. `onError` hears of connection trouble, once per event. */
export function openLinkConnections(
  targets: Readonly<Record<string, RedisTarget>>,
  onError: (name: string, error: Error) => void,
): LinkConnections {
  const opened = new Map<string, LinkConnection & { close(): Promise<void> }>();
  return {
    get(name) {
      const known = opened.get(name);
      if (known !== undefined) return known;
      const target = Object.hasOwn(targets, name) ? targets[name] : undefined;
      if (target === undefined) return undefined;
      const connection = open(name, target, onError);
      opened.set(name, connection);
      return connection;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...opened.values()].map((connection) => connection.close()));
      opened.clear();
    },
  };
}

function open(name: string, target: RedisTarget, onError: (name: string, error: Error) => void) {
  const client = connect(target, 'links', (error) => onError(name, error));
  // Only a handle for BullMQ's scripts: with these two options it neither writes a queue's record nor asks for INFO.
  const base = new Queue('syncbot', { connection: client, skipMetasUpdate: true, skipVersionCheck: true });
  base.on('error', () => {});
  base.waitUntilReady().catch(() => {});
  let wasSilent = false;
  return {
    name,
    client,
    report: (error: unknown) => onError(name, error instanceof Error ? error : new Error('no error', { cause: error })),
    noteSilence(silent: boolean) {
      wasSilent = silent;
    },
    async isWorthAsking() {
      if (!wasSilent) return true;
      const ready = await whenReady(client, probeWithinMs);
      if (ready && (await outcomeWithin(client.ping(), probeWithinMs)).kind === 'answered') wasSilent = false;
      return !wasSilent;
    },
    isCluster: target.kind === 'cluster',
    backend: (link: Link) => base.getBackend().forQueue(link.queue, link.prefix),
    async close() {
      await base.close().catch(() => {});
      await disconnect(client);
    },
  };
}

/** The first part of every key of a link, such as `bull:orders-full:`. */
export function linkBase(link: Link): string {
  return `${link.prefix}:${link.queue}:`;
}

export interface Asking<Item, Answer> {
  readonly ask: (connection: LinkConnection, items: readonly Item[]) => Promise<readonly Answer[]>;
  readonly unreachable: (item: Item) => Answer;
  readonly withinMs: number;
  /** How many links one script looks at: nobody else is served meanwhile. */
  readonly atOnce: number;
  /** For looks that are repeated: a connection that was silent is only waited for again once it answers a PING. */
  readonly impatient?: boolean;
}

const probeWithinMs = 250;

/**
 * Asks the links of each connection on its own, in chunks, all at once; answers in the order of the items. What a
 * connection does not answer within `withinMs` is `unreachable(item)`: it never holds up the others. A chunk that the
 * server refuses is asked link by link: one unreadable queue never hides its neighbours.
 */
export async function askLinks<Item extends { readonly link: Link }, Answer>(
  connections: LinkConnections,
  items: readonly Item[],
  asking: Asking<Item, Answer>,
): Promise<Answer[]> {
  const answers = items.map(asking.unreachable);
  const askIndexes = async (connection: LinkConnection, indexes: readonly number[]): Promise<void> => {
    const chosen = indexes.flatMap((index) => items[index] ?? []);
    const got = await outcomeWithin(asking.ask(connection, chosen), asking.withinMs);
    connection.noteSilence(got.kind === 'late' || (got.kind === 'failed' && isOutage(got.error)));
    if (got.kind === 'answered') {
      got.value.forEach((answer, position) => {
        const index = indexes[position];
        if (index !== undefined) answers[index] = answer;
      });
    } else if (got.kind === 'failed' && indexes.length > 1 && !isOutage(got.error)) {
      await Promise.all(indexes.map((index) => askIndexes(connection, [index])));
    } else if (got.kind === 'failed') connection.report(got.error);
  };
  const byName = indexesByConnection(items.map(({ link }) => link));
  await Promise.all(
    [...byName].map(async ([name, indexes]) => {
      const connection = connections.get(name);
      if (connection === undefined) return;
      if (asking.impatient && !(await connection.isWorthAsking())) return;
      const ready = await whenReady(connection.client, asking.withinMs);
      if (!ready) return connection.noteSilence(true);
      await Promise.all(
        chunksOf(indexes, connection.isCluster ? 1 : asking.atOnce).map((chunk) => askIndexes(connection, chunk)),
      );
    }),
  );
  return answers;
}

/** The connection is gone, rather than one of the queues unreadable. */
function isOutage(error: unknown): boolean {
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
