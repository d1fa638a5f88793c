import { defineScript } from '../redis/scripts.ts';

/**
 * One look at many links. KEYS: the `meta` key of each. ARGV, three for each link: the first part of its keys, the moment
 * of its watermark, the watermark's task ids as JSON.
 *
 * When did a waiting task become runnable? At its `timestamp` plus its own delay (BullMQ's `delay` field is 0 after
 * promotion, so its options are read; never its data). A task that was tried before became runnable later than that, one
 * that somebody promoted by hand earlier: when the event stream still tells, exactly then; else before the oldest event
 * looked at, which makes a lower bound.
 * The tail of `wait` is what runs next: the oldest of a FIFO queue; its head is the oldest of a LIFO queue. The
 * prioritized set is walked priority by priority: the first of each is its oldest. (Tasks that were put back may stand
 * just below the scores of their priority.)
 */
export const observeScript = defineScript(`
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local eventsLookedAt, prioritiesLookedAt, band = 200, 50, 4294967296
local pauseEventsLookedAt, takenWithinMs = 50, 300000

local function notifiedAt(base, id)
  local events = redis.call('XREVRANGE', base .. 'events', '+', '-', 'COUNT', eventsLookedAt)
  local moment = nil
  for _, entry in ipairs(events) do
    moment = tonumber(string.match(entry[1], '^%d+'))
    local fields = {}
    for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
    if fields.jobId == id and fields.event == 'waiting' then return moment end
  end
  return moment
end

local function runnableAt(base, id)
  local seen = redis.call('HMGET', base .. id, 'timestamp', 'opts', 'ats', 'processedOn')
  if not seen[1] then return nil end
  if (tonumber(seen[3]) or 0) > 0 or seen[4] then return notifiedAt(base, id) end
  local read, opts = pcall(cjson.decode, seen[2] or '')
  local due = tonumber(seen[1]) + (read and type(opts) == 'table' and tonumber(opts.delay) or 0)
  return due <= now and due or notifiedAt(base, id)
end

local function oldestOf(base, delayed)
  local oldest = nil
  local function consider(moment) if moment and (not oldest or moment < oldest) then oldest = moment end end
  for _, list in ipairs({ 'wait', 'paused' }) do
    for _, index in ipairs({ -1, 0 }) do
      local id = redis.call('LINDEX', base .. list, index)
      if id then consider(runnableAt(base, id)) end
    end
  end
  local from = '-inf'
  for _ = 1, prioritiesLookedAt do
    local first = redis.call('ZRANGEBYSCORE', base .. 'prioritized', from, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
    if not first[1] then break end
    consider(runnableAt(base, first[1]))
    from = string.format('%.0f', (math.floor(tonumber(first[2]) / band + 0.5) + 0.5) * band)
  end
  if delayed[2] then
    local due = math.floor(tonumber(delayed[2]) / 4096)
    if due <= now then consider(due) end
  end
  return oldest
end

local function failuresOf(base, at, known)
  local later, list = '(' .. at, {}
  local count = redis.call('ZCOUNT', base .. 'failed', later, '+inf')
  local seen = {}
  for _, id in ipairs(known) do seen[id] = true end
  local function take(id, score)
    if #list >= 9 then return end
    local reason = redis.call('HGET', base .. id, 'failedReason') or ''
    list[#list + 1], list[#list + 2], list[#list + 3] = id, score, string.match(string.sub(reason, 1, 1000), '^[^\\r\\n]*')
  end
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', base .. 'failed', at, at)) do
    if not seen[id] then count = count + 1; take(id, at) end
  end
  local after = redis.call('ZRANGEBYSCORE', base .. 'failed', later, '+inf', 'WITHSCORES', 'LIMIT', 0, 3)
  for i = 1, #after, 2 do take(after[i], after[i + 1]) end
  return count, list
end

local function newestOf(base)
  local newest = redis.call('ZREVRANGE', base .. 'failed', 0, 0, 'WITHSCORES')
  if not newest[1] then return '0', {} end
  return newest[2], redis.call('ZRANGEBYSCORE', base .. 'failed', newest[2], newest[2])
end

local function eventOf(entry)
  for i = 1, #entry[2], 2 do if entry[2][i] == 'event' then return entry[2][i + 1] end end
end

-- Whether a worker has begun a task in the last minutes, and after the pause: the newest events tell.
local function takenSincePause(base)
  local since = string.format('%.0f', now - takenWithinMs)
  local isTaken = false
  for _, entry in ipairs(redis.call('XREVRANGE', base .. 'events', '+', since, 'COUNT', pauseEventsLookedAt)) do
    local event = eventOf(entry)
    if event == 'paused' then return isTaken end
    if event == 'resumed' then return false end
    isTaken = isTaken or event == 'active'
  end
  return isTaken
end

local function keepsFailed(base)
  local next = redis.call('LINDEX', base .. 'wait', -1) or redis.call('LINDEX', base .. 'active', -1)
    or redis.call('ZRANGE', base .. 'prioritized', 0, 0)[1] or redis.call('ZRANGE', base .. 'delayed', 0, 0)[1]
  local read, opts = pcall(cjson.decode, next and redis.call('HGET', base .. next, 'opts') or '')
  if not read or type(opts) ~= 'table' then return -1 end
  local keep = opts.removeOnFail
  if type(keep) == 'table' then keep = keep.count end
  return (keep == true or keep == 0) and 0 or 1
end

local answers = {}
for i = 1, #KEYS do
  local base, at, known = ARGV[i * 3 - 2], ARGV[i * 3 - 1], cjson.decode(ARGV[i * 3])
  if redis.call('EXISTS', base .. 'meta', base .. 'id', base .. 'events', base .. 'wait') == 0 then
    answers[i] = false
  else
    local meta = redis.call('HMGET', base .. 'meta', 'paused', 'version')
    local delayed = redis.call('ZRANGE', base .. 'delayed', 0, 0, 'WITHSCORES')
    local count, list = failuresOf(base, at, known)
    local newestAt, newestIds = newestOf(base)
    answers[i] = {
      meta[1] and 1 or 0, meta[2] or '', string.format('%.0f', now),
      redis.call('LLEN', base .. 'wait') + redis.call('LLEN', base .. 'paused'),
      redis.call('ZCARD', base .. 'prioritized'), redis.call('LLEN', base .. 'active'),
      redis.call('ZCARD', base .. 'delayed'),
      redis.call('ZCOUNT', base .. 'delayed', '-inf', string.format('%.0f', (now + 1) * 4096 - 1)),
      redis.call('ZCARD', base .. 'failed'),
      string.format('%.0f', oldestOf(base, delayed) or -1), count, list, newestAt, newestIds,
      string.format('%.0f', delayed[2] and math.floor(tonumber(delayed[2]) / 4096) or -1),
      meta[1] and takenSincePause(base) and 1 or 0, keepsFailed(base),
    }
  end
end
return answers
`);
