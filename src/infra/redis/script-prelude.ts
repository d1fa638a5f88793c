/**
 * Each step is one atomic script over one project's slot, and they all begin like this. KEYS: state, definition, audit,
 * open, runs. ARGV[1] is the prefix of the project's operations, ARGV[2] the settings (auditLength, retentionMs)
 * as JSON; a step's own arguments follow from ARGV[3]. A step that was done already answers as it did the first time.
 */
export const prelude = `
local stateKey, definitionKey, auditKey, openKey, runsKey = unpack(KEYS)
local operations, settings = ARGV[1], cjson.decode(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function whole(number) return string.format('%.0f', number) end
local function op(id) return operations .. id end
local function audit(event, id, more)
  local about = id == '' and {} or redis.call('HMGET', op(id), 'action', 'reason', 'origin', 'channel')
  redis.call('XADD', auditKey, 'MAXLEN', '~', settings.auditLength, '*', 'v', 1, 'at', whole(now), 'event', event,
    'operation', id, 'version', redis.call('HGET', stateKey, 'version') or '', 'action', about[1] or '',
    'reason', about[2] or '', 'origin', about[3] or '', 'channel', about[4] or '', unpack(more))
end
local function keepUntilTold(id) redis.call('ZADD', openKey, whole(now), id) end
local function hasNews(id)
  if id == '' or redis.call('EXISTS', op(id)) == 0 then return '' end
  redis.call('HINCRBY', op(id), 'seq', 1)
  keepUntilTold(id)
  return id
end
local function over(id, state)
  redis.call('HSET', op(id), 'state', state, 'finishedAt', whole(now))
  redis.call('PEXPIRE', op(id), whole(settings.retentionMs))
end
local function all(id) return redis.call('HGETALL', op(id)) end
local function move(state, by, reason)
  redis.call('HSET', stateKey, 'state', state, 'since', whole(now), 'by', by, 'reason', reason, 'drainingOperation', '',
    'incompleteOperation', '', 'oldestUnprocessedAt', '', 'linksToReconcile', '')
  return redis.call('HINCRBY', stateKey, 'version', 1)
end
`;
