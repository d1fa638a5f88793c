--[[
  Moves failed tasks of a link back to wait. They run before newer tasks, oldest first. The script inserts each task
  by its age among the tasks that run first, because those can be tasks that an earlier call moved back.

  In a flow, a task that has unfinished children waits for them in 'waiting-children'. So does the parent of a task that is
  moved back, unless that parent has begun: BullMQ refuses to complete a task with an unfinished child.

  Input:
    KEYS[1]  'meta' key
    KEYS[2]  'failed' key
    KEYS[3]  'wait' key
    KEYS[4]  'paused' key
    KEYS[5]  'prioritized' key
    KEYS[6]  'events' key
    KEYS[7]  'pc' key, the counter of prioritized tasks
    KEYS[8]  'waiting-children' key
    KEYS[9]  'marker' key, for which workers wait

    ARGV[1]  one JSON object:
      args.prefix        the link's key prefix, such as 'bull:orders:'
      args.tasks         a list of { id, failedAt }, oldest first: the tasks to move. A task that has failed at another time
                         is another failure, and stays.
      args.onlyIfPaused  whether the link must be paused

  Output:
    JSON object
      isRefused  true if the link must be paused and is not; then nothing was changed
      retried    how many tasks were moved

  Event:
    'waiting' or 'waiting-children' for each task, with prev 'failed'; 'waiting-children' for each parent, with prev 'waiting'.

  This replaces the retries of BullMQ 6.7.0, which do not check the pause flag or the time of the failure. Job.retry (reprocessJob-9.lua) puts a task
  behind those that wait. Queue.retryJobs (moveJobsToWait-8.lua) ignores priorities. Both let a parent run before its
  retried child (moveChildBackToParentDependencies.lua). No upstream issue asks for more than
  taskforcesh/bullmq#1001 did. Use BullMQ's own retry once it keeps the order by age and priority, and refuses a queue
  that is not paused.
]]
--- @include "paused-list"
--- @include "task-age"

local metaKey, failedKey, waitKey, pausedKey, prioritizedKey, eventsKey, counterKey, waitingChildrenKey, markerKey =
  unpack(KEYS)
local args = cjson.decode(ARGV[1])
local prefix = args.prefix

local isPaused = redis.call('HEXISTS', metaKey, 'paused') == 1
if args.onlyIfPaused and not isPaused then return cjson.encode({ isRefused = true, retried = 0 }) end

-- BullMQ's score in 'prioritized' is priority * 2^32 + counter.
local priorityFactor = 4294967296
-- How many tasks that run first are compared by age with those that are moved back.
local maxCompared = 1000

local function toText(number)
  return string.format('%.0f', number)
end

-- BullMQ counts up the ids that it assigns itself, so they order tasks of the same millisecond.
local function readAge(id)
  local runnableAt = firstRunnableAt(unpack(redis.call('HMGET', prefix .. id, 'timestamp', 'opts')))
  return { id = id, runnableAt = runnableAt, number = string.match(id, '^%d+$') and tonumber(id) }
end

local function isOlder(a, b)
  if a.runnableAt ~= b.runnableAt then return a.runnableAt < b.runnableAt end
  return a.number and b.number and a.number < b.number
end

