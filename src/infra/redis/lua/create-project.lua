--[[
  Creates a project. Its version continues that of a removed project with the same id: a step that was decided on the
  removed one is then a conflict.

  Input:
    KEYS             see project-step.lua
    args.definition  JSON text
    args.state       the initial state
    args.by          who creates it
    args.watermarks  by field name, JSON texts

  Output:
    { kind = 'written' }   by this call or an earlier one
    { kind = 'conflict' }  a project with this id exists
]]

-- Includes
--- @include "project-step"

local version = (tonumber(redis.call('GET', lastVersionKey)) or 0) + 1
local project = readProject('state', 'version')
if project.version then
  local isRepeated = tonumber(project.version) == version and project.state == args.state
    and redis.call('GET', definitionKey) == args.definition
  return cjson.encode({ kind = isRepeated and 'written' or 'conflict' })
end

redis.call('HSET', stateKey, 'v', 1, 'state', args.state, 'version', int(version), 'since', int(now), 'by', args.by, 'reason', '',
  'activeOperation', '', 'reconciledVersion', int(version - 1), 'failure', '', 'failureStreak', '', 'followedOperation', '', 'incompleteOperation', '',
  'lastOperation', '', 'pendingLinks', '[]', 'oldestUnprocessedAt', '', 'linksToReconcile', '', 'retriedTasks', '', 'pausedUntil', '')
for field, watermark in pairs(args.watermarks) do redis.call('HSET', stateKey, field, watermark) end
redis.call('SET', definitionKey, args.definition)
audit('created', {}, { 'by', args.by })
return cjson.encode({ kind = 'written' })
