--[[
  Enters an execution without an operation in `runs`, where claim-operation.lua enters those with one.

  Input:
    KEYS                     see project-step.lua
    args.executionId
    args.executionTimeoutMs  how long the execution counts as under way if it never ends
]]

-- Includes
--- @include "project-step"

if redis.call('EXISTS', stateKey) == 1 then
  redis.call('ZADD', runsKey, int(now + args.executionTimeoutMs), args.executionId)
end
