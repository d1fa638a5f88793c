import { Queue, type QueueOptions } from 'bullmq';
import { type Link, noWatermark, type Watermark } from '../../src/domain/link.ts';
import type { LinkStats } from '../../src/domain/observation.ts';
import type { TestServices } from '../support/test-services.ts';

/** One look at one link that can be read. */
export async function observeLink(
  services: TestServices,
  link: Link,
  watermark: Watermark = noWatermark,
): Promise<LinkStats> {
  const [observation] = await services.deps.links.observe([{ link, watermark }]);
  if (observation?.kind !== 'read') throw new Error(`${link.queue} is ${observation?.kind}`);
  return observation;
}

/** Every key of a server with all that it holds, but the keys of the bot itself. */
export async function snapshotKeys({ redis }: TestServices): Promise<Record<string, string>> {
  const keys = (await redis.keys('*')).filter((key) => !/^(syncbot|\{syncbot\})/.test(key)).sort();
  const dumps = await Promise.all(keys.map(async (key) => (await redis.dumpBuffer(key))?.toString('hex') ?? 'gone'));
  return Object.fromEntries(keys.map((key, index) => [key, dumps[index] ?? 'gone']));
}

/** A queue that its owner made with options of his own. Ends with the world's connection. */
export async function createOwnedQueue(services: TestServices, name: string, options: Partial<QueueOptions>) {
  const queue = new Queue(name, { connection: services.redis, ...options });
  await queue.waitUntilReady();
  return { queue, link: { queue: name, connection: 'default', prefix: options.prefix ?? 'bull' } satisfies Link };
}

/** A link of a queue that nobody made. */
export const nonexistentLink: Link = { queue: 'orders-ful', connection: 'default', prefix: 'bull' };
