--[[
  Makes a confirmed operation the active one of its project, after it has checked the state rules again. The project
  moves to the transitional state. A worker that takes over an active operation gets the same reply.

  Input:
    KEYS                     see project-step.lua
    args.operationId
    args.executionId         entered in `runs` until the execution ends
    args.executionTimeoutMs  how long the execution counts as under way if it never ends
    args.transitions         by operation kind { from, through }. For a correction `through` is null: the state stays.

  Output:
    { kind = 'claimed', operation, project, definition, now, hasOtherExecutions }
    { kind = 'refused', operation }   the refusal is in the operation, which is finished now
    { kind = 'waiting', operation }   it waits until its project has caught up
    { kind = 'finished', operation }  it was finished before, or never confirmed
    { kind = 'unknown' }              the operation does not exist
]]

-- Includes
--- @include "project-step"
--- @include "claim-rules"

local id = args.operationId
local operation = readOperation(id)
if not operation then return cjson.encode({ kind = 'unknown' }) end
local project = readClaimedProject()

local function claimed()
  -- It may retry failed tasks, as the execution did that passed the preflight.
  if operation.progress ~= '' then redis.call('HINCRBY', operationKey(id), 'executions', 1) end
  redis.call('ZADD', runsKey, int(now + args.executionTimeoutMs), args.executionId)
  return cjson.encode({
    kind = 'claimed',
    operation = readOperation(id),
    project = readHash(stateKey),
    definition = redis.call('GET', definitionKey),
    now = now,
    hasOtherExecutions = redis.call('ZCOUNT', runsKey, '(' .. int(now), '+inf') > 1,
  })
end

if operation.state == 'running' and project.activeOperation == id then return claimed() end
if operation.state ~= 'confirmed' then return cjson.encode({ kind = 'finished', operation = operation }) end
if isWaiting(operation) then return cjson.encode({ kind = 'waiting', operation = operation }) end

local refusal = claimRefusal(operation, project, args.transitions)
if not refusal and isClaimTimedOut(operation) then refusal = claimTimeout(operation) end
if refusal then return cjson.encode({ kind = 'refused', operation = refuseOperation(operation, refusal) }) end

-- A commit that goes back to the previous state restores these.
local before = {
  version = tonumber(project.version),
  state = project.state,
  since = project.since,
  by = project.by,
  reason = project.reason,
  isReconciled = project.reconciledVersion == project.version,
  incompleteOperation = project.incompleteOperation,
  oldestUnprocessedAt = project.oldestUnprocessedAt,
  linksToReconcile = project.linksToReconcile,
  keptPaused = project.keptPaused,
  pausedUntil = project.pausedUntil,
}
local through = args.transitions[operation.action].through
local state = through ~= cjson.null and through or project.state
if state == project.state then
  redis.call('HINCRBY', stateKey, 'version', 1)
else
  transition(state, operation.by, operation.reason)
end
redis.call('HSET', stateKey, 'activeOperation', id, 'before', cjson.encode(before))
local limit = (operation.pauseUntil or '') ~= '' and cjson.decode(operation.pauseUntil)
if limit and limit.durationMs then
  limit.at = now + limit.durationMs
  limit.durationMs = nil
  operation.pauseUntil = cjson.encode(limit)
  redis.call('HSET', operationKey(id), 'pauseUntil', operation.pauseUntil)
end
redis.call('HSET', operationKey(id), 'state', 'running', 'startedAt', int(now), 'fromState', before.state)
markMessageOutdated(id)
audit('started', operation, { 'by', operation.by })
return claimed()
