import { z } from 'zod';
import type { LinkWithWatermark } from '../../application/ports.ts';
import { loadScript, runScript } from '../redis/scripts.ts';
import { callLinks } from './call-links.ts';
import { keyPrefix, type LinkConnection, type LinkConnections } from './link-connections.ts';

/** `eventId`: the newest event of the queue when `hasFailed` was read. '0-0' if there is none. */
export type FailureReading =
  | { readonly kind: 'read'; readonly eventId: string; readonly hasFailed: boolean }
  | { readonly kind: 'unreachable' };

const findFailuresScript = loadScript(new URL('lua/find-failures.lua', import.meta.url));

/** Reading a link takes Redis 5 µs: a batch blocks other clients for about 1 ms. */
const batchSize = 200;
const timeoutMs = 3_000;

/** Reads whether a task of each link failed for good after the watermark: a small part of an observation. Never throws. */
export function findFailures(
  connections: LinkConnections,
  links: readonly LinkWithWatermark[],
): Promise<FailureReading[]> {
  return callLinks<LinkWithWatermark, FailureReading>(connections, links, {
    timeoutMs,
    batchSize,
    unreachable: () => ({ kind: 'unreachable' }),
    skipIfDown: true,
    run: findInBatch,
  });
}

const repliesSchema = z.array(z.tuple([z.string(), z.number()]));

async function findInBatch({ client }: LinkConnection, batch: readonly LinkWithWatermark[]): Promise<FailureReading[]> {
  const links = batch.map(({ link, watermark }) => ({ prefix: keyPrefix(link), watermark }));
  const keys = links.map(({ prefix }) => `${prefix}failed`);
  const reply = await runScript(client, findFailuresScript, { keys, args: [JSON.stringify({ links })] });
  return repliesSchema.parse(reply).map(([eventId, failed]) => ({ kind: 'read', eventId, hasFailed: failed === 1 }));
}
