--[[
  Pauses or resumes links as BullMQ 6.7.0 does (pause-7.lua), but refuses a command that arrives too late: a network can
  delay it for minutes, and the project may desire the other flag by then. A link that has the flag already keeps it and
  gets no event, so a repeated command is harmless.

  Input:
    KEYS  seven for each link:
      'meta' key
      'wait' key
      'paused' key, to which producers of BullMQ 5 add during a pause
      'prioritized' key
      'delayed' key
      'marker' key, for which workers wait
      'events' key

    ARGV[1]  one JSON object:
      args.desired   'paused' or 'resumed'
      args.deadline  the last moment at which a flag may change, epoch ms of this server's clock

  Output:
    JSON object
      results       for each link 'applied', or 'expired' if the deadline has passed and nothing was changed
      areTasksLeft  true if a link is resumed, but tasks are left in its 'paused' list: call again

  Event:
    'paused' or 'resumed', if the flag changes.

  BullMQ 6.7.0 has no deadline for Queue.pause and Queue.resume. No upstream issue asks for one. Use BullMQ's script once it
  has one.
]]
--- @include "paused-list"

local args = cjson.decode(ARGV[1])

-- At most this many tasks are moved in one call, so that it does not block other clients for long. As many as in BullMQ.
local movesLeft = 7000

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- Returns whether tasks are left.
local function movePausedTasks(pausedKey, waitKey)
  if not hasPausedTasks(pausedKey) then return false end
  if redis.call('EXISTS', waitKey) == 0 then
    redis.call('RENAME', pausedKey, waitKey)
    return false
  end
  if movesLeft == 0 then return true end
  local ids = redis.call('LRANGE', pausedKey, 0, movesLeft - 1)
  redis.call('RPUSH', waitKey, unpack(ids))
  redis.call('LTRIM', pausedKey, #ids, -1)
  movesLeft = movesLeft - #ids
  return hasPausedTasks(pausedKey)
end

-- Wakes the workers up: now if tasks wait, else when the next delayed task is due.
local function addMarker(markerKey, waitKey, prioritizedKey, delayedKey)
  if redis.call('LLEN', waitKey) + redis.call('ZCARD', prioritizedKey) > 0 then
    redis.call('ZADD', markerKey, 0, '0')
    return
  end
  local next = redis.call('ZRANGE', delayedKey, 0, 0, 'WITHSCORES')
  -- BullMQ's score of a delayed task is its time * 4096 + a counter.
  if next[2] then redis.call('ZADD', markerKey, tonumber(next[2]) / 4096, '1') end
end

local results, areTasksLeft = {}, false
for i = 1, #KEYS, 7 do
  local metaKey, waitKey, pausedKey, prioritizedKey, delayedKey, markerKey, eventsKey = unpack(KEYS, i, i + 6)
  local isPaused = redis.call('HEXISTS', metaKey, 'paused') == 1
  local isChange = isPaused ~= (args.desired == 'paused')
  if isChange and now > args.deadline then
    results[#results + 1] = 'expired'
  else
    if args.desired == 'resumed' then
      redis.call('HDEL', metaKey, 'paused')
      areTasksLeft = movePausedTasks(pausedKey, waitKey) or areTasksLeft
      addMarker(markerKey, waitKey, prioritizedKey, delayedKey)
    elseif isChange then
      redis.call('HSET', metaKey, 'paused', 1)
      redis.call('DEL', markerKey)
    end
    if isChange then redis.call('XADD', eventsKey, '*', 'event', args.desired) end
    results[#results + 1] = 'applied'
  end
end
return cjson.encode({ results = results, areTasksLeft = areTasksLeft })
