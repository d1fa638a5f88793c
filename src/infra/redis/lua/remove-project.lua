--[[
  Removes a project. The audit log and the last version stay. Operations that wait for OK or for a worker are refused:
  their dialogs must not change a later project of the same id.

  Input:
    KEYS                  see project-step.lua
    args.expectedVersion
    args.by               who removes it

  Output:
    { kind = 'written', operationToNotify }  by this call or an earlier one; the operation had set the last state, or
                                             is null
    { kind = 'conflict' }  the version has changed, or an operation is active
]]

-- Includes
--- @include "project-step"

local project = readProject('version', 'activeOperation')
if not project.version then return cjson.encode({ kind = 'written', operationToNotify = cjson.null }) end
if not isIdleAtExpectedVersion(project) then return cjson.encode({ kind = 'conflict' }) end

for _, id in ipairs(redis.call('ZRANGE', openKey, 0, -1)) do
  local state = redis.call('HGET', operationKey(id), 'state')
  if state == 'requested' or state == 'confirmed' then
    redis.call('HSET', operationKey(id), 'refusal', cjson.encode({ code = 'removed', project = args.project }))
    redis.call('HINCRBY', operationKey(id), 'seq', 1)
    finish(id, 'refused')
  end
end
endSuggestion()
local operationToNotify = endLastState({ kind = 'removed', at = now, by = args.by })
audit('removed', {}, { 'by', args.by })
redis.call('SET', lastVersionKey, project.version)
redis.call('DEL', stateKey, definitionKey, openKey, runsKey, trendKey)
return cjson.encode({ kind = 'written', operationToNotify = operationToNotify })
