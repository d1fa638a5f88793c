import { prelude } from './script-prelude.ts';
import { defineScript } from './scripts.ts';

/** ARGV: 3 the operation's id, 4 its fields as JSON (strings), 5 how long its dialog may be answered,
 *  ms. The requester's older dialog for the same thing is superseded; its buttons answer truly, nothing has to be told. */
export const requestScript = defineScript(`${prelude}
local id, fields, ttl = ARGV[3], cjson.decode(ARGV[4]), tonumber(ARGV[5])
if redis.call('EXISTS', stateKey) == 0 then return { 'removed' } end
if redis.call('EXISTS', op(id)) == 1 then return { 'ok', all(id) } end
for _, other in ipairs(redis.call('ZRANGE', openKey, 0, -1)) do
  local seen = redis.call('HMGET', op(other), 'state', 'by', 'action')
  if seen[1] == 'requested' and seen[2] == fields.by and seen[3] == fields.action then
    redis.call('HSET', op(other), 'resolvedAt', whole(now))
    over(other, 'superseded')
    audit('superseded', other, { 'by', fields.by })
    redis.call('ZREM', openKey, other)
  end
end
for name, value in pairs(fields) do redis.call('HSET', op(id), name, value) end
redis.call('HSET', op(id), 'requestedAt', whole(now), 'expiresAt', whole(now + ttl))
redis.call('PEXPIRE', op(id), whole(ttl + settings.retentionMs))
redis.call('ZADD', openKey, whole(now + ttl), id)
audit('requested', id, { 'by', fields.by })
return { 'ok', all(id) }
`);

/** ARGV: 3 id, 4 confirm|cancel|expire, 5 who (empty: nobody), 6 the pressed dialog as JSON or empty, 7 executeWithin, ms. */
export const resolveScript = defineScript(`${prelude}
local id, settlement, by, dialog, executeWithin = ARGV[3], ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local seen = redis.call('HMGET', op(id), 'state', 'by', 'expiresAt', 'dialog')
if not seen[1] then return { 'unknown' } end
if by ~= '' and by ~= seen[2] then return { 'not_requester', seen[2] } end
local fresh = dialog ~= '' and cjson.decode(dialog) or nil
-- The same press, delivered twice, is no news.
if fresh and seen[4] ~= '' and cjson.decode(seen[4]).url == fresh.url then fresh = nil end
if fresh then
  redis.call('HSET', op(id), 'dialog',
    cjson.encode({ url = fresh.url, usesLeft = fresh.usesLeft, expiresAt = now + fresh.lifetimeMs }))
  redis.call('HINCRBY', op(id), 'seq', 1)
end
if seen[1] ~= 'requested' then
  if fresh then keepUntilTold(id) end
  return { 'repeated', all(id) }
end
local expired = now > tonumber(seen[3])
if settlement == 'expire' and not expired then return { 'repeated', all(id) } end
redis.call('HSET', op(id), 'resolvedAt', whole(now))
if settlement == 'confirm' and not expired then
  redis.call('HSET', op(id), 'state', 'confirmed', 'executeBy', whole(now + executeWithin))
  redis.call('PERSIST', op(id))
  redis.call('HINCRBY', op(id), 'seq', 1)
  keepUntilTold(id)
  audit('confirmed', id, { 'by', by })
else
  local state = expired and 'expired' or 'cancelled'
  over(id, state)
  audit(state, id, { 'by', by })
  if dialog == '' then redis.call('ZREM', openKey, id) else keepUntilTold(id) end
end
return { 'resolved', all(id) }
`);

/**
 * ARGV: 3 id, 4 the run, 5 until when the run counts, ms from now, 6 the transitions of the state rules as JSON. Whoever may carry
 * on is given all that the work begins with: operation, project and time.
 */
