import type { Link } from '../../domain/project.ts';
import { run, script } from '../redis/call.ts';
import { type LinkConnection, linkBase } from './link-connections.ts';

/**
 * While a link is paused, producers of BullMQ 5 add to `paused`; BullMQ's resume lets that list go before all of `wait`,
 * also before what waited there already. When its oldest task is younger than the oldest that waits, this moves it behind,
 * in its order. KEYS: meta, paused, wait. ARGV: the first part of the link's keys. 1: there is more.
 */
const gatherScript = script(`
local metaKey, pausedKey, waitKey = unpack(KEYS)
if redis.call('HEXISTS', metaKey, 'paused') == 0 then return 0 end
local aside, waiting = redis.call('LINDEX', pausedKey, -1), redis.call('LINDEX', waitKey, -1)
if not aside or not waiting then return 0 end
local function addedAt(id) return tonumber(redis.call('HGET', ARGV[1] .. id, 'timestamp')) or 0 end
if addedAt(aside) < addedAt(waiting) then return 0 end
for _ = 1, 5000 do
  if not redis.call('RPOPLPUSH', pausedKey, waitKey) then return 0 end
end
return 1
`);

/** Gives the tasks that BullMQ 5 producers put aside their place behind older ones, while the link's pause flag is set. */
export async function gatherSetAside({ client }: LinkConnection, link: Link): Promise<void> {
  const base = linkBase(link);
  const keys = ['meta', 'paused', 'wait'].map((name) => `${base}${name}`);
  while ((await run(client, gatherScript, { keys, args: [base] })) === 1);
}
