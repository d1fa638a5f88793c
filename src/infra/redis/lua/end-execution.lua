--[[
  Removes an execution from `runs`, and those that never ended and whose time is over.

  Input:
    KEYS              see shared.lua
    args.executionId
]]

-- Includes
--- @include "shared"

redis.call('ZREM', runsKey, args.executionId)
redis.call('ZREMRANGEBYSCORE', runsKey, '-inf', int(now))
