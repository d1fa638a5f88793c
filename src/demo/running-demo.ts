import { Redis } from 'ioredis';
import { DemoFault } from './demo-fault.ts';
import { redisOfDemo } from './workspace.ts';

/**
 * Does something with the Redis of the demo whose Slack listens on this port.
 * @throws {DemoFault} one sentence: no demo runs there, or it ends meanwhile.
 */
export async function withRunningDemo<T>(port: number, work: (redis: Redis) => Promise<T>): Promise<T> {
  const url = await redisOfDemo(port);
  if (url === null) {
    const hint = 'start it with `npm run demo` in another terminal (DEMO_SLACK_PORT names another port)';
    throw new DemoFault(2, `No demo is running on port ${port}: ${hint}.`);
  }
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: null, retryStrategy: () => null });
  redis.on('error', () => undefined); // the commands say what failed
  try {
    await redis.connect();
    return await work(redis);
  } catch (error) {
    if (redis.status === 'ready') throw error;
    throw new DemoFault(1, `The demo on port ${port} ended meanwhile.`, error);
  } finally {
    redis.disconnect();
  }
}
