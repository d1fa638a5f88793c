--[[
  Included by the scripts that order tasks by age.
]]

-- Returns nil if the text is no JSON object.
local function decodeObject(json)
  local isJson, options = pcall(cjson.decode, json or '')
  return isJson and type(options) == 'table' and options or nil
end

-- Returns nil for text that is no number, and for 'nan' and 'inf'.
local function toFiniteNumber(value)
  local number = tonumber(value)
  return number and number - number == 0 and number or nil
end

-- When a task first becomes runnable, epoch ms: at its timestamp plus the delay of its options. The field 'delay' cannot
-- be used, because BullMQ sets it to 0 when it promotes a task. A field that is no number counts as 0.
local function firstRunnableAt(timestamp, optionsJson)
  local options = decodeObject(optionsJson)
  return (toFiniteNumber(timestamp) or 0) + (options and toFiniteNumber(options.delay) or 0)
end
