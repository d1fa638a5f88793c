import { type IQueueBackend, Queue } from 'bullmq';
import type { Link } from '../../domain/project.ts';
import { connect, disconnect, type RedisClient, type RedisTarget, whenReady } from '../redis/connect.ts';

/** One connection to a Redis that holds links, shared by all of them (facts: a BullMQ queue object needs none of its own). */
export interface LinkConnection {
  readonly name: string;
  readonly client: RedisClient;
  /** How many links one script may look at: in a cluster each queue may lie in another slot. */
  readonly chunk: number;
  /** BullMQ's own operations on a link. Writes nothing by itself. */
  backend(link: Link): IQueueBackend;
}

export interface LinkConnections extends AsyncDisposable {
  /** Undefined when no connection has this name: its links cannot be reached. */
  get(name: string): LinkConnection | undefined;
}

const linksAtOnce = 100;

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
  const client = connect(target, 'commands', (error) => onError(name, error));
  // Only a handle for BullMQ's scripts: with these two options it neither writes a queue's record nor asks for INFO.
  const base = new Queue('syncbot', { connection: client, skipMetasUpdate: true, skipVersionCheck: true });
  base.on('error', () => {});
  base.waitUntilReady().catch(() => {});
  return {
    name,
    client,
    chunk: target.kind === 'cluster' ? 1 : linksAtOnce,
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

/**
 * Asks the links of each connection on its own, in chunks, all at once; answers in the order of the items. What a
 * connection does not answer within `withinMs` is `unreachable(item)`: it never holds up the others.
 */
export async function askLinks<Item extends { readonly link: Link }, Answer>(
  connections: LinkConnections,
  items: readonly Item[],
  {
    ask,
    unreachable,
    withinMs,
  }: {
    readonly ask: (connection: LinkConnection, items: readonly Item[]) => Promise<readonly Answer[]>;
    readonly unreachable: (item: Item) => Answer;
    readonly withinMs: number;
  },
): Promise<Answer[]> {
  const answers = items.map(unreachable);
  const byName = indexesByConnection(items.map(({ link }) => link));
  await Promise.all(
    [...byName].map(async ([name, indexes]) => {
      const connection = connections.get(name);
      if (connection === undefined || !(await whenReady(connection.client, withinMs))) return;
      const asked = chunksOf(indexes, connection.chunk).map(async (chunk) => {
        const chosen = chunk.flatMap((index) => items[index] ?? []);
        const got = await within(ask(connection, chosen), withinMs);
        got?.forEach((answer, position) => {
          const index = chunk[position];
          if (index !== undefined) answers[index] = answer;
        });
      });
      await Promise.all(asked);
    }),
  );
  return answers;
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

/** What a promise answers, or undefined when it fails or does not within `ms`. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

export function chunksOf<T>(items: readonly T[], size: number): T[][] {
  const chunks = [];
  for (let start = 0; start < items.length; start += size) chunks.push(items.slice(start, start + size));
  return chunks;
}
