--[[
  Stores how far a running operation is. Does nothing if it is not running.

  Input:
    KEYS              see shared.lua
    args.operationId
    args.progress     JSON text
]]

-- Includes
--- @include "shared"

local key = operationKey(args.operationId)
if redis.call('HGET', key, 'state') ~= 'running' then return end
redis.call('HSET', key, 'progress', args.progress)
redis.call('HINCRBY', key, 'seq', 1)