-- The ids of two lists that are ordered by age, in one list that is ordered by age.
local function mergeByAge(present, tasks)
  local ids, next = {}, 1
  for _, task in ipairs(tasks) do
    while present[next] and isOlder(present[next], task) do
      ids[#ids + 1], next = present[next].id, next + 1
    end
    ids[#ids + 1] = task.id
  end
  for i = next, #present do ids[#ids + 1] = present[i].id end
  return ids
end

-- Workers take the tail of a list first. Resume appends 'paused', to which producers of BullMQ 5 add, to the tail of
-- 'wait': so the tasks of 'paused' run before all of 'wait'. Workers of a resumed link take from 'wait' only.
local function moveToList(tasks)
  local list = isPaused and hasPausedTasks(pausedKey) and pausedKey or waitKey
  local present = {}
  while #present < maxCompared do
    local id = redis.call('LINDEX', list, -1)
    local task = id and readAge(id)
    if not task or not isOlder(task, tasks[#tasks]) then break end
    redis.call('RPOP', list)
    present[#present + 1] = task
  end
  local ids = mergeByAge(present, tasks)
  for i = #ids, 1, -1 do redis.call('RPUSH', list, ids[i]) end
end

-- Gives the tasks the scores directly below the first younger task. A score may fall into the upper half of the
-- range of the next lower number. BullMQ's counter does not reach that half.
local function moveToPrioritized(priority, tasks)
  local lowest, present = priority * priorityFactor - priorityFactor / 2, {}
  local scoreAfter = priority * priorityFactor + (tonumber(redis.call('GET', counterKey)) or 0) % priorityFactor + 1
  local first = redis.call('ZRANGEBYSCORE', prioritizedKey, toText(lowest), '(' .. toText(lowest + priorityFactor),
    'WITHSCORES', 'LIMIT', 0, maxCompared)
  for i = 1, #first, 2 do
    local task = readAge(first[i])
    local isLastCompared = #first == 2 * maxCompared and i == #first - 1
    if isLastCompared or not isOlder(task, tasks[#tasks]) then
      scoreAfter = tonumber(first[i + 1])
      break
    end
    present[#present + 1] = task
  end
  local ids = mergeByAge(present, tasks)
  for i, id in ipairs(ids) do redis.call('ZADD', prioritizedKey, toText(scoreAfter - #ids + i - 1), id) end
end

local time = redis.call('TIME')
local now = toText(tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
local maxEvents = redis.call('HGET', metaKey, 'opts.maxLenEvents') or 10000

local function removeFromQueue(queuePrefix, id)
  return redis.pcall('LREM', queuePrefix .. 'wait', -1, id) == 1
    or redis.pcall('LREM', queuePrefix .. 'paused', -1, id) == 1
    or redis.pcall('ZREM', queuePrefix .. 'prioritized', id) == 1
    or redis.pcall('ZREM', queuePrefix .. 'delayed', id) == 1
end

-- A failed child moves its parent back to wait, with the failure in 'defa' if the parent must fail too. A call for the
-- link of the parent may also have moved it back before its child.
local function letParentWait(parentKey, parentJson)
  local parent = decodeObject(parentJson)
  if not parent or type(parent.id) ~= 'string' or type(parent.queueKey) ~= 'string' then return end
  local id, queuePrefix = parent.id, parent.queueKey .. ':'
  for _, set in ipairs({ 'waiting-children', 'failed', 'completed' }) do
    if redis.pcall('ZSCORE', queuePrefix .. set, id) then return end
  end
  if not removeFromQueue(queuePrefix, id) then return end
  redis.pcall('ZADD', queuePrefix .. 'waiting-children', now, id)
  redis.pcall('HDEL', parentKey, 'defa')
  redis.pcall('XADD', queuePrefix .. 'events', '*', 'event', 'waiting-children', 'jobId', id, 'prev', 'waiting')
end

-- The parent may be in a queue that this Redis user may not access: the task is moved back all the same.
local function returnToParent(taskKey)
  local parentKey, parentJson = unpack(redis.call('HMGET', taskKey, 'parentKey', 'parent'))
  if not parentKey or redis.pcall('EXISTS', parentKey) ~= 1 then return end
  if redis.pcall('ZREM', parentKey .. ':unsuccessful', taskKey) == 1
    or redis.pcall('HDEL', parentKey .. ':failed', taskKey) == 1 then
    redis.pcall('SADD', parentKey .. ':dependencies', taskKey)
    letParentWait(parentKey, parentJson)
  end
end

local tasks = {}
for _, task in ipairs(args.tasks) do
  if redis.call('EXISTS', prefix .. task.id) == 0 then
    redis.call('ZREM', failedKey, task.id)
  elseif tonumber(redis.call('ZSCORE', failedKey, task.id) or '') == task.failedAt then
    tasks[#tasks + 1] = readAge(task.id)
  end
end

-- First, because it decides which of the tasks have unfinished children. It calls Redis with pcall only.
for _, task in ipairs(tasks) do returnToParent(prefix .. task.id) end

local parents, tasksByPriority = {}, {}
for _, task in ipairs(tasks) do
  if redis.call('SCARD', prefix .. task.id .. ':dependencies') > 0 then
    parents[#parents + 1] = task
  else
    local priority = toFiniteNumber(redis.call('HGET', prefix .. task.id, 'priority')) or 0
    tasksByPriority[priority] = tasksByPriority[priority] or {}
    table.insert(tasksByPriority[priority], task)
  end
end

-- The order of these steps matters, because Redis does not roll back a script that fails: a task must always be in a
-- list, and the steps that may fail come last.
for priority, same in pairs(tasksByPriority) do
  if priority == 0 then moveToList(same) else moveToPrioritized(priority, same) end
end
for _, task in ipairs(parents) do redis.call('ZADD', waitingChildrenKey, now, task.id) end
for _, task in ipairs(tasks) do
  redis.call('ZREM', failedKey, task.id)
  redis.call('HDEL', prefix .. task.id, 'finishedOn', 'processedOn', 'failedReason', 'atm', 'ats', 'stc')
end
local function addEvents(event, moved)
  for _, task in ipairs(moved) do
    redis.pcall('XADD', eventsKey, 'MAXLEN', '~', maxEvents, '*', 'event', event, 'jobId', task.id, 'prev', 'failed')
  end
end
for _, same in pairs(tasksByPriority) do addEvents('waiting', same) end
addEvents('waiting-children', parents)
if not isPaused and #tasks > #parents then redis.call('ZADD', markerKey, 0, '0') end
return cjson.encode({ isRefused = false, retried = #tasks })
