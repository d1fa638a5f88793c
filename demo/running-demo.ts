import { Redis } from 'ioredis';
import { DemoError } from './errors.ts';
import { findDemoRedisUrl } from './workspace.ts';

/**
 * Connects to the Redis of the demo whose local Slack listens on this port.
 * @throws {DemoError} if no demo runs on this port, or if the demo ends before `use` does.
 */
export async function withRunningDemo<T>(port: number, use: (redis: Redis) => Promise<T>): Promise<T> {
  const url = await findDemoRedisUrl(port);
  if (url === null) {
    const hint = 'start it with `npm run demo` in another terminal (DEMO_SLACK_PORT names another port)';
    throw new DemoError(2, `No demo is running on port ${port}: ${hint}.`);
  }
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: null, retryStrategy: () => null });
  redis.on('error', () => undefined); // Failing commands throw.
  try {
    await redis.connect();
    return await use(redis);
  } catch (error) {
    if (redis.status === 'ready') throw error;
    throw new DemoError(1, `The demo on port ${port} ended in the meantime.`, error);
  } finally {
    redis.disconnect();
  }
}
