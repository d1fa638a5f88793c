import { prelude } from './script-prelude.ts';
import { defineScript } from './scripts.ts';

/** ARGV: 3 the definition, 4 its first state (empty: the project exists), 5 expected version, 6 who, 7 ids of links
 *  that are added (JSON): they are behind their state then, until converge has seen to them, 8 … fields of watermarks with their values. */
export const saveScript = defineScript(`${prelude}
local definition, first, expected, by = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local seen = redis.call('HMGET', stateKey, 'version', 'activeOperation', 'syncedVersion', 'state', 'linksToReconcile')
local isRepeat = seen[1] == (first == '' and whole(tonumber(expected) + 1) or '1') and (first == '' or seen[4] == first)
if isRepeat and redis.call('GET', definitionKey) == definition then return 1 end
if first ~= '' then
  if seen[1] then return 0 end
  redis.call('HSET', stateKey, 'v', 1, 'state', first, 'version', 1, 'since', whole(now), 'by', by, 'reason', '',
    'activeOperation', '', 'syncedVersion', 0, 'failure', '', 'drainingOperation', '', 'incompleteOperation', '', 'lastOperation', '', 'pendingLinks', '[]',
    'oldestUnprocessedAt', '', 'linksToReconcile', '')
  for i = 8, #ARGV, 2 do redis.call('HSET', stateKey, ARGV[i], ARGV[i + 1]) end
else
  if seen[1] ~= expected or seen[2] ~= '' then return 0 end
  local version = redis.call('HINCRBY', stateKey, 'version', 1)
  if seen[3] == seen[1] then
    local settled = ARGV[7] == '[]' and version or seen[3]
    redis.call('HSET', stateKey, 'syncedVersion', settled, 'linksToReconcile', ARGV[7] == '[]' and '' or ARGV[7])
  elseif (seen[5] or '') ~= '' and ARGV[7] ~= '[]' then
    local linksToReconcile = cjson.decode(seen[5])
    for _, link in ipairs(cjson.decode(ARGV[7])) do linksToReconcile[#linksToReconcile + 1] = link end
    redis.call('HSET', stateKey, 'linksToReconcile', cjson.encode(linksToReconcile))
  end
end
redis.call('SET', definitionKey, definition)
audit(first ~= '' and 'created' or 'changed', '', { 'by', by })
return 1
`);

/**
 * ARGV: 3 expected version, 4 who, 5 the project's id. The audit stays. Requests still open end with it: a project of the same
 * name that is made later must not be changed by an old dialog.
 */
export const removeScript = defineScript(`${prelude}
local seen = redis.call('HMGET', stateKey, 'version', 'activeOperation')
if not seen[1] then return 1 end
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

/**
 * Running → Failed, only at the version that was read before the links. ARGV: 3 expected version, 4 failure, 5 who, 6 how old the
 * oldest change is that it leaves behind. Answers false when somebody else won; else the operation that ended last here, empty when there is none: it has news to tell.
 */
export const markFailedScript = defineScript(`${prelude}
local seen = redis.call('HMGET', stateKey, 'version', 'activeOperation', 'state', 'lastOperation')
if seen[1] ~= ARGV[3] or seen[2] ~= '' or seen[3] ~= 'running' then return false end
move('failed', ARGV[5], '')
redis.call('HSET', stateKey, 'failure', ARGV[4], 'oldestUnprocessedAt', ARGV[6])
audit('failed', '', { 'by', ARGV[5], 'failure', ARGV[4] })
return hasNews(seen[4] or '')
`);

/**
 * Every link that exists was seen to agree with the state. ARGV: 3 at which version, 4 the ids of links without a queue as
 * JSON. Answers false when the version moved on; else the operation that had to leave a link behind, empty when none had:
 * it has something new to tell.
 */
export const markSyncedScript = defineScript(`${prelude}
local seen = redis.call('HMGET', stateKey, 'version', 'incompleteOperation')
if seen[1] ~= ARGV[3] then return false end
redis.call('HSET', stateKey, 'syncedVersion', ARGV[3], 'pendingLinks', ARGV[4], 'incompleteOperation', '', 'linksToReconcile', '')
return hasNews(seen[2] or '')
`);

/**
 * Links differ from what the state wants. ARGV: 3 expected version, 4 the links as JSON, 5 why they may be driven
 * without asking: \`appeared\`, or \`late_write\`, which counts only while an execution is entered that has not left, 6 the
 * ids of these links as JSON. 1: they are to be driven, and no others.
 */
export const scheduleCorrectionScript = defineScript(`${prelude}
local seen = redis.call('HMGET', stateKey, 'version', 'activeOperation', 'syncedVersion')
if seen[1] ~= ARGV[3] or seen[2] ~= '' or seen[3] ~= seen[1] then return 0 end
redis.call('ZREMRANGEBYSCORE', runsKey, '-inf', whole(now))
if ARGV[5] == 'late_write' and redis.call('ZCARD', runsKey) == 0 then return 0 end
redis.call('HSET', stateKey, 'syncedVersion', whole(tonumber(ARGV[3]) - 1), 'linksToReconcile', ARGV[6])
audit('corrected', '', { 'links', ARGV[4], 'cause', ARGV[5] })
return 1
`);

/** ARGV: 3 expected version, 4 … fields of watermarks with their values; those of other links stay. */
export const watermarksScript = defineScript(`${prelude}
if redis.call('HGET', stateKey, 'version') ~= ARGV[3] then return 0 end
for i = 4, #ARGV, 2 do redis.call('HSET', stateKey, ARGV[i], ARGV[i + 1]) end
return 1
`);

/** ARGV: 3 the run that ends. Runs that never left are dropped when their time is over. */
export const endExecutionScript = defineScript(`${prelude}
redis.call('ZREM', runsKey, ARGV[3])
redis.call('ZREMRANGEBYSCORE', runsKey, '-inf', whole(now))
return 1
`);

/** KEYS: the mark. ARGV: 1 a token of this call, 2 how long the mark stays, ms. 1: this call set it, now or in an earlier try. */
export const claimOnceScript = defineScript(`
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0
`);