export const claimScript = defineScript(`${prelude}
local id, run, runFor, transitions = ARGV[3], ARGV[4], tonumber(ARGV[5]), cjson.decode(ARGV[6])
local seen = redis.call('HMGET', op(id), 'state', 'action', 'by', 'reason', 'executeBy', 'projectVersion', 'project')
if not seen[1] then return { 'unknown' } end
local function claimed()
  redis.call('ZADD', runsKey, whole(now + runFor), run)
  return { 'claimed', all(id), redis.call('HGETALL', stateKey), redis.call('GET', definitionKey), now }
end
local action, by, project = seen[2], seen[3], seen[7]
local held = redis.call('HMGET', stateKey, 'state', 'since', 'by', 'reason', 'activeOperation', 'version', 'drainingOperation',
  'syncedVersion', 'incompleteOperation', 'oldestUnprocessedAt', 'linksToReconcile')
if seen[1] == 'running' and held[5] == id then return claimed() end
if seen[1] ~= 'confirmed' then return { 'finished', all(id) } end
local function refuse(refusal)
  redis.call('HSET', op(id), 'refusal', cjson.encode(refusal))
  redis.call('HINCRBY', op(id), 'seq', 1)
  over(id, 'refused')
  keepUntilTold(id)
  audit('refused', id, { 'by', by, 'code', refusal.code, 'refusal', cjson.encode(refusal) })
  return { 'refused', all(id) }
end
if not held[1] then return refuse({ code = 'removed', project = project }) end
local facts = { project = project, action = action, state = held[1], since = tonumber(held[2]), by = held[3] }
local function refuseWith(code) facts.code = code return refuse(facts) end
if held[5] ~= '' then
  local activeOperation = redis.call('HMGET', op(held[5]), 'action', 'by', 'resolvedAt')
  if activeOperation[1] then facts.action, facts.by, facts.since = activeOperation[1], activeOperation[2], tonumber(activeOperation[3]) end
  return refuseWith('operation_active')
end
local transition, fits = transitions[action], false
for _, state in ipairs(transition.from) do fits = fits or state == held[1] end
if not fits then return refuseWith('not_allowed') end
if held[6] ~= seen[6] then return refuseWith('changed') end
if now > tonumber(seen[5]) then return refuse({ code = 'claim_timeout', project = project, action = action }) end
local before = { held[1], held[2], held[3], held[4], held[7], held[8] == held[6], held[9] or '', held[10] or '',
  held[11] or '' }
redis.call('HSET', stateKey, 'before', cjson.encode(before), 'activeOperation', id)
-- A correction has no state on its way: the project keeps its own.
local through = type(transition.through) == 'string' and transition.through or held[1]
if through == held[1] then redis.call('HINCRBY', stateKey, 'version', 1) else move(through, by, seen[4]) end
redis.call('HSET', op(id), 'state', 'running', 'startedAt', whole(now), 'fromState', held[1])
redis.call('HINCRBY', op(id), 'seq', 1)
keepUntilTold(id)
audit('started', id, { 'by', by, 'state', through })
return claimed()
`);

/** ARGV: 3 id, 4 expected version, 5 the operation's state, 6 the project's state, \`back\` or \`stay\`, 7 '1' when its links
 *  agree, 8 outcome, 9 refusal, 10 failure (each JSON or empty), 11 '1' when tasks are still in flight, 12 the ids of links
 *  without a queue as JSON, 13 how old the oldest change is that it
 *  leaves behind where it stops; a project that stood still before keeps the older one. */
