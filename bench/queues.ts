import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { toChunks } from '../src/lib/async.ts';

/** The number of tasks of a queue, by state. */
export interface TaskCounts {
  readonly waiting: number;
  readonly prioritized?: number;
  readonly delayed?: number;
  readonly failed?: number;
}

const templateName = 'template';
const dayMs = 86_400_000;

/**
 * Creates queues with these tasks. BullMQ creates one queue, and Redis copies its keys to the other names: creating 100,000
 * queues one by one takes minutes.
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

/** Resumes the queues without BullMQ. This is not measured. */
export async function resumeAll(redis: Redis, names: readonly string[]): Promise<void> {
  for (const chunk of toChunks(names, 1_000)) {
    const pipeline = redis.pipeline();
    for (const name of chunk) pipeline.hdel(`bull:${name}:meta`, 'paused');
    await pipeline.exec();
  }
}

/** Pauses the queues without BullMQ. This is not measured. */
export async function pauseAll(redis: Redis, names: readonly string[]): Promise<void> {
  for (const chunk of toChunks(names, 1_000)) {
    const pipeline = redis.pipeline();
    for (const name of chunk) pipeline.hset(`bull:${name}:meta`, 'paused', 1).del(`bull:${name}:marker`);
    await pipeline.exec();
  }
}

const copyScript = `
local suffixes = cjson.decode(ARGV[1])
for i = 2, #ARGV do
  for _, suffix in ipairs(suffixes) do
    redis.call('COPY', 'bull:${templateName}:' .. suffix, 'bull:' .. ARGV[i] .. ':' .. suffix)
  end
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
