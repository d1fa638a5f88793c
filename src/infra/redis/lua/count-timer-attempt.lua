--[[
  Records that a restore of the timer did not succeed, and when the next one is due. The version stays.

  Input:
    KEYS               see project-step.lua
    args.deadline      the end of the pause
    args.attempts      how many restores did not succeed before this one
    args.nextAttemptAt
    args.code          the code of the refusal, or nil

  Output:
    { kind = 'written' }   by this call or an earlier one
    { kind = 'conflict' }  the end of the pause is another one by now, or another process has recorded it
]]

-- Includes
--- @include "project-step"

local deadline = decodeField(readProject('pausedUntil').pausedUntil)
if not deadline or deadline.at ~= args.deadline or deadline.stopped then return cjson.encode({ kind = 'conflict' }) end
if deadline.attempts == args.attempts + 1 and deadline.nextAttemptAt == args.nextAttemptAt then
  return cjson.encode({ kind = 'written' })
end
if deadline.attempts ~= args.attempts then return cjson.encode({ kind = 'conflict' }) end

deadline.attempts, deadline.nextAttemptAt, deadline.code = args.attempts + 1, args.nextAttemptAt, args.code
redis.call('HSET', stateKey, 'pausedUntil', cjson.encode(deadline))
return cjson.encode({ kind = 'written' })
