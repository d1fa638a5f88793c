--[[
  Lets reconcile correct some links without an operation.

  Input:
    KEYS                  see project-step.lua
    args.expectedVersion
    args.linkIds          ids of the links, JSON text
    args.links            the links for the audit log, JSON text
    args.cause            'queue_created', or
                          'late_write': accepted only while an execution is under way that could have written late

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
if args.cause == 'late_write' and redis.call('ZCARD', runsKey) == 0 then return cjson.encode({ kind = 'conflict' }) end

redis.call('HSET', stateKey, 'reconciledVersion', int(args.expectedVersion - 1), 'linksToReconcile', args.linkIds)
audit('correction_scheduled', {}, { 'links', args.links, 'cause', args.cause })
return cjson.encode({ kind = 'written' })
