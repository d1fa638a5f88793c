import { once } from 'node:events';
import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { run, script } from '../src/infra/redis/call.ts';
import { connect, disconnect } from '../src/infra/redis/connect.ts';
import { timed } from './measure.ts';
import { resumeAll } from './queues.ts';

/** Pauses links by hand: the least that the road could do. */
export interface Pauser extends AsyncDisposable {
  /** How long it takes until the last of these links is paused, ms. They run before and after. */
  pause(links: readonly string[]): Promise<number>;
}

const empty = script('return redis.call("EXISTS", KEYS[1])');
const forget = { removeOnComplete: true, removeOnFail: true };

/** `url`: the way to Redis that is measured; `redis`: one past it, for what nobody measures. */
export async function openPauseFloor(url: string, redis: Redis): Promise<Pauser> {
  const target = { kind: 'standalone', url } as const;
  const [commands, blocking, links] = (['commands', 'blocking', 'links'] as const).map((use) =>
    connect(target, use, () => {}),
  );
  if (commands === undefined || blocking === undefined || links === undefined) throw new Error('not connected');
  const queue = new Queue('floor', { connection: commands, skipVersionCheck: true });
  const worker = new Worker('floor', async () => {}, { connection: blocking, skipVersionCheck: true });
  const base = new Queue('floor-links', { connection: links, skipMetasUpdate: true, skipVersionCheck: true });
  worker.on('error', () => {});
  for (const part of [queue, base]) part.on('error', () => {});
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady(), base.waitUntilReady()]);

  const pauseAll = async (names: readonly string[]) => {
    await run(commands, empty, { keys: ['floor:1'], args: [] });
    const ran = once(worker, 'active');
    await Promise.all([queue.add('empty', {}, forget), ran]);
    await run(commands, empty, { keys: ['floor:2'], args: [] });
    await Promise.all(
      names.map(async (name) => {
        const backend = base.getBackend().forQueue(name, 'bull');
        if (!(await backend.hasQueueMetaField('paused'))) await backend.pause(true);
      }),
    );
  };
  return {
    async pause(names) {
      const ms = await timed(() => pauseAll(names));
      await resumeAll(redis, names);
      return ms;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([queue, worker, base].map((part) => part.close()));
      await Promise.all([commands, blocking, links].map(disconnect));
    },
  };
}
