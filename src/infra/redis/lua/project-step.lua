--[[
  Included at the top of every step on a project. A step is one atomic change. ioredis sends a step again when its reply
  is lost, so every step may run twice. The steps of an operation recognize the repeat and return the first reply. Other
  steps may return 'conflict' for a repeat, count it again, or write their audit entry again.

  Input:
    KEYS[1] state        hash: the project
    KEYS[2] definition   string: the definition as JSON
    KEYS[3] audit        stream
    KEYS[4] open         sorted set: operations that are unfinished, or whose message is out of date
    KEYS[5] runs         sorted set: executions under way
    KEYS[6] refusals     stream: refused requests
    KEYS[7] lastVersion  string: the version of the removed project
    ARGV[1] one JSON object. It has the step's own arguments and these:
      args.project             the project's id
      args.operationKeyPrefix  the key of an operation is this prefix and its id
      args.auditLength         about how many audit entries, and how many refusals, are kept
      args.retentionMs         how long a finished operation is kept
      args.recoveredAfterMs    a project that has run for so long has recovered from its failures

  An argument that is null in TypeScript is left out, so it is nil here. In a hash the empty string stands for null.
  cjson writes an empty table as {}. So a value that may contain an empty list is passed and stored as JSON text.
  Replies are JSON objects with a `kind`. cjson writes 14 significant digits of a number: enough for epoch ms.
]]
local stateKey, definitionKey, auditKey, openKey, runsKey, refusalsKey, lastVersionKey, trendKey = unpack(KEYS)
local args = cjson.decode(ARGV[1])

-- The server's clock, epoch ms.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- A whole number as Redis stores it, without an exponent.
local function int(number) return string.format('%.0f', number) end

local function operationKey(operationId) return args.operationKeyPrefix .. operationId end

-- All fields of a hash by name. Returns an empty table when the hash does not exist.
local function readHash(key)
  local flat, fields = redis.call('HGETALL', key), {}
  for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
  return fields
end

-- The project's fields with these names. A field that does not exist is nil.
local function readProject(...)
  local names, fields = { ... }, {}
  local values = redis.call('HMGET', stateKey, ...)
  for i, name in ipairs(names) do fields[name] = values[i] or nil end
  return fields
end

-- All fields of an operation by name. Returns nil when it does not exist.
local function readOperation(operationId)
  local fields = readHash(operationKey(operationId))
  return fields.id and fields or nil
end

-- The JSON object of a field, without its fields that are null: cjson.null is true in a condition. Returns nil if the field
-- does not exist or is empty.
local function decodeField(text)
  if not text or text == '' then return nil end
  local value = cjson.decode(text)
  for name, each in pairs(value) do if each == cjson.null then value[name] = nil end end
  return value
end

-- Whether the project still has the version that the caller read and no operation is active. It needs these two fields.
local function isIdleAtExpectedVersion(project)
  return tonumber(project.version) == args.expectedVersion and project.activeOperation == ''
end

-- Appends an entry to the audit log or to the refusals, with the project's version and state after the event. `request` is
-- the operation that the entry belongs to, or has the same fields, or is empty. `fields` is a list of names and values.
local function appendEntry(streamKey, event, request, fields)
  local limit = decodeField(request.pauseUntil)
  -- Of a pause that begins later the end is not known yet.
  if limit and not limit.durationMs then fields = { 'until', int(limit.at), unpack(fields) } end
  if (request.catchUpMs or '') ~= '' then fields = { 'catchUpMs', request.catchUpMs, unpack(fields) } end
  local project = readProject('version', 'state')
  redis.call('XADD', streamKey, 'MAXLEN', '~', args.auditLength, '*', 'v', 1, 'at', int(now), 'event', event,
    'operation', request.id or '', 'version', project.version or '', 'state', project.state or '',
    'action', request.action or '', 'reason', request.reason or '', 'origin', request.origin or '',
    'channel', request.channel or '', unpack(fields))
end

local function audit(event, request, fields) appendEntry(auditKey, event, request, fields) end

-- Marks an operation's message as out of date. The sweep queues notifications until mark-operation-notified.lua records
-- that the message is up to date.
local function markMessageOutdated(operationId)
  redis.call('HINCRBY', operationKey(operationId), 'seq', 1)
  redis.call('ZADD', openKey, int(now), operationId)
end

-- Adds a field to a finished operation, which may not exist any more, and marks its message as out of date. Returns the
-- operation's id, or null if it does not exist.
local function addToOperationIfExists(operationId, field, value)
  if operationId == '' or redis.call('EXISTS', operationKey(operationId)) == 0 then return cjson.null end
  redis.call('HSET', operationKey(operationId), field, value)
  markMessageOutdated(operationId)
  return operationId
