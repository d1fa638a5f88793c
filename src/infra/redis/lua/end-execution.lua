--[[
  Removes an execution from `runs`, and those that never ended and whose time is over.

  Input:
    KEYS              see project-step.lua
    args.executionId
]]

-- Includes
--- @include "project-step"

redis.call('ZREM', runsKey, args.executionId)
redis.call('ZREMRANGEBYSCORE', runsKey, '-inf', int(now))
