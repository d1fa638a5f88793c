--[[
  Stores how far a running operation is. Does nothing if it is not running.

  Input:
    KEYS              see project-step.lua
    args.operationId
    args.progress     JSON text
]]

-- Includes
--- @include "project-step"

local key = operationKey(args.operationId)
if redis.call('HGET', key, 'state') ~= 'running' then return end
redis.call('HSET', key, 'progress', args.progress)
redis.call('HINCRBY', key, 'seq', 1)
