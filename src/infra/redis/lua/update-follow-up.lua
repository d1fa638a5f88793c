--[[
  Records what an observation has changed about the operation that the project follows.

  Input:
    KEYS                  see project-step.lua
    args.operationId
    args.expectedVersion
    args.expectedSeq      the operation's `seq` that the caller read
    args.followUp         JSON text
    args.followEnd        how following ended, JSON text, or nil while the operation is followed further
    args.event            the audit event, or nil

  Output:
    { kind = 'written' }
    { kind = 'conflict' }  the project or the operation has changed, or the project does not follow it any more
]]

-- Includes
--- @include "project-step"

local id = args.operationId
local project, operation = readProject('version', 'activeOperation', 'followedOperation'), readOperation(id)
local isFollowed = operation and project.followedOperation == id and tonumber(operation.seq) == args.expectedSeq
if not isFollowed or not isIdleAtExpectedVersion(project) then return cjson.encode({ kind = 'conflict' }) end

redis.call('HSET', operationKey(id), 'followUp', args.followUp)
if args.followEnd then
  redis.call('HSET', operationKey(id), 'followEnd', args.followEnd)
  redis.call('HSET', stateKey, 'followedOperation', '')
end
markMessageOutdated(id)
if args.event then audit(args.event, operation, {}) end
return cjson.encode({ kind = 'written' })