export const commitScript = defineScript(`${prelude}
local id, expected, ended, state, agree = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7] == '1'
local outcome, refusal, failure, drainingOperation = ARGV[8], ARGV[9], ARGV[10], ARGV[11] == '1'
local seen = redis.call('HMGET', op(id), 'state', 'by', 'reason')
if seen[1] ~= 'running' then return { 'repeated', all(id) } end
local held = redis.call('HMGET', stateKey, 'activeOperation', 'version', 'before')
if held[1] ~= id or held[2] ~= expected then return { 'conflict' } end
if state == 'previous' and redis.call('HGET', op(id), 'progress') ~= '' then return { 'conflict' } end
local before = cjson.decode(held[3])
local incompleteOperation, oldestUnprocessedAt, version = before[7] or '', before[8] or '', nil
if state == 'previous' then
  state, agree = before[1], before[6]
  version = move(before[1], before[3], before[4])
  redis.call('HSET', stateKey, 'since', before[2], 'drainingOperation', before[5], 'incompleteOperation', incompleteOperation, 'oldestUnprocessedAt', oldestUnprocessedAt,
    'linksToReconcile', before[9] or '')
elseif state == 'unchanged' then
  state = redis.call('HGET', stateKey, 'state')
  version = redis.call('HINCRBY', stateKey, 'version', 1)
  redis.call('HSET', stateKey, 'incompleteOperation', ended == 'failed' and id or '', 'linksToReconcile', '')
else
  version = move(state, seen[2], seen[3])
  redis.call('HSET', stateKey, 'failure', failure, 'drainingOperation', drainingOperation and id or '',
    'lastOperation', id, 'incompleteOperation', ended == 'failed' and not agree and id or '',
    'oldestUnprocessedAt', state == 'failed' and oldestUnprocessedAt ~= '' and oldestUnprocessedAt or ARGV[13])
end
redis.call('HSET', stateKey, 'activeOperation', '')
if agree then redis.call('HSET', stateKey, 'syncedVersion', version) end
if agree and ended == 'done' then redis.call('HSET', stateKey, 'pendingLinks', ARGV[12], 'linksToReconcile', '') end
redis.call('HDEL', stateKey, 'before')
redis.call('HSET', op(id), 'outcome', outcome, 'refusal', refusal, 'toState', state, 'progress', '')
redis.call('HINCRBY', op(id), 'seq', 1)
over(id, ended)
keepUntilTold(id)
audit(ended, id, { 'by', seen[2], 'state', state, 'outcome', outcome, 'code', refusal ~= '' and cjson.decode(refusal).code or '',
  'refusal', refusal })
return { 'committed', all(id) }
`);

/** ARGV: 3 id, 4 progress as JSON. */
export const setProgressScript = defineScript(`${prelude}
local id = ARGV[3]
if redis.call('HGET', op(id), 'state') ~= 'running' then return 0 end
redis.call('HSET', op(id), 'progress', ARGV[4])
return redis.call('HINCRBY', op(id), 'seq', 1)
`);

/** ARGV: 3 id, 4 the seq that was told, 5 its message as JSON or empty, 6 how many uses of the dialog's URL it took. */
export const markNotifiedScript = defineScript(`${prelude}
local id, seq, message, uses = ARGV[3], tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])
local seen = redis.call('HMGET', op(id), 'seq', 'notifiedSeq', 'dialog', 'state')
if not seen[1] then return 0 end
if seq > tonumber(seen[2]) then redis.call('HSET', op(id), 'notifiedSeq', whole(seq)) end
if message ~= '' then redis.call('HSET', op(id), 'message', message) end
if uses > 0 and seen[3] ~= '' then
  local dialog = cjson.decode(seen[3])
  dialog.usesLeft = math.max(0, dialog.usesLeft - uses)
  redis.call('HSET', op(id), 'dialog', cjson.encode(dialog))
end
local open = seen[4] == 'requested' or seen[4] == 'confirmed' or seen[4] == 'running'
if not open and seq >= tonumber(seen[1]) then
  redis.call('ZREM', openKey, id)
  redis.call('HSETNX', op(id), 'notifiedAt', whole(now))
end
return 1
`);

/** ARGV: 3 id, 4 the outcome as JSON, with nothing in flight any more. */
export const markDrainedScript = defineScript(`${prelude}
local id = ARGV[3]
if redis.call('HGET', stateKey, 'drainingOperation') ~= id then return 0 end
redis.call('HSET', stateKey, 'drainingOperation', '')
redis.call('HSET', op(id), 'outcome', ARGV[4])
redis.call('HINCRBY', op(id), 'seq', 1)
keepUntilTold(id)
audit('drained', id, {})
return 1
`);
