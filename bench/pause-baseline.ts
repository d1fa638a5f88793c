import { once } from 'node:events';
import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { connect, disconnect } from '../src/infra/redis/connection.ts';
import { defineScript, runScript } from '../src/infra/redis/scripts.ts';
import { resumeAll } from './queues.ts';
import { measureMs } from './statistics.ts';

/** Pauses links by hand: the least that the road could do. */
export interface LinkPauser extends AsyncDisposable {
  /** How long it takes until the last of these links is paused, ms. They run before and after. */
  measurePauseMs(links: readonly string[]): Promise<number>;
}

const existsScript = defineScript('return redis.call("EXISTS", KEYS[1])');
const removeWhenDone = { removeOnComplete: true, removeOnFail: true };

/** `url`: the way to Redis that is measured; `redis`: one past it, for what nobody measures. */
export async function startPauseBaseline(url: string, redis: Redis): Promise<LinkPauser> {
  const endpoint = { kind: 'standalone', url } as const;
  const [commands, blocking, links] = (['commands', 'blocking', 'links'] as const).map((use) =>
    connect(endpoint, use, () => {}),
  );
  if (commands === undefined || blocking === undefined || links === undefined) throw new Error('not connected');
  const queue = new Queue('floor', { connection: commands, skipVersionCheck: true });
  const worker = new Worker('floor', async () => {}, { connection: blocking, skipVersionCheck: true });
  const linkQueue = new Queue('floor-links', { connection: links, skipMetasUpdate: true, skipVersionCheck: true });
  worker.on('error', () => {});
  for (const resource of [queue, linkQueue]) resource.on('error', () => {});
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady(), linkQueue.waitUntilReady()]);

  const pauseAll = async (names: readonly string[]) => {
    await runScript(commands, existsScript, { keys: ['floor:1'], args: [] });
    const jobStarted = once(worker, 'active');
    await Promise.all([queue.add('empty', {}, removeWhenDone), jobStarted]);
    await runScript(commands, existsScript, { keys: ['floor:2'], args: [] });
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
