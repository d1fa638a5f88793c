import { Redis } from 'ioredis';
import { DemoError } from './demo-error.ts';
import { findDemoRedisUrl } from './workspace.ts';

/**
 * Does something with the Redis of the demo whose Slack listens on this port.
 * @throws {DemoError} one sentence: no demo runs there, or it ends meanwhile.
 */
export async function withRunningDemo<T>(port: number, use: (redis: Redis) => Promise<T>): Promise<T> {
  const url = await findDemoRedisUrl(port);
  if (url === null) {
    const hint = 'start it with `npm run demo` in another terminal (DEMO_SLACK_PORT names another port)';
    throw new DemoError(2, `No demo is running on port ${port}: ${hint}.`);
  }
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: null, retryStrategy: () => null });
  redis.on('error', () => undefined); // the commands say what failed
  try {
    await redis.connect();
    return await use(redis);
  } catch (error) {
    if (redis.status === 'ready') throw error;
    throw new DemoError(1, `The demo on port ${port} ended meanwhile.`, error);
  } finally {
    redis.disconnect();
  }
}