end

-- Ends the following of the outcome of an earlier operation, since the project does not stay in the state that it set.
-- `followEnd` is a table. Returns the operation's id, or null if none was followed.
local function endFollowUp(followEnd)
  local operationId = redis.call('HGET', stateKey, 'followedOperation') or ''
  redis.call('HSET', stateKey, 'followedOperation', '')
  return addToOperationIfExists(operationId, 'followEnd', cjson.encode(followEnd))
end

-- Ends the state that the last operation has set: its message loses its buttons, and its outcome is followed no longer.
-- `followEnd` is a table. Returns the operation's id, or null if it does not exist.
local function endLastState(followEnd)
  endFollowUp(followEnd)
  return addToOperationIfExists(redis.call('HGET', stateKey, 'lastOperation') or '', 'stateEndedAt', int(now))
end

-- Whether a confirmed pause waits until its project has caught up. No worker may claim it meanwhile.
local function isWaiting(operation)
  return operation.state == 'confirmed' and (operation.waitsUntil or '') ~= '' and (operation.waitEndedAt or '') == ''
end

-- The project has no pause that waits any more, if it was this one.
local function endWaitingPause(operationId)
  local waiting = decodeField(redis.call('HGET', stateKey, 'waitingPause'))
  if waiting and waiting.operation == operationId then redis.call('HSET', stateKey, 'waitingPause', '') end
end

-- The refusal of a pause whose project did not catch up in time.
local function notCaughtUp(operation)
  local observed = decodeField(operation.waitObservation)
  return {
    code = 'not_caught_up',
    project = args.project,
    ['until'] = tonumber(operation.waitsUntil),
    latencyMs = observed and observed.latencyMs or cjson.null,
    observedAt = observed and observed.latest.at or cjson.null,
  }
end

-- Ends an operation. Redis deletes it after the retention time.
local function finish(operationId, state)
  redis.call('HSET', operationKey(operationId), 'state', state, 'finishedAt', int(now))
  redis.call('PEXPIRE', operationKey(operationId), int(args.retentionMs))
  endWaitingPause(operationId)
end

-- Ends what the message of the last request suggests that no worker took in time: to ask again.
local function endSuggestion()
  addToOperationIfExists(redis.call('HGET', stateKey, 'unclaimedOperation') or '', 'stateEndedAt', int(now))
  redis.call('HSET', stateKey, 'unclaimedOperation', '')
end

-- Ends a confirmed operation with a refusal. Returns the operation.
local function refuseOperation(operation, refusal)
  local json = cjson.encode(refusal)
  local version = redis.call('HGET', stateKey, 'version')
  if refusal.code == 'claim_timeout' and version then
    endSuggestion()
    local isUnchanged = version == operation.projectVersion
    if isUnchanged then redis.call('HSET', stateKey, 'unclaimedOperation', operation.id)
    else redis.call('HSET', operationKey(operation.id), 'stateEndedAt', int(now)) end
  end
  redis.call('HSET', operationKey(operation.id), 'refusal', json)
  finish(operation.id, 'refused')
  markMessageOutdated(operation.id)
  audit('refused', operation, { 'by', operation.by, 'code', refusal.code, 'refusal', json })
  return readOperation(operation.id)
end

-- Removes an execution from `runs`, and those that never ended and whose time is over.
local function endExecution(executionId)
  redis.call('ZREM', runsKey, executionId)
  redis.call('ZREMRANGEBYSCORE', runsKey, '-inf', int(now))
end

-- Whether the time has passed in which a worker may claim a confirmed operation.
local function isClaimTimedOut(operation) return now > tonumber(operation.executeBy) end

local function claimTimeout(operation)
  return { code = 'claim_timeout', project = args.project, action = operation.action }
end

-- Removes the fields of skipped tasks from the project. Returns how many it had.
local function removeSkipped(fields)
  local removed = 0
  for _, field in ipairs(fields) do removed = removed + redis.call('HDEL', stateKey, field) end
  return removed
end

-- Moves the project to a state. Clears the fields that belong to the old state. Returns the new version.
local function transition(state, by, reason)
  local old = readProject('state', 'since')
  endSuggestion()
  if old.state == 'running' and now - tonumber(old.since) >= args.recoveredAfterMs then
    redis.call('HSET', stateKey, 'failureStreak', '')
  end
  redis.call('HSET', stateKey, 'state', state, 'since', int(now), 'by', by, 'reason', reason,
    'incompleteOperation', '', 'oldestUnprocessedAt', '', 'linksToReconcile', '', 'keptPaused', '', 'pausedUntil', '')
  return redis.call('HINCRBY', stateKey, 'version', 1)
end
