--[[
  Moves the end of a pause, or removes it. The version stays.

  Input:
    KEYS               see project-step.lua
    args.expected      the end that the caller read
    args.after         the new record of the end, JSON text, or nil without an end
    args.keptPaused    { at, by }, JSON text, or nil if the pause is extended
    args.change        what the message of the pause shows, JSON text
    args.until         the new end, or nil
    args.by            who moves it
    args.event         the audit event
    args.alertBefore, args.alertAfter  the alert that the pause ends soon, as it was read and resolved, JSON texts, or nil

  Output:
    { kind = 'written', operationToNotify }  by this call or an earlier one; the operation that paused the project, or null
    { kind = 'conflict' }                    the end or the alert has changed, or an operation is active
]]

-- Includes
--- @include "project-step"

local alertField = 'alert:pause_ending'
local project = readProject('state', 'activeOperation', 'pausedUntil', 'keptPaused', 'lastOperation', alertField)
local deadline = decodeField(project.pausedUntil)
local isRepeated = project.pausedUntil == (args.after or '') and (not args.keptPaused or project.keptPaused == args.keptPaused)
if project.state == 'paused' and isRepeated then
  return cjson.encode({ kind = 'written', operationToNotify = project.lastOperation or cjson.null })
end
local isExpected = deadline and deadline.at == args.expected and not deadline.stopped
if project.state ~= 'paused' or project.activeOperation ~= '' or not isExpected
  or (args.alertAfter and project[alertField] ~= args.alertBefore) then
  return cjson.encode({ kind = 'conflict' })
end

redis.call('HSET', stateKey, 'pausedUntil', args.after or '')
if args.keptPaused then redis.call('HSET', stateKey, 'keptPaused', args.keptPaused) end
if args.alertAfter then
  redis.call('HSET', stateKey, alertField, args.alertAfter)
  audit('alert_resolved', {}, { 'alert', args.alertAfter, 'alertKind', 'pause_ending' })
end
audit(args.event, {}, { 'by', args.by, 'until', args['until'] and int(args['until']) or '' })
local operationToNotify = addToOperationIfExists(deadline.operation, 'limitChange', args.change)
return cjson.encode({ kind = 'written', operationToNotify = operationToNotify })
