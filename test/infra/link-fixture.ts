import { type JobsOptions, Queue, type QueueOptions } from 'bullmq';
import { type Link, noWatermark, type Watermark } from '../../src/domain/link.ts';
import type { LinkStats } from '../../src/domain/observation.ts';
import type { TestLink, TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';

/** Observes one link. Throws if it cannot be read. */
export async function observeLink(
  services: TestServices,
  link: Link,
  watermark: Watermark = noWatermark,
): Promise<LinkStats> {
  const [observation] = await services.context.links.observe([{ link, watermark }]);
  if (observation?.kind !== 'read') throw new Error(`${link.queue} is ${observation?.kind}`);
  return observation;
}

/** The value of every key of the server, except the keys of the bot. */
export async function snapshotKeys({ redis }: TestServices): Promise<Record<string, string>> {
  const keys = (await redis.keys('*')).filter((key) => !/^(syncbot|\{syncbot\})/.test(key)).sort();
  const dumps = await Promise.all(keys.map(async (key) => (await redis.dumpBuffer(key))?.toString('hex') ?? 'gone'));
  return Object.fromEntries(keys.map((key, index) => [key, dumps[index] ?? 'gone']));
}

/** Creates a queue with the options of its owner. It uses the connection of the services. */
export async function createOwnedQueue(services: TestServices, name: string, options: Partial<QueueOptions>) {
  const queue = new Queue(name, { connection: services.redis, ...options });
  await queue.waitUntilReady();
  return { queue, link: { queue: name, connection: 'default', prefix: options.prefix ?? 'bull' } satisfies Link };
}

/** A link whose queue does not exist. */
export const missingLink: Link = { queue: 'ghost', connection: 'default', prefix: 'bull' };

/** Adds tasks to a link, and waits until a worker has failed every one of them for good. */
export async function failTasks(link: TestLink, count: number, opts: JobsOptions): Promise<void> {
  let failedCount = 0;
  const worker = await link.startWorker(() => Promise.reject(new Error('no')));
  worker.on('failed', () => failedCount++);
  await link.queue.addBulk(Array.from({ length: count }, () => ({ name: 'change', data: {}, opts })));
  await waitFor(() => failedCount === count);
  await worker.close();
}
