--[[
  Included by the scripts that move the tasks of 'paused', to which producers of BullMQ 5 add during a pause.
]]

-- A task may be called 'paused': then this key is the task, not a list.
local function hasPausedTasks(pausedKey)
  local length = redis.pcall('LLEN', pausedKey)
  return type(length) == 'number' and length > 0
end
