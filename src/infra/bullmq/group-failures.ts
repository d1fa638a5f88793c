import { z } from 'zod';
import type { LinkWithWatermark } from '../../application/ports.ts';
import type { ReasonGroup } from '../../domain/failure-causes.ts';
import { jsonReply, loadScript, runScript } from '../redis/scripts.ts';
import { failureReasonSchema } from './failure-reason.ts';
import { keyPrefix, type LinkConnection } from './link-connections.ts';

const groupFailuresScript = loadScript(new URL('lua/group-failures.lua', import.meta.url));

/** Grouping 200 long, different reasons takes Redis some ms, and masking them this process some ten ms. */
const maxTasks = 200;

const replySchema = jsonReply(
  z.object({ groups: z.array(z.object({ reason: failureReasonSchema, tasks: z.number() })).default([]) }),
);

/** Groups the oldest tasks of a link that failed after the watermark by their masked reason, at most `maxTasks`. */
export async function groupFailures(
  { client }: LinkConnection,
  { link, watermark }: LinkWithWatermark,
): Promise<readonly ReasonGroup[]> {
  const prefix = keyPrefix(link);
  const args = [JSON.stringify({ prefix, watermark, maxTasks })];
  return replySchema.parse(await runScript(client, groupFailuresScript, { keys: [`${prefix}failed`], args })).groups;
}
