--[[
  Records that every existing link has the desired state.

  Input:
    KEYS                  see project-step.lua
    args.expectedVersion  the version at which the links were compared
    args.pendingLinks     ids of links without a queue, JSON text

  Output:
    { kind = 'reconciled', operationToNotify }  the operation that had left links unreconciled, or null
    { kind = 'conflict' }                   the version has changed
]]

-- Includes
--- @include "project-step"

local project = readProject('version', 'incompleteOperation')
if tonumber(project.version) ~= args.expectedVersion then return cjson.encode({ kind = 'conflict' }) end
redis.call('HSET', stateKey, 'reconciledVersion', project.version, 'pendingLinks', args.pendingLinks,
  'incompleteOperation', '', 'linksToReconcile', '')
local operationToNotify = addToOperationIfExists(project.incompleteOperation, 'reconciledAt', int(now))
return cjson.encode({ kind = 'reconciled', operationToNotify = operationToNotify })
