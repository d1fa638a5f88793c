import { Cluster, Redis } from 'ioredis';
import type { RedisTls } from '../../config/redis-parameters.ts';
import type { RedisEndpoint } from '../../config/redis-url.ts';
import { repairCluster } from './repair-cluster.ts';

/**
 * `commands`: a command fails after one reconnect, so that a user gets an answer while Redis is down.
 * `links`: the same, but callers set a deadline for each command, which may be longer than that of `commands`.
 * `blocking`: for BullMQ workers, which wait for Redis without a limit.
 */
export type ConnectionUse = 'commands' | 'links' | 'blocking';

/** How long one attempt to connect takes at most, ms. */
export const connectTimeoutMs = 5_000;

type SentinelEndpoint = Extract<RedisEndpoint, { kind: 'sentinel' }>;

/** Opens a client as its use needs it. It connects at once. */
export function openClient(endpoint: RedisEndpoint, use: ConnectionUse): Redis | Cluster {
  const options = optionsFor(use);
  switch (endpoint.kind) {
    case 'standalone':
      // ioredis 6.0.0 ignores the option `tls` for a URL with `rediss:`.
      return endpoint.tls === undefined
        ? new Redis(endpoint.url, options)
        : new Redis(endpoint.url.replace(/^rediss:/, 'redis:'), { ...options, tls: endpoint.tls });
    case 'sentinel':
      return new Redis({
        ...options,
        ...credentials(endpoint),
        ...sentinelOptions(endpoint),
        sentinels: endpoint.nodes.map(({ host, port }) => ({ host, port })),
        name: endpoint.master,
        db: endpoint.db,
      });
    case 'cluster':
      return repairCluster(
        new Cluster(
          endpoint.nodes.map(({ host, port }) => ({ host, port })),
          {
            redisOptions: { ...options, ...credentials(endpoint), ...tlsOptions(endpoint.tls) },
            // A certificate has the name of the node, not its address.
            ...(endpoint.tls === undefined ? {} : { dnsLookup: (host, callback) => callback(null, host) }),
          },
        ),
      );
    default:
      return endpoint satisfies never;
  }
}

function sentinelOptions({ tls, sentinelTls, sentinelUsername, sentinelPassword }: SentinelEndpoint) {
  return {
    ...tlsOptions(tls),
    ...(tls === undefined ? {} : { enableTLSForSentinelMode: true }),
    ...(sentinelTls === undefined ? {} : { sentinelTLS: sentinelTls }),
    ...(sentinelUsername === undefined ? {} : { sentinelUsername }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
  };
}

/** The option `tls` of ioredis, if the connection has one. */
export function tlsOptions(tls: RedisTls | undefined) {
  return tls === undefined ? {} : { tls };
}

function credentials({ username, password }: { username?: string | undefined; password?: string | undefined }) {
  return { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
}

function optionsFor(use: ConnectionUse) {
  return {
    connectTimeout: connectTimeoutMs,
    // From Redis 7.2 on, a user without the right to CLIENT SETINFO would fill the ACL LOG.
    disableClientInfo: true,
    maxRetriesPerRequest: use === 'blocking' ? null : 1,
    retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 6), 2_000),
    // A primary that a failover made a replica answers READONLY. 2: reconnect and send again (every write is idempotent).
    reconnectOnError: (error: Error): 2 | false => (error.message.startsWith('READONLY') ? 2 : false),
    ...(use === 'blocking' ? {} : { commandTimeout: use === 'links' ? 30_000 : 5_000 }),
  };
}
