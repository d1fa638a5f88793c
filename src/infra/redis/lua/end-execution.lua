--[[
  Ends an execution that did not complete its operation.

  Input:
    KEYS              see project-step.lua
    args.executionId
]]

-- Includes
--- @include "project-step"

endExecution(args.executionId)
