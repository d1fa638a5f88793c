--[[
  Pauses or resumes a link as BullMQ 6.7.0 does (pause-7.lua), but refuses a command that arrives too late: a network can
  delay it for minutes, and the project may desire the other flag by then. A link that has the flag already is not changed
  and gets no event, so a repeated command is harmless.

  Input:
    KEYS[1]  'meta' key
    KEYS[2]  'wait' key
    KEYS[3]  'paused' key, to which producers of BullMQ 5 add during a pause
    KEYS[4]  'prioritized' key
    KEYS[5]  'delayed' key
    KEYS[6]  'marker' key, for which workers wait
    KEYS[7]  'events' key

    ARGV[1]  one JSON object:
      args.desired   'paused' or 'resumed'
      args.deadline  the last moment at which the flag may change, epoch ms of this server's clock

  Output:
    'applied'     the link has the flag
    'expired'     the deadline has passed, nothing was changed
    'unfinished'  the link is resumed, but tasks are left in 'paused': call again

  Event:
    'paused' or 'resumed', if the flag changes.

  BullMQ 6.7.0 has no deadline for Queue.pause and Queue.resume. No upstream issue asks for one. Use BullMQ's script once it
  has one.
]]
local metaKey, waitKey, pausedKey, prioritizedKey, delayedKey, markerKey, eventsKey = unpack(KEYS)
local args = cjson.decode(ARGV[1])

-- BullMQ moves at most this many tasks at once, so that one call does not block other clients.
local maxMoved = 7000

local function hasPassed(deadline)
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) > deadline
end

-- Returns whether tasks are left.
local function movePausedTasks()
  if redis.call('EXISTS', pausedKey) == 0 then return false end
  if redis.call('EXISTS', waitKey) == 0 then
    redis.call('RENAME', pausedKey, waitKey)
    return false
  end
  local ids = redis.call('LRANGE', pausedKey, 0, maxMoved - 1)
  redis.call('RPUSH', waitKey, unpack(ids))
  redis.call('LTRIM', pausedKey, #ids, -1)
  return redis.call('LLEN', pausedKey) > 0
end

-- Wakes the workers up: now if tasks wait, else when the next delayed task is due.
local function addMarker()
  if redis.call('LLEN', waitKey) + redis.call('ZCARD', prioritizedKey) > 0 then
    redis.call('ZADD', markerKey, 0, '0')
    return
  end
  local next = redis.call('ZRANGE', delayedKey, 0, 0, 'WITHSCORES')
  -- BullMQ's score of a delayed task is its time * 4096 + a counter.
  if next[2] then redis.call('ZADD', markerKey, tonumber(next[2]) / 4096, '1') end
end

local isPaused = redis.call('HEXISTS', metaKey, 'paused') == 1
local isChange = isPaused ~= (args.desired == 'paused')
if isChange and hasPassed(args.deadline) then return 'expired' end

local areTasksLeft = false
if args.desired == 'resumed' then
  redis.call('HDEL', metaKey, 'paused')
  areTasksLeft = movePausedTasks()
  addMarker()
elseif isChange then
  redis.call('HSET', metaKey, 'paused', 1)
  redis.call('DEL', markerKey)
end
if isChange then redis.call('XADD', eventsKey, '*', 'event', args.desired) end
return areTasksLeft and 'unfinished' or 'applied'
