import { withTimeout } from '../../lib/async.ts';
import type { RedisClient } from './connection.ts';
import { execute } from './scripts.ts';

const pingTimeoutMs = 1_000;

/** Tells whether a server answers within a second. Those who ask at the same time share one question. */
export function createPing(client: RedisClient): () => Promise<boolean> {
  let pending: Promise<boolean> | null = null;
  return () => {
    pending ??= ping(client).finally(() => {
      pending = null;
    });
    return pending;
  };
}

async function ping(client: RedisClient): Promise<boolean> {
  const reply = await withTimeout(
    execute(client, (redis) => redis.ping()),
    pingTimeoutMs,
  );
  return reply.kind === 'resolved' && reply.value === 'PONG';
}
