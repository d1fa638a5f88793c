--[[
  Writes that a person has acknowledged a firing alert, or does not any more. An active operation does not prevent it.

  Input:
    KEYS         see project-step.lua
    args.kind    the alert's kind
    args.before  the alert as it was read, JSON text
    args.after   the alert with the acknowledgement, JSON text
    args.by      who pressed the button
    args.event   the audit event

  Output:
    { kind = 'written' }   by this call or an earlier one
    { kind = 'conflict' }  the alert has changed, or the project does not exist
]]

-- Includes
--- @include "project-step"

local field = 'alert:' .. args.kind
local alert = readProject(field)[field]
if alert == args.after then return cjson.encode({ kind = 'written' }) end
if alert ~= args.before then return cjson.encode({ kind = 'conflict' }) end

redis.call('HSET', stateKey, field, args.after)
audit(args.event, {}, { 'by', args.by, 'alert', args.after, 'alertKind', args.kind })
return cjson.encode({ kind = 'written' })
