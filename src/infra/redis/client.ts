import { Cluster, Redis } from 'ioredis';
import type { RedisEndpoint } from '../../config/redis-url.ts';
import type { ConnectionFault } from '../../domain/connection-fault.ts';
import { withRunningTimeout, withTimeout } from '../../lib/async.ts';
import { collectWrites } from './collect-writes.ts';
import { toConnectionFault } from './connection-fault.ts';
import { type ConnectionUse, connectTimeoutMs, openClient, tlsOptions } from './open-client.ts';

export type RedisClient = Redis | Cluster;

/** Opens a client. Calls `onError` once per outage and `onRecovered` at its end; each failed command throws as well. */
export function connect(
  endpoint: RedisEndpoint,
  use: ConnectionUse,
  onError: (error: Error) => void,
  onRecovered: () => void = () => {},
): RedisClient {
  const client = openClient(endpoint, use);
  collectWrites(client);
  if (client instanceof Redis) rejectOtherDatabase(client);
  if (use === 'blocking') duplicates.set(client, trackDuplicates(client));
  let isReported = false;
  recordCauses(client, endpoint);
  client.on('ready', () => {
    connectionErrors.delete(client);
    causes.delete(client);
    if (isReported) onRecovered();
    isReported = false;
  });
  client.on('error', (error) => {
    connectionErrors.set(client, error);
    if (!isReported) onError(error);
    isReported = true;
  });
  client.on('close', () => {
    if (!connectionErrors.has(client)) connectionErrors.set(client, new Error('Connection is closed'));
  });
  return client;
}

/**
 * Opens another connection like that of `client`, for a command that blocks. Its errors are not reported: `client` reports
 * those of the same server.
 */
export function openBlockingDuplicate(client: Redis): Redis {
  const duplicate = client.duplicate();
  rejectOtherDatabase(duplicate);
  duplicate.on('error', () => {});
  return duplicate;
}

const connectionErrors = new WeakMap<RedisClient, Error>();

/** Why a client is not ready. `timed_out` while its first attempt to connect waits for the server. */
export function connectionFaultOf(client: RedisClient): ConnectionFault {
  if (databaseRefusal(client) !== null) return { kind: 'wrong_database' };
  const error = connectionErrors.get(client);
  if (error === undefined) return { kind: 'timed_out' };
  const fault = toConnectionFault(error);
  const cause = causes.get(client);
  return fault.kind === 'closed' && cause !== undefined ? toConnectionFault(cause) : fault;
}

/** Why no node of a cluster, or no Sentinel, can be reached. */
const causes = new WeakMap<RedisClient, Error>();

/**
 * ioredis 6.0.0 reports only "Connection is closed" if it cannot connect to a cluster or to Sentinels (no upstream issue found).
 * In each outage this connects to the first of them once more, to find out why. Remove this once the error has its cause.
 */
function recordCauses(client: RedisClient, endpoint: RedisEndpoint): void {
  if (endpoint.kind === 'standalone') return;
  const tls = endpoint.kind === 'sentinel' ? endpoint.sentinelTls : endpoint.tls;
  let isProbed = false;
  client.on('ready', () => {
    isProbed = false;
  });
  client.on('error', (error) => {
    if (isProbed || toConnectionFault(error).kind !== 'closed') return;
    isProbed = true;
    const probe = new Redis({
      ...endpoint.nodes[0],
      ...tlsOptions(tls),
      ...{ connectTimeout: connectTimeoutMs, retryStrategy: null, enableReadyCheck: false },
    });
    probe.on('error', (cause) => causes.set(client, cause));
    probe.on('connect', () => probe.disconnect());
  });
}

/** Closes a client without waiting for a server that does not answer. */
export async function disconnect(client: RedisClient): Promise<void> {
  if (client.status === 'end') return;
  const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
  // ioredis 6.0.0 emits no `end` at a disconnect between two connection attempts. Pull request redis/ioredis#2169 is open for
  // `Redis`; no upstream issue found for `Cluster`. Remove this once both emit `end`.
  const emitsNoEnd = (client instanceof Cluster ? ['reconnecting', 'connecting', 'close'] : ['reconnecting']).includes(
    client.status,
  );
  client.disconnect();
  if (emitsNoEnd) client.emit('end');
  await ended;
}

/**
 * Rejects the commands that wait in a worker's duplicated connections for a server that is down. Their timers would
 * keep the process alive. ioredis 6.0.0 rejects them at a disconnect only while it connects, so this starts an
 * attempt. Remove the attempt once redis/ioredis#2169 is released.
 */
