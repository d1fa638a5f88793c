--[[
  Replaces the definition of a project. The state stays. Links that are added get reconciled.

  Input:
    KEYS                  see project-step.lua
    args.definition       JSON text
    args.expectedVersion
    args.addedLinks       ids of the added links
    args.by               who updates it

  Output:
    { kind = 'written' }   by this call or an earlier one
    { kind = 'conflict' }  the version has changed, or an operation is active
]]

-- Includes
--- @include "project-step"

local project = readProject('version', 'activeOperation', 'reconciledVersion', 'linksToReconcile')
local isRepeated = tonumber(project.version) == args.expectedVersion + 1
  and redis.call('GET', definitionKey) == args.definition
if isRepeated then return cjson.encode({ kind = 'written' }) end
if not isIdleAtExpectedVersion(project) then return cjson.encode({ kind = 'conflict' }) end

local version = redis.call('HINCRBY', stateKey, 'version', 1)
local isReconciled, hasAddedLinks = project.reconciledVersion == project.version, #args.addedLinks > 0
if isReconciled and not hasAddedLinks then
  redis.call('HSET', stateKey, 'reconciledVersion', version)
elseif isReconciled then
  redis.call('HSET', stateKey, 'linksToReconcile', cjson.encode(args.addedLinks))
elseif hasAddedLinks and project.linksToReconcile ~= '' then
  -- An empty field means that all links get reconciled, the added ones too.
  local linksToReconcile = cjson.decode(project.linksToReconcile)
  for _, link in ipairs(args.addedLinks) do table.insert(linksToReconcile, link) end
  redis.call('HSET', stateKey, 'linksToReconcile', cjson.encode(linksToReconcile))
end
redis.call('SET', definitionKey, args.definition)
audit('changed', {}, { 'by', args.by })
return cjson.encode({ kind = 'written' })
