--[[
  Moves the tasks of a paused link from 'paused' to 'wait', at most 5000 in one call. Producers of BullMQ 5 add to 'paused'
  while a link is paused.

  If the oldest task of 'paused' is older than the oldest of 'wait', all of 'paused' runs before 'wait', else after it.
  Workers take the tail of a list first.

  Input:
    KEYS[1]  'meta' key
    KEYS[2]  'paused' key
    KEYS[3]  'wait' key

    ARGV[1]  one JSON object:
      args.prefix  the link's key prefix, such as 'bull:orders:'
      args.order   optional, what the call before this one returned

  Output:
    JSON object
      isDone  true if nothing is left to move, or the link is not paused
      order   'before' or 'after', unless isDone

  BullMQ 6.7.0 merges the lists itself when it resumes a queue (pause-7.lua, taskforcesh/bullmq#4289). But all of 'paused'
  then runs before 'wait', whatever its age, and tasks beyond the first 7000 are moved after the pause flag is removed.
  Remove this script once links with producers of BullMQ 5 are no longer supported.
]]
--- @include "paused-list"

local metaKey, pausedKey, waitKey = unpack(KEYS)
local args = cjson.decode(ARGV[1])

local maxMoved = 5000
local done = cjson.encode({ isDone = true })

if redis.call('HEXISTS', metaKey, 'paused') == 0 then return done end
if not hasPausedTasks(pausedKey) then return done end
local pausedId, waitingId = redis.call('LINDEX', pausedKey, -1), redis.call('LINDEX', waitKey, -1)
if not waitingId then return done end

local function addedAt(id)
  return tonumber(redis.call('HGET', args.prefix .. id, 'timestamp')) or 0
end

local function isPausedOlder()
  local pausedAt, waitingAt = addedAt(pausedId), addedAt(waitingId)
  if pausedAt ~= waitingAt then return pausedAt < waitingAt end
  return (tonumber(pausedId) or 0) <= (tonumber(waitingId) or 0)
end

local order = args.order or (isPausedOlder() and 'before' or 'after')
for _ = 1, maxMoved do
  if order == 'before' then
    local id = redis.call('LPOP', pausedKey)
    if not id then return done end
    redis.call('RPUSH', waitKey, id)
  elseif not redis.call('RPOPLPUSH', pausedKey, waitKey) then
    return done
  end
end
return cjson.encode({ isDone = false, order = order })
