import { defineScript } from '../redis/scripts.ts';

/** KEYS: `failed`. ARGV: 1 the first part of the link's keys, 2 the watermark's moment, 3 its task ids, 4 offset, 5 how many. */
export const listFailedScript = defineScript(`
local base, at, offset, size = ARGV[1], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5])
local known, tasks = {}, {}
for _, id in ipairs(cjson.decode(ARGV[3])) do known[id] = true end
local found = redis.call('ZRANGEBYSCORE', KEYS[1], at, '+inf', 'WITHSCORES', 'LIMIT', offset, size)
for i = 1, #found, 2 do
  local id, score = found[i], found[i + 1]
  if not (known[id] and score == at) then
    local seen = redis.call('HMGET', base .. id, 'timestamp', 'opts')
    local read, opts = pcall(cjson.decode, seen[2] or '')
    local delay = read and type(opts) == 'table' and tonumber(opts.delay) or 0
    tasks[#tasks + 1] = { id, score, string.format('%.0f', (tonumber(seen[1]) or 0) + delay) }
  end
end
return { #found / 2, tasks }
`);

/**
 * Puts failed tasks back to be taken next, as BullMQ's own retry does (reprocessJob), but only while the link's pause flag
 * is set, and each in its place by age among those that would run first: a task that fails late, or another run of this,
 * finds the others back already. KEYS: meta, failed, wait, paused, prioritized, events, pc. ARGV: 1 the first part of the
 * link's keys, then the tasks' ids, oldest first. The tail of `wait` is taken first; what a BullMQ 5 producer put aside
 * in `paused` is appended to that tail by the resume, so it is before all of `wait`. Prioritized tasks may spill below
 * their priority's scores, where nothing of the next more urgent one ever stands. What may fail comes last: Lua takes
 * nothing back, and a task must never be in no list.
 */
export const retryFailedScript = defineScript(`
local metaKey, failedKey, waitKey, pausedKey, prioritizedKey, eventsKey, counterKey = unpack(KEYS)
local base, lookedAt, band = ARGV[1], 1000, 4294967296
if redis.call('HEXISTS', metaKey, 'paused') == 0 then return { 0, 0 } end
local maxEvents = redis.call('HGET', metaKey, 'opts.maxLenEvents') or 10000

local function aged(id)
  local seen = redis.call('HMGET', base .. id, 'timestamp', 'opts')
  local read, opts = pcall(cjson.decode, seen[2] or '')
  local delay = read and type(opts) == 'table' and tonumber(opts.delay) or 0
  return { id = id, since = (tonumber(seen[1]) or 0) + delay, count = string.match(id, '^%d+$') and tonumber(id) }
end

local function isOlder(a, b)
  if a.since ~= b.since then return a.since < b.since end
  return a.count and b.count and a.count < b.count
end

local function inOrder(present, tasks)
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

local function intoList(tasks)
  local list = redis.call('EXISTS', pausedKey) == 1 and pausedKey or waitKey
  local present = {}
  while #present < lookedAt do
    local id = redis.call('LINDEX', list, -1)
    local task = id and aged(id)
    if not task or not isOlder(task, tasks[#tasks]) then break end
    redis.call('RPOP', list)
    present[#present + 1] = task
  end
  local ids = inOrder(present, tasks)
  for i = #ids, 1, -1 do redis.call('RPUSH', list, ids[i]) end
end

local function intoPrioritized(priority, tasks)
  local lowest, present = priority * band - band / 2, {}
  local after = priority * band + (tonumber(redis.call('GET', counterKey)) or 0) % band + 1
  local first = redis.call('ZRANGEBYSCORE', prioritizedKey, string.format('%.0f', lowest),
    '(' .. string.format('%.0f', lowest + band), 'WITHSCORES', 'LIMIT', 0, lookedAt)
  for i = 1, #first, 2 do
    local task = aged(first[i])
    local isLookOver = #first == 2 * lookedAt and i == #first - 1
    if isLookOver or not isOlder(task, tasks[#tasks]) then after = tonumber(first[i + 1]) break end
    present[#present + 1] = task
  end
  local ids = inOrder(present, tasks)
  for i, id in ipairs(ids) do redis.call('ZADD', prioritizedKey, string.format('%.0f', after - #ids + i - 1), id) end
end

-- The parent may lie in a queue that this user may not touch: then the task is back all the same.
local function backToParent(jobKey)
  local parent = redis.call('HGET', jobKey, 'parentKey')
  if not parent or redis.pcall('EXISTS', parent) ~= 1 then return end
  if redis.pcall('ZREM', parent .. ':unsuccessful', jobKey) == 1 or redis.pcall('HDEL', parent .. ':failed', jobKey) == 1 then
    redis.pcall('SADD', parent .. ':dependencies', jobKey)
  end
end

local tasks, byPriority = {}, {}
for i = 2, #ARGV do
  local id = ARGV[i]
  if redis.call('EXISTS', base .. id) == 0 then redis.call('ZREM', failedKey, id)
  elseif redis.call('ZSCORE', failedKey, id) then
    local task = aged(id)
    local priority = tonumber(redis.call('HGET', base .. id, 'priority')) or 0
    byPriority[priority] = byPriority[priority] or {}
    table.insert(byPriority[priority], task)
    tasks[#tasks + 1] = task
  end
end
for priority, same in pairs(byPriority) do
  if priority == 0 then intoList(same) else intoPrioritized(priority, same) end
end
for _, task in ipairs(tasks) do
  redis.call('ZREM', failedKey, task.id)
  redis.call('HDEL', base .. task.id, 'finishedOn', 'processedOn', 'failedReason', 'atm', 'ats', 'stc')
end
for _, task in ipairs(tasks) do
  backToParent(base .. task.id)
  redis.pcall('XADD', eventsKey, 'MAXLEN', '~', maxEvents, '*', 'event', 'waiting', 'jobId', task.id, 'prev', 'failed')
end
return { 1, #tasks }
`);
