--[[
  Records that the last task in flight of a pause has ended.

  Input:
    KEYS              see project-step.lua
    args.operationId
    args.outcome      the outcome with nothing in flight, JSON text

  Output:
    { kind = 'written' }
    { kind = 'conflict' }  recorded before, or the project is not draining this operation any more
]]

-- Includes
--- @include "project-step"

local id = args.operationId
if redis.call('HGET', stateKey, 'drainingOperation') ~= id then return cjson.encode({ kind = 'conflict' }) end
redis.call('HSET', stateKey, 'drainingOperation', '')
local operation = readOperation(id)
if operation then
  redis.call('HSET', operationKey(id), 'outcome', args.outcome)
  markMessageOutdated(id)
  audit('drained', operation, {})
end
return cjson.encode({ kind = 'written' })
