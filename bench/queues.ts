import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { toChunks } from '../src/lib/async.ts';

/** How many tasks of each kind a queue holds. */
export interface TaskCounts {
  readonly waiting: number;
  readonly prioritized?: number;
  readonly delayed?: number;
  readonly failed?: number;
}

const templateName = 'template';
const dayMs = 86_400_000;

/**
 * Makes queues that hold these tasks: BullMQ makes one, with everything that it writes, and Redis copies its keys under the
 * other names, since making 100,000 of them one by one takes minutes.
 */
export async function createQueues(redis: Redis, names: readonly string[], tasks: TaskCounts): Promise<void> {
  await createTemplate(redis, tasks);
  const keys = await redis.keys(`bull:${templateName}:*`);
  const keySuffixes = keys
    .map((key) => key.slice(`bull:${templateName}:`.length))
    .filter((keySuffix) => keySuffix !== 'stalled-check');
  for (const chunk of toChunks(names, 500)) await redis.eval(copyScript, 0, JSON.stringify(keySuffixes), ...chunk);
  await redis.del(...keys);
}

/** Lets them all run again, past BullMQ: nobody measures that. */
export async function resumeAll(redis: Redis, names: readonly string[]): Promise<void> {
  for (const chunk of toChunks(names, 1_000)) {
    const pipeline = redis.pipeline();
    for (const name of chunk) pipeline.hdel(`bull:${name}:meta`, 'paused');
    await pipeline.exec();
  }
}

/** Sets every flag, past BullMQ. */
export async function pauseAll(redis: Redis, names: readonly string[]): Promise<void> {
  for (const chunk of toChunks(names, 1_000)) {
    const pipeline = redis.pipeline();
    for (const name of chunk) pipeline.hset(`bull:${name}:meta`, 'paused', 1).del(`bull:${name}:marker`);
    await pipeline.exec();
  }
}

const copyScript = `
local parts = cjson.decode(ARGV[1])
for i = 2, #ARGV do
  for _, part in ipairs(parts) do redis.call('COPY', 'bull:${templateName}:' .. part, 'bull:' .. ARGV[i] .. ':' .. part) end
end
`;

async function createTemplate(
  redis: Redis,
  { waiting, prioritized = 0, delayed = 0, failed = 0 }: TaskCounts,
): Promise<void> {
  const queue = new Queue(templateName, { connection: redis });
  await queue.waitUntilReady();
  if (failed > 0) await failTasks(queue, redis, failed);
  const waitingTasks = Array.from({ length: waiting }, () => ({ name: 'task', data: {} }));
  const prioritizedTasks = Array.from({ length: prioritized }, () => ({
    name: 'task',
    data: {},
    opts: { priority: 1 },
  }));
  const delayedTasks = Array.from({ length: delayed }, () => ({ name: 'task', data: {}, opts: { delay: dayMs } }));
  await queue.addBulk([...waitingTasks, ...prioritizedTasks, ...delayedTasks]);
  await queue.close();
}

async function failTasks(queue: Queue, redis: Redis, count: number): Promise<void> {
  const failTask = async () => {
    throw new Error('the target refused the row');
  };
  const worker = new Worker(templateName, failTask, { connection: redis });
  let remaining = count;
  const allFailed = new Promise<void>((resolve) => {
    worker.on('failed', () => {
      remaining -= 1;
      if (remaining === 0) resolve();
    });
  });
  await queue.addBulk(Array.from({ length: count }, () => ({ name: 'task', data: {} })));
  await allFailed;
  await worker.close();
}
