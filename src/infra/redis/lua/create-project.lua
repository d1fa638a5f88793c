--[[
  Creates a project.

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

local project = readProject('state', 'version')
if project.version then
  local isRepeated = project.version == '1' and project.state == args.state
    and redis.call('GET', definitionKey) == args.definition
  return cjson.encode({ kind = isRepeated and 'written' or 'conflict' })
end

redis.call('HSET', stateKey, 'v', 1, 'state', args.state, 'version', 1, 'since', int(now), 'by', args.by, 'reason', '',
  'activeOperation', '', 'reconciledVersion', 0, 'failure', '', 'drainingOperation', '', 'incompleteOperation', '',
  'lastOperation', '', 'pendingLinks', '[]', 'oldestUnprocessedAt', '', 'linksToReconcile', '')
for field, watermark in pairs(args.watermarks) do redis.call('HSET', stateKey, field, watermark) end
redis.call('SET', definitionKey, args.definition)
audit('created', {}, { 'by', args.by })
return cjson.encode({ kind = 'written' })
