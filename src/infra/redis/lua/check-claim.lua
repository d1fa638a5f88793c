--[[
  Checks whether a worker has claimed a confirmed operation. Needs no worker: every role runs this step.

  Input:
    KEYS                see project-step.lua
    args.operationId
    args.noticeAfterMs  how long after its confirmation the operation's message says that no worker has claimed it

  Output:
    { kind = 'refused', operation }  by this call: no worker claimed it in time, or its project did not catch up in time
    { kind = 'delayed' }             by this call: its message must say that no worker has claimed it yet
    { kind = 'unchanged' }           it is not due, not waiting for a worker, or does not exist
]]

-- Includes
--- @include "project-step"

local operation = readOperation(args.operationId)
if not operation or operation.state ~= 'confirmed' then return cjson.encode({ kind = 'unchanged' }) end
if isWaiting(operation) then
  if now <= tonumber(operation.waitsUntil) then return cjson.encode({ kind = 'unchanged' }) end
  return cjson.encode({ kind = 'refused', operation = refuseOperation(operation, notCaughtUp(operation)) })
end
if isClaimTimedOut(operation) then
  return cjson.encode({ kind = 'refused', operation = refuseOperation(operation, claimTimeout(operation)) })
end

local claimableSince = (operation.waitEndedAt or '') ~= '' and operation.waitEndedAt or operation.resolvedAt
local isDelayed = now - tonumber(claimableSince) >= args.noticeAfterMs
if not isDelayed or (operation.claimDelayedAt or '') ~= '' then return cjson.encode({ kind = 'unchanged' }) end
redis.call('HSET', operationKey(operation.id), 'claimDelayedAt', int(now))
markMessageOutdated(operation.id)
return cjson.encode({ kind = 'delayed' })
