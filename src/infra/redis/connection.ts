import { Cluster, Redis } from 'ioredis';
import type { RedisEndpoint } from '../../config/redis-url.ts';
import { withTimeout } from '../../lib/async.ts';

export type RedisClient = Redis | Cluster;

/**
 * `commands`: gives up after one reconnect, so that a person gets an answer while Redis is away.
 * `links`: the same, but each command has a deadline of its own, which may be longer.
 * `blocking`: for BullMQ workers, which wait for Redis for ever.
 */
export type ConnectionUse = 'commands' | 'links' | 'blocking';

const readOnlyReply = 'READONLY';

/** Opens a client. `onError` hears once of each outage; the commands themselves say what failed. */
export function connect(endpoint: RedisEndpoint, use: ConnectionUse, onError: (error: Error) => void): RedisClient {
  const options = optionsFor(use);
  const client = open(endpoint, options);
  if (use === 'blocking') duplicates.set(client, trackDuplicates(client));
  let isReported = false;
  client.on('ready', () => {
    isReported = false;
  });
  client.on('error', (error) => {
    if (!isReported) onError(error);
    isReported = true;
  });
  return client;
}

/** BullMQ makes its blocking connections by duplicating ours. */
const duplicates = new WeakMap<RedisClient, readonly RedisClient[]>();

function trackDuplicates(client: RedisClient): readonly RedisClient[] {
  const tracked: RedisClient[] = [];
  const track = <Made extends RedisClient>(duplicate: Made): Made => {
    tracked.push(duplicate);
    // BullMQ takes its listeners off before the connection has ended; ioredis would print what fails then.
    duplicate.on('error', () => {});
    return duplicate;
  };
  if (client instanceof Cluster) {
    const duplicate = client.duplicate.bind(client);
    client.duplicate = (...how) => track(duplicate(...how));
  } else {
    const duplicate = client.duplicate.bind(client);
    client.duplicate = (...how) => track(duplicate(...how));
  }
  return tracked;
}

/**
 * Ends the commands that wait in duplicates for a server that is away. Between two attempts ioredis forgets them at a
 * disconnect, and their timers would keep the process alive; in the middle of an attempt it rejects them.
 */
export function abortPending(client: RedisClient): void {
  for (const duplicate of duplicates.get(client) ?? []) {
    if (duplicate.status === 'reconnecting') duplicate.connect().catch(() => {});
    duplicate.disconnect();
  }
}

/** Tells each kind of error once, until it is well again: a client that tries for minutes fails in the same way each time. */
export function dedupeErrors(report: (error: Error) => void) {
  const reported = new Set<string>();
  return {
    report(error: Error & { readonly code?: unknown }) {
      const kind = typeof error.code === 'string' ? error.code : error.message;
      if (reported.has(kind)) return;
      reported.add(kind);
      report(error);
    },
    reset: () => reported.clear(),
  };
}

/** Closes a client without waiting for a server that does not answer. */
export async function disconnect(client: RedisClient): Promise<void> {
  if (client.status === 'end') return;
  const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
  // Between two attempts ioredis only forgets the next one, a cluster also its first: nobody is told of the end.
  const emitsNoEnd = (client instanceof Cluster ? ['reconnecting', 'connecting', 'close'] : ['reconnecting']).includes(
    client.status,
  );
  client.disconnect();
  if (emitsNoEnd) client.emit('end');
  await ended;
}

const pendingReady = new WeakMap<RedisClient, Promise<boolean>>();

/** Waits until the client is ready; false when it is not within `withinMs`. */
export async function whenReady(client: RedisClient, timeoutMs: number): Promise<boolean> {
  if (client.status === 'ready') return true;
  if (client.status === 'end') return false;
  const ready = pendingReady.get(client) ?? readyOrEnded(client);
  pendingReady.set(client, ready);
  const result = await withTimeout(ready, timeoutMs);
  return result.kind === 'resolved' && result.value;
}

/** One pair of listeners, however many wait. */
function readyOrEnded(client: RedisClient): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (ready: boolean) => {
      pendingReady.delete(client);
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

function open(endpoint: RedisEndpoint, options: ReturnType<typeof optionsFor>): RedisClient {
  switch (endpoint.kind) {
    case 'standalone':
      return new Redis(endpoint.url, options);
    case 'sentinel':
      return new Redis({
        ...options,
        ...credentials(endpoint),
        sentinels: endpoint.nodes.map(({ host, port }) => ({ host, port })),
        name: endpoint.master,
        db: endpoint.db,
      });
    case 'cluster':
      return new Cluster(
        endpoint.nodes.map(({ host, port }) => ({ host, port })),
        { redisOptions: { ...options, ...credentials(endpoint) } },
      );
    default:
      return endpoint satisfies never;
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
    reconnectOnError: (error: Error): 2 | false => (error.message.startsWith(readOnlyReply) ? 2 : false),
    ...(use === 'blocking' ? {} : { commandTimeout: use === 'links' ? 30_000 : 5_000 }),
  };
}
