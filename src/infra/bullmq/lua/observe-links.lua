--[[
  Observes links: pause flag, counts, oldest runnable task, failures after the watermark. Writes nothing and never
  reads the data of a task.

  Input:
    KEYS[i]  'meta' key of link i

    ARGV[1]  one JSON object:
      args.links[i].prefix     the key prefix of link i, such as 'bull:orders:'
      args.links[i].watermark  { at, known }: the failed tasks that are known already, see watermark.lua

  Output:
    For each link, in the order of KEYS: false if its queue does not exist, else a JSON object with
      kind                    'read', or 'unreadable' if a task makes the fields of the second list unreadable
      now                     the time of this Redis server
      paused                  boolean
      bullmqVersion           optional, such as 'bullmq:6.7.0'
      failuresAfterWatermark  count
      oldestFailures          optional, at most three of { taskId, at, reason }
      newestFailed            { at, known, eventId }: the watermark at which no task of now is a failure
    and of kind 'read'
      waiting, prioritized, active, delayed, failed
                              counts
      added, ended            counts since the queue exists: of tasks, and of those that completed, failed or were removed
      overdue                 count of delayed tasks that are due
      overdueSince            optional, when the oldest of them was due
      oldestRunnableAt        optional, when the oldest runnable task became runnable
      ignoresPause            boolean, a worker began a task after the pause
      failedRetention         optional, { kind = 'all' or 'none' } or { kind = 'bounded', count, ageMs }: which failed tasks
                              BullMQ keeps, by the options of the next task and of the newest failed one
    Times are epoch ms, as strings: cjson would round them to 14 digits. A field without a value is absent. So is an
    empty list, because cjson cannot tell it from an empty object.

  BullMQ 6.7.0 has no reading of a queue's age. Pull request taskforcesh/bullmq#4663 adds getOldestJobTimestamp. Replace
  oldestRunnable by it once it is released, if it also covers retried and LIFO tasks.
]]
--- @include "task-age"
--- @include "watermark"

local args = cjson.decode(ARGV[1])

-- BullMQ's scores: priority * 2^32 + counter in 'prioritized', due ms * 4096 + counter in 'delayed'.
local priorityFactor, delayedFactor = 4294967296, 4096
local maxEventsRead, maxPrioritiesRead = 200, 50
local maxPauseEventsRead, recentMs = 50, 300000
local maxFailures, maxReasonBytes = 3, 1000
-- Beyond this number, tasks that failed in the future count as failures: a watermark is read with each observation.
local maxKnown = 1000

local function toText(number)
  return string.format('%.0f', number)
end

local invalidTimestamp = 'invalid timestamp of a task'

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function fieldsOf(entry)
  local fields = {}
  for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
  return fields
end

-- When the event stream says that the task became runnable. If it no longer says so, the time of the oldest event read,
-- which makes the latency a lower bound.
local function waitingEventAt(prefix, id)
  local at = nil
  for _, entry in ipairs(redis.call('XREVRANGE', prefix .. 'events', '+', '-', 'COUNT', maxEventsRead)) do
    at = tonumber(string.match(entry[1], '^%d+'))
    local fields = fieldsOf(entry)
    if fields.jobId == id and fields.event == 'waiting' then return at end
  end
  return at
end

-- A retried task became runnable later than at first, and a task that a person promoted became runnable earlier than its
-- delay says. For these the event stream is read.
local function runnableAt(prefix, id)
  local timestamp, options, attemptsStarted, processedOn =
    unpack(redis.call('HMGET', prefix .. id, 'timestamp', 'opts', 'ats', 'processedOn'))
  if not timestamp then return nil end
  if not toFiniteNumber(timestamp) then error(invalidTimestamp) end
  if (tonumber(attemptsStarted) or 0) > 0 or processedOn then return waitingEventAt(prefix, id) end
  local at = firstRunnableAt(timestamp, options)
  return at <= now and at or waitingEventAt(prefix, id)
end

