import { z } from 'zod';
import type { Link } from '../../domain/link.ts';
import { jsonReply, loadScript, runScript } from '../redis/scripts.ts';
import { keyPrefix, type LinkConnection } from './link-connections.ts';

const mergePausedListScript = loadScript(new URL('lua/merge-paused-list.lua', import.meta.url));

const replySchema = jsonReply(
  z.discriminatedUnion('isDone', [
    z.object({ isDone: z.literal(true) }),
    z.object({ isDone: z.literal(false), order: z.enum(['before', 'after']) }),
  ]),
);

/** Moves the tasks that BullMQ 5 producers added to a paused link into its `wait` list, by age. */
export async function mergePausedList({ client }: LinkConnection, link: Link): Promise<void> {
  const prefix = keyPrefix(link);
  const keys = ['meta', 'paused', 'wait'].map((name) => `${prefix}${name}`);
  const moveSome = async (order?: 'before' | 'after') => {
    const args = [JSON.stringify({ prefix, order })];
    return replySchema.parse(await runScript(client, mergePausedListScript, { keys, args }));
  };
  let reply = await moveSome();
  while (!reply.isDone) reply = await moveSome(reply.order);
}
