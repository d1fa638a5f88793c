import { Queue, type QueueOptions } from 'bullmq';
import type { LinkFacts } from '../../src/domain/observation.ts';
import { type Link, noWatermark, type Watermark } from '../../src/domain/project.ts';
import type { World } from '../support/world.ts';

/** One look at one link that can be read. */
export async function lookAt(world: World, link: Link, watermark: Watermark = noWatermark): Promise<LinkFacts> {
  const [reading] = await world.deps.links.observe([{ link, watermark }]);
  if (reading?.kind !== 'read') throw new Error(`${link.queue} is ${reading?.kind}`);
  return reading;
}

/** Every key of a server with all that it holds, but the keys of the bot itself. */
export async function everything({ redis }: World): Promise<Record<string, string>> {
  const keys = (await redis.keys('*')).filter((key) => !/^(syncbot|\{syncbot\})/.test(key)).sort();
  const dumps = await Promise.all(keys.map(async (key) => (await redis.dumpBuffer(key))?.toString('hex') ?? 'gone'));
  return Object.fromEntries(keys.map((key, index) => [key, dumps[index] ?? 'gone']));
}

/** A queue that its owner made with options of his own. Ends with the world's connection. */
export async function ownedQueue(world: World, name: string, options: Partial<QueueOptions>) {
  const queue = new Queue(name, { connection: world.redis, ...options });
  await queue.waitUntilReady();
  return { queue, link: { queue: name, connection: 'default', prefix: options.prefix ?? 'bull' } satisfies Link };
}

/** A link of a queue that nobody made. */
export const typo: Link = { queue: 'orders-ful', connection: 'default', prefix: 'bull' };
