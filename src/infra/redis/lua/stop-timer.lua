--[[
  Records that the timer does nothing, because the project was changed since its pause. The version stays.

  Input:
    KEYS                  see project-step.lua
    args.expectedVersion
    args.deadline         the end of the pause
    args.by               the timer
    args.changedBy, args.changedAt  the change, or nil

  Output:
    { kind = 'written' }   by this call or an earlier one
    { kind = 'conflict' }  the version or the end of the pause has changed, or an operation is active
]]

-- Includes
--- @include "project-step"

local project = readProject('version', 'activeOperation', 'pausedUntil')
local deadline = decodeField(project.pausedUntil)
if not isIdleAtExpectedVersion(project) or not deadline or deadline.at ~= args.deadline then
  return cjson.encode({ kind = 'conflict' })
end
if deadline.stopped then return cjson.encode({ kind = 'written' }) end

local change = args.changedAt and { by = args.changedBy or cjson.null, at = args.changedAt } or cjson.null
deadline.stopped = { at = now, change = change }
redis.call('HSET', stateKey, 'pausedUntil', cjson.encode(deadline))
audit('timer_stopped', {}, { 'by', args.by, 'until', int(deadline.at) })
return cjson.encode({ kind = 'written' })
