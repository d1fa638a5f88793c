import { Cluster, Redis } from 'ioredis';
import { within } from '../../application/within.ts';
import type { RedisTarget } from '../../redis-address.ts';

export type RedisClient = Redis | Cluster;

/**
 * `commands`: gives up after one reconnect, so that a person gets an answer while Redis is away.
 * `links`: the same, but each command has a deadline of its own, which may be longer.
 * `blocking`: for BullMQ workers, which wait for Redis for ever.
 */
export type ConnectionUse = 'commands' | 'links' | 'blocking';

const readOnlyReplica = 'READONLY';

/** Opens a client. `onError` hears once of each outage; the commands themselves say what failed. */
export function connect(target: RedisTarget, use: ConnectionUse, onError: (error: Error) => void): RedisClient {
  const options = optionsFor(use);
  const client = open(target, options);
  if (use === 'blocking') duplicates.set(client, rememberDuplicates(client));
  let isKnown = false;
  client.on('ready', () => {
    isKnown = false;
  });
  client.on('error', (error) => {
    if (!isKnown) onError(error);
    isKnown = true;
  });
  return client;
}

/** BullMQ makes its blocking connections by duplicating ours. */
const duplicates = new WeakMap<RedisClient, readonly RedisClient[]>();

function rememberDuplicates(client: RedisClient): readonly RedisClient[] {
  const made: RedisClient[] = [];
  const keep = <Made extends RedisClient>(duplicate: Made): Made => {
    made.push(duplicate);
    // BullMQ takes its listeners off before the connection has ended; ioredis would print what fails then.
    duplicate.on('error', () => {});
    return duplicate;
  };
  if (client instanceof Cluster) {
    const duplicate = client.duplicate.bind(client);
    client.duplicate = (...how) => keep(duplicate(...how));
  } else {
    const duplicate = client.duplicate.bind(client);
    client.duplicate = (...how) => keep(duplicate(...how));
  }
  return made;
}

/**
 * Ends the commands that wait in duplicates for a server that is away. Between two attempts ioredis forgets them at a
 * disconnect, and their timers would keep the process alive; in the middle of an attempt it rejects them.
 */
export function dropWaiting(client: RedisClient): void {
  for (const duplicate of duplicates.get(client) ?? []) {
    if (duplicate.status === 'reconnecting') duplicate.connect().catch(() => {});
    duplicate.disconnect();
  }
}

/** Tells each kind of error once, until it is well again: a client that tries for minutes fails in the same way each time. */
export function onceEach(tell: (error: Error) => void) {
  const told = new Set<string>();
  return {
    tell(error: Error & { readonly code?: unknown }) {
      const kind = typeof error.code === 'string' ? error.code : error.message;
      if (told.has(kind)) return;
      told.add(kind);
      tell(error);
    },
    well: () => told.clear(),
  };
}

/** Closes a client without waiting for a server that does not answer. */
export async function disconnect(client: RedisClient): Promise<void> {
  if (client.status === 'end') return;
  const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
  // Between two attempts ioredis only forgets the next one, a cluster also its first: nobody is told of the end.
  const silent = (client instanceof Cluster ? ['reconnecting', 'connecting', 'close'] : ['reconnecting']).includes(
    client.status,
  );
  client.disconnect();
  if (silent) client.emit('end');
  await ended;
}

const becomingReady = new WeakMap<RedisClient, Promise<boolean>>();

/** Waits until the client is ready; false when it is not within `withinMs`. */
export async function whenReady(client: RedisClient, withinMs: number): Promise<boolean> {
  if (client.status === 'ready') return true;
  if (client.status === 'end') return false;
  const ready = becomingReady.get(client) ?? readyOrEnded(client);
  becomingReady.set(client, ready);
  return (await within(ready, withinMs)) ?? false;
}

/** One pair of listeners, however many wait. */
function readyOrEnded(client: RedisClient): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (ready: boolean) => {
      becomingReady.delete(client);
      client.off('ready', onReady);
      client.off('end', onEnd);
      resolve(ready);
    };
    const onReady = () => finish(true);
    const onEnd = () => finish(false);
    client.on('ready', onReady);
    client.on('end', onEnd);
  });
}

function open(target: RedisTarget, options: ReturnType<typeof optionsFor>): RedisClient {
  switch (target.kind) {
    case 'standalone':
      return new Redis(target.url, options);
    case 'sentinel':
      return new Redis({
        ...options,
        ...credentials(target),
        sentinels: target.nodes.map(({ host, port }) => ({ host, port })),
        name: target.master,
        db: target.db,
      });
    case 'cluster':
      return new Cluster(
        target.nodes.map(({ host, port }) => ({ host, port })),
        { redisOptions: { ...options, ...credentials(target) } },
      );
    default:
      return target satisfies never;
  }
}

function credentials({ username, password }: { username?: string | undefined; password?: string | undefined }) {
  return { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
}

function optionsFor(use: ConnectionUse) {
  return {
    connectTimeout: 5_000,
    maxRetriesPerRequest: use === 'blocking' ? null : 1,
    retryStrategy: (times: number) => Math.min(50 * 2 ** Math.min(times, 6), 2_000),
    // After a failover the old primary answers READONLY: reconnect and send again (every write of ours is idempotent).
    reconnectOnError: (error: Error): 2 | false => (error.message.startsWith(readOnlyReplica) ? 2 : false),
    ...(use === 'blocking' ? {} : { commandTimeout: use === 'links' ? 30_000 : 5_000 }),
  };
}
