import { script } from './call.ts';
import { prelude } from './script-prelude.ts';

/** ARGV: 3 the definition, 4 its first state (empty: the project exists), 5 watermarks as JSON, 6 expected version, 7 who,
 *  8 '1' when its links change: they are behind their state then, until converge has seen to them. */
export const putScript = script(`${prelude}
local definition, first, watermarks, expected, by = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local seen = redis.call('HMGET', stateKey, 'version', 'holder', 'convergedVersion')
if first ~= '' then
  if seen[1] then return 0 end
  redis.call('HSET', stateKey, 'v', 1, 'state', first, 'version', 1, 'since', whole(now), 'by', by, 'reason', '',
    'holder', '', 'convergedVersion', 0, 'watermarks', watermarks, 'failure', '', 'draining', '')
else
  if seen[1] ~= expected or seen[2] ~= '' then return 0 end
  local version = redis.call('HINCRBY', stateKey, 'version', 1)
  if ARGV[8] ~= '1' and seen[3] == seen[1] then redis.call('HSET', stateKey, 'convergedVersion', version) end
end
redis.call('SET', definitionKey, definition)
audit(first ~= '' and 'created' or 'changed', '', { 'by', by })
return 1
`);

/**
 * ARGV: 3 expected version, 4 who, 5 the project's id. The audit stays. Requests still open end with it: a project of the same
 * name that is made later must not be changed by an old dialog.
 */
export const removeScript = script(`${prelude}
local seen = redis.call('HMGET', stateKey, 'version', 'holder')
if seen[1] ~= ARGV[3] or seen[2] ~= '' then return 0 end
for _, id in ipairs(redis.call('ZRANGE', openKey, 0, -1)) do
  local state = redis.call('HGET', op(id), 'state')
  if state == 'requested' or state == 'confirmed' then
    redis.call('HSET', op(id), 'refusal', cjson.encode({ code = 'removed', project = ARGV[5] }))
    redis.call('HINCRBY', op(id), 'seq', 1)
    over(id, 'refused')
  end
end
audit('removed', '', { 'by', ARGV[4] })
redis.call('DEL', stateKey, definitionKey, openKey, runsKey)
return 1
`);

/** Running → Failed, only at the version that was read before the links. ARGV: 3 expected version, 4 failure, 5 who. */
export const failScript = script(`${prelude}
local seen = redis.call('HMGET', stateKey, 'version', 'holder', 'state')
if seen[1] ~= ARGV[3] or seen[2] ~= '' or seen[3] ~= 'running' then return 0 end
move('failed', ARGV[5], '')
redis.call('HSET', stateKey, 'failure', ARGV[4])
audit('failed', '', { 'by', ARGV[5], 'failure', ARGV[4] })
return 1
`);

/** ARGV: 3 the version at which every link was seen to agree with the state. */
export const convergedScript = script(`${prelude}
if redis.call('HGET', stateKey, 'version') ~= ARGV[3] then return 0 end
redis.call('HSET', stateKey, 'convergedVersion', ARGV[3])
return 1
`);

/** ARGV: 3 expected version, 4 the watermarks to set as JSON; those of other links stay. */
export const watermarksScript = script(`${prelude}
local seen = redis.call('HMGET', stateKey, 'version', 'watermarks')
if seen[1] ~= ARGV[3] then return 0 end
redis.call('HSET', stateKey, 'watermarks', ARGV[4])
return 1
`);

/** ARGV: 3 the run that ends. Runs that never left are dropped when their time is over. */
export const leaveScript = script(`${prelude}
redis.call('ZREM', runsKey, ARGV[3])
redis.call('ZREMRANGEBYSCORE', runsKey, '-inf', whole(now))
return 1
`);
