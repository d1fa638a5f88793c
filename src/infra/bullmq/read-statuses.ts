import { z } from 'zod';
import type { LinkStatus } from '../../application/ports.ts';
import { jsonReply, loadScript, runScript } from '../redis/scripts.ts';
import type { LinkItem } from './call-links.ts';
import { keyPrefix, type LinkConnection } from './link-connections.ts';

const readStatusesScript = loadScript(new URL('lua/read-statuses.lua', import.meta.url));
const replySchema = jsonReply(
  z.object({ now: z.number(), statuses: z.array(z.enum(['paused', 'resumed', 'missing'])) }),
);

/** Reads whether links of one server are paused, and records its clock. */
export async function readStatusBatch(
  { client, clocks }: LinkConnection,
  batch: readonly LinkItem[],
): Promise<LinkStatus[]> {
  const prefixes = batch.map(({ link }) => keyPrefix(link));
  const keys = prefixes.map((prefix) => `${prefix}meta`);
  const reply = await runScript(client, readStatusesScript, { keys, args: [JSON.stringify({ prefixes })] });
  const { now, statuses } = replySchema.parse(reply);
  for (const { link } of batch) clocks.record(link, now);
  return statuses;
}
