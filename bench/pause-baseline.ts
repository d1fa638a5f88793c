import { once } from 'node:events';
import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { connect, disconnect } from '../src/infra/redis/client.ts';
import { defineScript, runScript } from '../src/infra/redis/scripts.ts';
import { resumeAll } from './queues.ts';
import { measureMs } from './statistics.ts';

/** Pauses links and measures the time. */
export interface LinkPauser extends AsyncDisposable {
  /** Returns the time until the last of these links is paused. The links are running before and after. */
  measurePauseMs(links: readonly string[]): Promise<number>;
}

const existsScript = defineScript('return redis.call("EXISTS", KEYS[1])');
const removeWhenDone = { removeOnComplete: true, removeOnFail: true };

/**
 * Pauses links with the least possible work. `url` is the Redis address for the measured commands, which may be a proxy.
 * `redis` is a direct connection for commands that are not measured.
 */
export async function startPauseBaseline(url: string, redis: Redis): Promise<LinkPauser> {
  const endpoint = { kind: 'standalone', url } as const;
  const [commands, blocking, links] = (['commands', 'blocking', 'links'] as const).map((use) =>
    connect(endpoint, use, () => {}),
  );
  if (commands === undefined || blocking === undefined || links === undefined) throw new Error('not connected');
  const queue = new Queue('baseline', { connection: commands, skipVersionCheck: true });
  const worker = new Worker('baseline', async () => {}, { connection: blocking, skipVersionCheck: true });
  const linkQueue = new Queue('baseline-links', { connection: links, skipMetasUpdate: true, skipVersionCheck: true });
  worker.on('error', () => {});
  for (const resource of [queue, linkQueue]) resource.on('error', () => {});
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady(), linkQueue.waitUntilReady()]);

  const pauseAll = async (names: readonly string[]) => {
    await runScript(commands, existsScript, { keys: ['baseline:1'], args: [] });
    const jobStarted = once(worker, 'active');
    await Promise.all([queue.add('empty', {}, removeWhenDone), jobStarted]);
    await runScript(commands, existsScript, { keys: ['baseline:2'], args: [] });
    await Promise.all(
      names.map(async (name) => {
        const backend = linkQueue.getBackend().forQueue(name, 'bull');
        if (!(await backend.hasQueueMetaField('paused'))) await backend.pause(true);
      }),
    );
  };
  return {
    async measurePauseMs(names) {
      const ms = await measureMs(() => pauseAll(names));
      await resumeAll(redis, names);
      return ms;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([queue, worker, linkQueue].map((part) => part.close()));
      await Promise.all([commands, blocking, links].map(disconnect));
    },
  };
}
