--[[
  Running -> Failed.

  Input:
    KEYS                      see project-step.lua
    args.expectedVersion      the version that was read before the links were observed
    args.failure              JSON text
    args.cause                the masked reason of the failure, for the comparison with the failure before it
    args.by
    args.oldestUnprocessedAt  the time of the oldest change that stays unprocessed, epoch ms or nil

  Output:
    { kind = 'failed', operationToNotify }  the operation that ended last, which gets the failure, or null
    { kind = 'conflict' }                   the version has changed, or an operation is active
]]

-- Includes
--- @include "project-step"

local project = readProject('version', 'activeOperation', 'state', 'lastOperation', 'since', 'by')
local isRunning = project.state == 'running'
if not isRunning or not isIdleAtExpectedVersion(project) then return cjson.encode({ kind = 'conflict' }) end

transition('failed', args.by, '')
endFollowUp({ kind = 'state_changed', at = now, state = 'failed', by = args.by })
local oldestUnprocessedAt = args.oldestUnprocessedAt and int(args.oldestUnprocessedAt) or ''
local storedRow = readProject('failureStreak').failureStreak or ''
local previousRow = storedRow ~= '' and cjson.decode(storedRow) or { count = 0 }
local streak = {
  count = previousRow.count + 1,
  cause = args.cause,
  isSameCause = args.cause ~= nil and args.cause == previousRow.cause,
  failedAt = now,
  run = {
    since = tonumber(project.since),
    by = project.by,
    action = redis.call('HGET', operationKey(project.lastOperation), 'action') or cjson.null,
  },
}
local streakJson = cjson.encode(streak)
redis.call('HSET', stateKey, 'failure', args.failure, 'failureStreak', streakJson, 'oldestUnprocessedAt', oldestUnprocessedAt)
audit('failed', {}, { 'by', args.by, 'failure', args.failure })
local laterFailure = '{"at":' .. int(now) .. ',"failure":' .. args.failure .. ',"streak":' .. streakJson .. '}'
local operationToNotify = addToOperationIfExists(project.lastOperation, 'laterFailure', laterFailure)
return cjson.encode({ kind = 'failed', operationToNotify = operationToNotify })