export function abortPending(client: RedisClient): void {
  for (const duplicate of duplicates.get(client) ?? []) {
    if (duplicate.status === 'reconnecting') duplicate.connect().catch(() => {});
    duplicate.disconnect();
  }
}

/**
 * Reports each kind of error once until `reset`: a client that retries for minutes fails each time in the same way. `reset`
 * returns whether an error was reported.
 */
export function dedupeErrors(report: (error: Error) => void) {
  const reported = new Set<string>();
  return {
    report(error: Error & { readonly code?: unknown }) {
      const kind = typeof error.code === 'string' ? error.code : error.message;
      if (reported.has(kind)) return;
      reported.add(kind);
      report(error);
    },
    reset() {
      const hadErrors = reported.size > 0;
      reported.clear();
      return hadErrors;
    },
  };
}

const refusedDatabases = new WeakMap<RedisClient, Error>();

/** Returns why the server refused the database of this client at the last attempt to connect, or null. */
export function databaseRefusal(client: RedisClient): Error | null {
  return refusedDatabases.get(client) ?? null;
}

/**
 * If the server refuses SELECT, ioredis 6.0.0 emits an error and continues in database 0 (event_handler.js; no upstream issue
 * found). A listener that throws makes ioredis treat the refusal as it treats a refused AUTH: it sends no further command,
 * rejects those that wait, and connects again later, because the rules of the server may change. Remove this once ioredis
 * does so itself.
 */
function rejectOtherDatabase(client: Redis): void {
  client.on('error', (error: Error & { readonly command?: { readonly name?: unknown } }) => {
    if (error.name !== 'ReplyError' || error.command?.name !== 'select') return;
    // ioredis emits the thrown error once more.
    const isThrown = refusedDatabases.get(client) === error;
    refusedDatabases.set(client, error);
    if (!isThrown) throw error;
  });
  client.on('ready', () => refusedDatabases.delete(client));
}

const pendingReady = new WeakMap<RedisClient, Promise<boolean>>();

/** Waits until the client is ready. Returns false if it is not ready within `timeoutMs` of running time, or closed. */
export async function whenReady(client: RedisClient, timeoutMs: number): Promise<boolean> {
  if (client.status === 'ready') return true;
  if (client.status === 'end') return false;
  const ready = pendingReady.get(client) ?? readyOrEnded(client);
  pendingReady.set(client, ready);
  const result = await withRunningTimeout(ready, timeoutMs);
  return result.kind === 'resolved' && result.value;
}

const pingTimeoutMs = 1_000;

/** Returns a check whether the server answers within a second. Simultaneous calls share one PING. */
export function createPing(client: RedisClient): () => Promise<boolean> {
  let pending: Promise<boolean> | null = null;
  return () => {
    pending ??= ping(client).finally(() => {
      pending = null;
    });
    return pending;
  };
}

/** The primaries of a cluster, or the client itself. */
export function masterNodes(client: RedisClient) {
  return 'nodes' in client ? client.nodes('master') : [client];
}

/** The number of the database. A cluster has only database 0. */
export function databaseOf(client: RedisClient): number {
  return 'nodes' in client ? 0 : Number(client.options.db ?? 0);
}

async function ping(client: RedisClient): Promise<boolean> {
  const reply = whenReady(client, pingTimeoutMs).then((isReady) => (isReady ? client.ping() : null));
  const result = await withTimeout(reply, pingTimeoutMs);
  return result.kind === 'resolved' && result.value === 'PONG';
}

/** Calls of `whenReady` for the same client share one pair of listeners. */
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

/** BullMQ makes the blocking connection of a worker by duplicating its client. */
const duplicates = new WeakMap<RedisClient, readonly RedisClient[]>();

function trackDuplicates(client: RedisClient): readonly RedisClient[] {
  const tracked: RedisClient[] = [];
  const track = <Duplicate extends RedisClient>(duplicate: Duplicate): Duplicate => {
    tracked.push(duplicate);
    // BullMQ 6.7.0 removes its error listeners before the connection has ended. ioredis would print later errors. No upstream
    // issue found. Remove this once BullMQ removes them after `end`.
    duplicate.on('error', () => {});
    return duplicate;
  };
  if (client instanceof Cluster) {
    const duplicate = client.duplicate.bind(client);
    client.duplicate = (...args) => track(duplicate(...args));
  } else {
    const duplicate = client.duplicate.bind(client);
    client.duplicate = (...args) => {
      const duplicated = track(duplicate(...args));
      rejectOtherDatabase(duplicated);
      return duplicated;
    };
  }
  return tracked;
}