-- The tail of 'wait' runs next and is the oldest task of a FIFO queue; the head is the oldest of a LIFO queue. Producers
-- of BullMQ 5 add to 'paused' while a queue is paused. Of each priority, the first task is the oldest. Tasks that
-- retry-failed.lua moved may have scores just below their priority's range, so the next priority is sought from half a
-- range further.
local function oldestRunnable(prefix, overdueSince)
  local oldest = overdueSince
  local function consider(at)
    if at and (not oldest or at < oldest) then oldest = at end
  end
  for _, list in ipairs({ 'wait', 'paused' }) do
    for _, index in ipairs({ -1, 0 }) do
      local id = redis.call('LINDEX', prefix .. list, index)
      if id then consider(runnableAt(prefix, id)) end
    end
  end
  local from = '-inf'
  for _ = 1, maxPrioritiesRead do
    local id, score =
      unpack(redis.call('ZRANGEBYSCORE', prefix .. 'prioritized', from, '+inf', 'WITHSCORES', 'LIMIT', 0, 1))
    if not id then break end
    consider(runnableAt(prefix, id))
    local priority = math.floor(tonumber(score) / priorityFactor + 0.5)
    from = toText((priority + 0.5) * priorityFactor)
  end
  return oldest
end

-- The count of failures after the watermark, and the oldest of them.
local function failuresAfter(prefix, watermark)
  local failedKey, at = prefix .. 'failed', toScore(watermark.at)
  local isKnown, knownCount = knownFailures(watermark), countKnown(failedKey, watermark)
  local failures = {}
  local oldest = redis.call('ZRANGEBYSCORE', failedKey, at, '+inf', 'WITHSCORES', 'LIMIT', 0, knownCount + maxFailures)
  for i = 1, #oldest, 2 do
    local id, failedAt = oldest[i], oldest[i + 1]
    if #failures < maxFailures and not isKnown(id, failedAt) then
      local reason = redis.call('HGET', prefix .. id, 'failedReason') or ''
      local firstLine = string.match(string.sub(reason, 1, maxReasonBytes), '^[^\r\n]*')
      failures[#failures + 1] = { taskId = id, at = failedAt, reason = firstLine }
    end
  end
  return redis.call('ZCOUNT', failedKey, at, '+inf') - knownCount, failures[1] and failures
end

-- A worker whose clock is ahead gives its failures a score in the future. So the watermark's time is at most that of this
-- server, and every task from then on is named.
local function newestFailed(prefix)
  local _, newestAt = unpack(redis.call('ZREVRANGE', prefix .. 'failed', 0, 0, 'WITHSCORES'))
  local at, known = math.min(tonumber(newestAt) or 0, now), {}
  local tasks = newestAt and redis.call('ZRANGEBYSCORE', prefix .. 'failed', toScore(at), '+inf', 'WITHSCORES', 'LIMIT', 0,
    maxKnown) or {}
  for i = 1, #tasks, 2 do known[#known + 1] = { taskId = tasks[i], at = tasks[i + 1] } end
  local newestEvent = redis.call('XREVRANGE', prefix .. 'events', '+', '-', 'COUNT', 1)[1]
  return { at = toScore(at), known = known[1] and known, eventId = newestEvent and newestEvent[1] or '0-0' }
end

-- Whether a worker began a task after the pause and within the last minutes, as a worker of BullMQ 4 does.
local function ignoresPause(prefix)
  local since = toText(now - recentMs)
  local hasBegun = false
  for _, entry in ipairs(redis.call('XREVRANGE', prefix .. 'events', '+', since, 'COUNT', maxPauseEventsRead)) do
    local event = fieldsOf(entry).event
    if event == 'paused' then return hasBegun end
    if event == 'resumed' then return false end
    hasBegun = hasBegun or event == 'active'
  end
  return hasBegun
end

-- BullMQ's option removeOnFail: a boolean, a count, or an object with a count or an age in seconds. Without it the options
-- of the worker decide, which are not in Redis.
local function retentionOf(options)
  local keep = options.removeOnFail
  if keep == true then return { kind = 'none' } end
  if type(keep) == 'number' then keep = { count = keep } end
  if type(keep) ~= 'table' then return { kind = 'all' } end
  local count, age = toFiniteNumber(keep.count), toFiniteNumber(keep.age)
  if count == 0 or age and age <= 0 then return { kind = 'none' } end
  local maxCount, ageMs = count and count > 0 and count or nil, age and toFiniteNumber(age * 1000)
  if not maxCount and not ageMs then return { kind = 'all' } end
  return { kind = 'bounded', count = maxCount, ageMs = ageMs }
end

local function failedRetention(prefix)
  local nextId = redis.call('LINDEX', prefix .. 'wait', -1)
    or redis.call('LINDEX', prefix .. 'active', -1)
    or redis.call('ZRANGE', prefix .. 'prioritized', 0, 0)[1]
    or redis.call('ZRANGE', prefix .. 'delayed', 0, 0)[1]
  local newestFailedId = redis.call('ZREVRANGE', prefix .. 'failed', 0, 0)[1]
  local retention = nil
  for _, id in ipairs({ nextId or newestFailedId, newestFailedId }) do
    local options = id and decodeObject(redis.call('HGET', prefix .. id, 'opts'))
    if options and (not retention or retention.kind == 'all') then retention = retentionOf(options) end
  end
  return retention
end

local function readNumbers(prefix, isPaused)
  local _, nextDelayed = unpack(redis.call('ZRANGE', prefix .. 'delayed', 0, 0, 'WITHSCORES'))
  local nextDueAt = nextDelayed and math.floor(tonumber(nextDelayed) / delayedFactor)
  local overdueSince = nextDueAt and nextDueAt <= now and nextDueAt or nil
  local oldestRunnableAt = oldestRunnable(prefix, overdueSince)
  local waiting = redis.call('LLEN', prefix .. 'wait') + redis.call('LLEN', prefix .. 'paused')
  local prioritized, delayed = redis.call('ZCARD', prefix .. 'prioritized'), redis.call('ZCARD', prefix .. 'delayed')
  local active, waitingChildren = redis.call('LLEN', prefix .. 'active'), redis.call('ZCARD', prefix .. 'waiting-children')
  -- BullMQ counts each addition, also with an id of its own.
  local added = toFiniteNumber(redis.call('GET', prefix .. 'id')) or 0
  return {
    waiting = waiting,
    prioritized = prioritized,
    active = active,
    delayed = delayed,
    added = added,
    ended = added - waiting - prioritized - active - delayed - waitingChildren,
    failed = redis.call('ZCARD', prefix .. 'failed'),
    overdue = redis.call('ZCOUNT', prefix .. 'delayed', '-inf', toText((now + 1) * delayedFactor - 1)),
    overdueSince = overdueSince and toText(overdueSince),
    oldestRunnableAt = oldestRunnableAt and toText(oldestRunnableAt),
    ignoresPause = isPaused and ignoresPause(prefix),
    failedRetention = failedRetention(prefix),
  }
end

-- Whether an error of readNumbers comes from a task: from its timestamp, or from its id if that is the name of a key of the
-- queue, such as 'paused'. From Redis 7 on, an error of a command is a table.
local function isCausedByTask(failure)
  local message = type(failure) == 'table' and failure.err or tostring(failure)
  return string.find(message, 'WRONGTYPE', 1, true) or string.find(message, invalidTimestamp, 1, true)
end

local function observe(prefix, watermark)
  local pausedFlag, version = unpack(redis.call('HMGET', prefix .. 'meta', 'paused', 'version'))
  local isPaused = pausedFlag ~= false
  local failureCount, oldestFailures = failuresAfter(prefix, watermark)
  local isRead, result = pcall(readNumbers, prefix, isPaused)
  if not isRead and not isCausedByTask(result) then error(result) end
  local reply = isRead and result or {}
  reply.kind = isRead and 'read' or 'unreadable'
  reply.now = toText(now)
  reply.paused = isPaused
  reply.bullmqVersion = version or nil
  reply.failuresAfterWatermark = failureCount
  reply.oldestFailures = oldestFailures
  reply.newestFailed = newestFailed(prefix)
  return reply
end

local replies = {}
for i, metaKey in ipairs(KEYS) do
  local prefix = args.links[i].prefix
  local exists = redis.call('EXISTS', metaKey, prefix .. 'id', prefix .. 'events', prefix .. 'wait') > 0
  replies[i] = exists and cjson.encode(observe(prefix, args.links[i].watermark))
end
return replies
