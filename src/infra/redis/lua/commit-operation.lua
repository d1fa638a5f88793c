--[[
  Ends an active operation and the execution that completes it, and releases its project.

  Input:
    KEYS                      see project-step.lua
    args.operationId
    args.executionId
    args.isOnlyExecution      whether the outcome counts only what this execution did
    args.expectedVersion      the version at which the links were compared
    args.operationState       'done', 'failed' or 'refused'
    args.projectChange        { kind = 'set', state }: the project's new state
                              { kind = 'roll_back' }: as before the claim, only if no link was resumed
                              { kind = 'keep' }: as it is now, after a correction
                              { kind = 'none' }: as it is now, and no link was changed
    args.linksReconciled          whether every link has the desired state
    args.followUp             what to follow from now on, JSON text or nil
    args.pendingLinks         ids of links without a queue, JSON text
    args.oldestUnprocessedAt  the time of the oldest change that stays unprocessed, epoch ms or nil
    args.retriedFields        the fields of the skipped tasks that the operation has retried
    args.outcome, args.refusal, args.failure  JSON texts or nil

  Output:
    { kind = 'committed', operation, project, definition, operationToNotify }  both as they are now;
                                      operationToNotify had set the state until now, or is null
    { kind = 'repeated', operation }  by an earlier call
    { kind = 'conflict' }             the links must be compared again
    { kind = 'other_executions' }     another execution may have done a part of what the outcome counts
]]

-- Includes
--- @include "project-step"

local id = args.operationId
local operation = readOperation(id)
if not operation or operation.state ~= 'running' then
  return cjson.encode({ kind = 'repeated', operation = operation })
end
local project = readProject('state', 'version', 'activeOperation', 'before', 'pausedUntil')
local isActive = project.activeOperation == id and tonumber(project.version) == args.expectedVersion
-- Progress means that the preflight has passed: a worker may have changed links.
if not isActive or (args.projectChange.kind == 'roll_back' and operation.progress ~= '') then
  return cjson.encode({ kind = 'conflict' })
end

-- Executions that have passed the preflight, or began after it.
local executions = tonumber(operation.executions) or 0
if args.isOnlyExecution and executions > 1 then return cjson.encode({ kind = 'other_executions' }) end

local before = cjson.decode(project.before)

-- An operation that keeps what people decided is no change of the project: the deadline of its pause still holds, unless the
-- project was changed before the claim.
local function keepDeadline(pausedUntil, version)
  local deadline = decodeField(pausedUntil)
  if not deadline or deadline.version ~= before.version then return end
  deadline.version = version
  redis.call('HSET', stateKey, 'pausedUntil', cjson.encode(deadline))
end

local isFailed = args.operationState == 'failed'
local change = args.projectChange
local state, isReconciled, version = change.state, args.linksReconciled, nil
local operationToNotify = cjson.null
if change.kind == 'roll_back' then
  state, isReconciled = before.state, before.isReconciled
  version = transition(state, before.by, before.reason)
  redis.call('HSET', stateKey, 'since', before.since, 'incompleteOperation', before.incompleteOperation,
    'oldestUnprocessedAt', before.oldestUnprocessedAt, 'linksToReconcile', before.linksToReconcile,
    'keptPaused', before.keptPaused or '', 'pausedUntil', before.pausedUntil or '')
  keepDeadline(before.pausedUntil, version)
elseif change.kind == 'keep' then
  state = project.state
  version = redis.call('HINCRBY', stateKey, 'version', 1)
  redis.call('HSET', stateKey, 'incompleteOperation', isFailed and id or '', 'linksToReconcile', '')
  keepDeadline(project.pausedUntil, version)
elseif change.kind == 'none' then
  state, isReconciled = project.state, before.isReconciled
  version = redis.call('HINCRBY', stateKey, 'version', 1)
  keepDeadline(project.pausedUntil, version)
else
  -- A project that was not running before the operation has processed nothing since: the older time still holds.
  local keptTime = state == 'failed' and before.oldestUnprocessedAt ~= '' and before.oldestUnprocessedAt
  version = transition(state, operation.by, operation.reason)
  operationToNotify = endLastState({ kind = 'state_changed', at = now, state = state, by = operation.by })
  redis.call('HSET', stateKey, 'failure', args.failure or '', 'lastOperation', id,
    'followedOperation', args.followUp and id or '', 'incompleteOperation', isFailed and id or '',
    'oldestUnprocessedAt', keptTime or (args.oldestUnprocessedAt and int(args.oldestUnprocessedAt)) or '')
  local limit = decodeField(operation.pauseUntil)
  if limit and state == 'paused' then
    redis.call('HSET', stateKey, 'pausedUntil', cjson.encode({ at = limit.at, by = operation.by, setAt = now,
      operation = id, version = version, attempts = 0, nextAttemptAt = limit.at }))
  end
end
if isReconciled then redis.call('HSET', stateKey, 'reconciledVersion', version) end
if args.linksReconciled and args.operationState == 'done' then
  redis.call('HSET', stateKey, 'pendingLinks', args.pendingLinks, 'linksToReconcile', '')
end
removeSkipped(args.retriedFields)
endExecution(args.executionId)
redis.call('HSET', stateKey, 'activeOperation', '')
redis.call('HDEL', stateKey, 'before')

local refusal = args.refusal or ''
redis.call('HSET', operationKey(id), 'outcome', args.outcome or '', 'refusal', refusal, 'toState', state,
  'progress', '', 'followUp', args.followUp or '')
finish(id, args.operationState)
markMessageOutdated(id)
audit(args.operationState, operation, { 'by', operation.by, 'outcome', args.outcome or '',
  'code', refusal ~= '' and cjson.decode(refusal).code or '', 'refusal', refusal })
return cjson.encode({
  kind = 'committed',
  operation = readOperation(id),
  project = readHash(stateKey),
  definition = redis.call('GET', definitionKey),
  operationToNotify = operationToNotify,
})
