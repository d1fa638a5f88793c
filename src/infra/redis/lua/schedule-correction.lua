--[[
  Lets reconcile correct some links without an operation.

  Input:
    KEYS                  see project-step.lua
    args.expectedVersion
    args.linkIds          ids of the links, JSON text
    args.links            the links for the audit log, JSON text
    args.cause            'queue_created', or
                          'late_write': accepted only while the execution of an operation could have written late
    args.idlePrefix       how the ids of executions without an operation begin

  Output:
    { kind = 'written' }
    { kind = 'conflict' }  the version has changed, an operation is active, the project is not reconciled, or no late write
                           is possible
]]

-- Includes
--- @include "project-step"

local project = readProject('version', 'activeOperation', 'reconciledVersion')
local isReconciled = project.reconciledVersion == project.version
if not isIdleAtExpectedVersion(project) or not isReconciled then return cjson.encode({ kind = 'conflict' }) end
redis.call('ZREMRANGEBYSCORE', runsKey, '-inf', int(now))

local function hasOperationExecution()
  for _, id in ipairs(redis.call('ZRANGE', runsKey, 0, -1)) do
    if string.sub(id, 1, #args.idlePrefix) ~= args.idlePrefix then return true end
  end
  return false
end
if args.cause == 'late_write' and not hasOperationExecution() then return cjson.encode({ kind = 'conflict' }) end

redis.call('HSET', stateKey, 'reconciledVersion', int(args.expectedVersion - 1), 'linksToReconcile', args.linkIds)
audit('correction_scheduled', {}, { 'links', args.links, 'cause', args.cause })
return cjson.encode({ kind = 'written' })
