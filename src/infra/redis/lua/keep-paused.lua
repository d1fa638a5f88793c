--[[
  Records that a Paused project stays Paused: the reminder is resolved, and the next one is due later.

  Input:
    KEYS                  see project-step.lua
    args.expectedVersion
    args.by               who keeps it Paused
    args.keptPaused       { at, by }, JSON text
    args.before           the reminder as it was read, JSON text
    args.after            the resolved reminder, JSON text

  Output:
    { kind = 'written' }   by this call or an earlier one
    { kind = 'conflict' }  the version or the reminder has changed, or an operation is active
]]

-- Includes
--- @include "project-step"

local field = 'alert:paused_reminder'
local project = readProject('version', 'activeOperation', field)
if not isIdleAtExpectedVersion(project) then return cjson.encode({ kind = 'conflict' }) end
if project[field] == args.after then return cjson.encode({ kind = 'written' }) end
if project[field] ~= args.before then return cjson.encode({ kind = 'conflict' }) end

redis.call('HSET', stateKey, field, args.after, 'keptPaused', args.keptPaused)
audit('alert_resolved', {}, { 'alert', args.after, 'alertKind', 'paused_reminder' })
audit('kept_paused', {}, { 'by', args.by })
return cjson.encode({ kind = 'written' })
