--[[
  Writes the change of one alert.

  Input:
    KEYS                  see project-step.lua
    args.expectedVersion
    args.kind             the alert's kind
    args.before           the alert as it was read, JSON text, or nil when there was none
    args.after            the new alert, JSON text
    args.event            the audit event, or nil

  Output:
    { kind = 'written' }   by this call or an earlier one
    { kind = 'conflict' }  the version or the alert has changed, or an operation is active
]]

-- Includes
--- @include "project-step"

local field = 'alert:' .. args.kind
local project = readProject('version', 'activeOperation', field)
if not isIdleAtExpectedVersion(project) then return cjson.encode({ kind = 'conflict' }) end
if project[field] == args.after then return cjson.encode({ kind = 'written' }) end
if project[field] ~= args.before then return cjson.encode({ kind = 'conflict' }) end

redis.call('HSET', stateKey, field, args.after)
if args.event then audit(args.event, {}, { 'alert', args.after, 'alertKind', args.kind }) end
return cjson.encode({ kind = 'written' })
