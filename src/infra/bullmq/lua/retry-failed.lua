--[[
  Moves failed tasks of a paused link back to wait. They run before newer tasks, oldest first. The script inserts each task
  by its age among the tasks that run first, because those can be tasks that an earlier call moved back.

  Input:
    KEYS[1]  'meta' key
    KEYS[2]  'failed' key
    KEYS[3]  'wait' key
    KEYS[4]  'paused' key
    KEYS[5]  'prioritized' key
    KEYS[6]  'events' key
    KEYS[7]  'pc' key, the counter of prioritized tasks

    ARGV[1]  one JSON object:
      args.prefix   the link's key prefix, such as 'bull:orders:'
      args.taskIds  the tasks to move, oldest first

  Output:
    JSON object
      isPaused  false if the link is not paused; then nothing was changed
      retried   how many tasks were moved

  Event:
    'waiting' for each task, with prev 'failed'.

  This replaces the retries of BullMQ 6.7.0, which do not check the pause flag. Job.retry (reprocessJob-9.lua) puts a task
  behind those that wait. Queue.retryJobs (moveJobsToWait-8.lua) ignores priorities. No upstream issue asks for more than
  taskforcesh/bullmq#1001 did. Use BullMQ's own retry once it keeps the order by age and priority, and refuses a queue
  that is not paused.
]]
--- @include "task-age"

local metaKey, failedKey, waitKey, pausedKey, prioritizedKey, eventsKey, counterKey = unpack(KEYS)
local args = cjson.decode(ARGV[1])
local prefix = args.prefix

if redis.call('HEXISTS', metaKey, 'paused') == 0 then return cjson.encode({ isPaused = false, retried = 0 }) end

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

-- A task may be called 'paused': then this key is the task, not a list.
local function isList(key)
  local length = redis.pcall('LLEN', key)
  return type(length) == 'number' and length > 0
end

-- Workers take the tail of a list first. Resume appends 'paused', to which producers of BullMQ 5 add, to the tail of
-- 'wait': so the tasks of 'paused' run before all of 'wait'.
local function moveToList(tasks)
  local list = isList(pausedKey) and pausedKey or waitKey
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

-- The parent may be in a queue that this Redis user may not access: the task is moved back all the same.
local function returnToParent(taskKey)
  local parent = redis.call('HGET', taskKey, 'parentKey')
  if not parent or redis.pcall('EXISTS', parent) ~= 1 then return end
  if redis.pcall('ZREM', parent .. ':unsuccessful', taskKey) == 1
    or redis.pcall('HDEL', parent .. ':failed', taskKey) == 1 then
    redis.pcall('SADD', parent .. ':dependencies', taskKey)
  end
end

local maxEvents = redis.call('HGET', metaKey, 'opts.maxLenEvents') or 10000
local tasks, tasksByPriority = {}, {}
for _, id in ipairs(args.taskIds) do
  if redis.call('EXISTS', prefix .. id) == 0 then
    redis.call('ZREM', failedKey, id)
  elseif redis.call('ZSCORE', failedKey, id) then
    local task = readAge(id)
    local priority = tonumber(redis.call('HGET', prefix .. id, 'priority')) or 0
    tasksByPriority[priority] = tasksByPriority[priority] or {}
    table.insert(tasksByPriority[priority], task)
    tasks[#tasks + 1] = task
  end
end

-- The order of these steps matters, because Redis does not roll back a script that fails: a task must always be in a
-- list, and the steps that may fail come last.
for priority, same in pairs(tasksByPriority) do
  if priority == 0 then moveToList(same) else moveToPrioritized(priority, same) end
end
for _, task in ipairs(tasks) do
  redis.call('ZREM', failedKey, task.id)
  redis.call('HDEL', prefix .. task.id, 'finishedOn', 'processedOn', 'failedReason', 'atm', 'ats', 'stc')
end
for _, task in ipairs(tasks) do
  returnToParent(prefix .. task.id)
  redis.pcall('XADD', eventsKey, 'MAXLEN', '~', maxEvents, '*', 'event', 'waiting', 'jobId', task.id, 'prev', 'failed')
end
return cjson.encode({ isPaused = true, retried = #tasks })
