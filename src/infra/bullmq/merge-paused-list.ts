import type { Link } from '../../domain/link.ts';
import { defineScript, runScript } from '../redis/scripts.ts';
import { keyPrefix, type LinkConnection } from './link-connections.ts';

/**
 * While a link is paused, producers of BullMQ 5 add to `paused`. BullMQ's resume lets that list go before all of `wait`,
 * and in several steps when it is long, after the flag is gone. So it is emptied before, in the order of age: behind what
 * waits when its oldest task is younger, before it when it is older. The tail of a list is taken first. KEYS: meta, paused,
 * wait. ARGV: 1 the first part of the link's keys, 2 what an earlier step has found. Answers what it found while there is more.
 */
const mergePausedListScript = defineScript(`
local metaKey, pausedKey, waitKey = unpack(KEYS)
if redis.call('HEXISTS', metaKey, 'paused') == 0 then return '' end
local aside, waiting = redis.call('LINDEX', pausedKey, -1), redis.call('LINDEX', waitKey, -1)
if not aside or not waiting then return '' end
local function addedAt(id) return tonumber(redis.call('HGET', ARGV[1] .. id, 'timestamp')) or 0 end
local function isOlder()
  local mine, other = addedAt(aside), addedAt(waiting)
  return mine < other or mine == other and (tonumber(aside) or 0) <= (tonumber(waiting) or 0)
end
local found = ARGV[2]
if found == '' then found = isOlder() and 'older' or 'younger' end
for _ = 1, 5000 do
  if found == 'older' then
    local id = redis.call('LPOP', pausedKey)
    if not id then return '' end
    redis.call('RPUSH', waitKey, id)
  elseif not redis.call('RPOPLPUSH', pausedKey, waitKey) then return '' end
end
return found
`);

/** Gives the tasks that BullMQ 5 producers put aside their place by age, while the link's pause flag is set. */
export async function mergePausedList({ client }: LinkConnection, link: Link): Promise<void> {
  const base = keyPrefix(link);
  const keys = ['meta', 'paused', 'wait'].map((name) => `${base}${name}`);
  let cursor = '';
  do cursor = String(await runScript(client, mergePausedListScript, { keys, args: [base, cursor] }));
  while (cursor !== '');
}
