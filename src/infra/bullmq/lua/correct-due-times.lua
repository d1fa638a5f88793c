--[[
  Corrects the due times of one of the bot's own queues by the clock of Redis. BullMQ takes them from the clock of the
  worker. A job that is due too late runs now. So does one that no worker has taken at its time: a worker whose clock is
  behind does not take it.

  Input:
    KEYS[1]  'delayed' key  the score is the due time in ms times 4096, plus a counter below 4096
    KEYS[2]  'marker' key   wakes a worker
    KEYS[3]  'repeat' key   job schedulers by the time of their next job, ms

    ARGV[1]  one JSON object:
      args.maxDelayMs  a job that is due later is due too late
      args.overdueMs   a worker should have taken a job that was due before that time
      args.scheduler   the id of the queue's job scheduler, or nil

  Output:
    { tooLate, scheduler }: the number of jobs that were due too late, and 'none', 'missing', 'too_late' or
    'on_time'. If 'too_late', no job was changed: the scheduler and its next job must be created again.
]]
local delayedKey, markerKey, repeatKey = unpack(KEYS)
local args = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function score(ms) return string.format('%.0f', ms * 4096) end

local scheduler = 'none'
if args.scheduler then
  local nextAt = redis.call('ZSCORE', repeatKey, args.scheduler)
  scheduler = not nextAt and 'missing' or tonumber(nextAt) > now + args.maxDelayMs and 'too_late' or 'on_time'
  if scheduler == 'too_late' then return { 0, scheduler } end
end

local tooLate = redis.call('ZRANGEBYSCORE', delayedKey, '(' .. score(now + args.maxDelayMs), '+inf', 'LIMIT', 0, 1000)
local overdue = redis.call('ZRANGEBYSCORE', delayedKey, '(0', score(now - args.overdueMs), 'LIMIT', 0, 1000)
for _, jobs in ipairs({ tooLate, overdue }) do
  -- A score of 0 is due by every clock.
  for _, job in ipairs(jobs) do redis.call('ZADD', delayedKey, 0, job) end
end
if #tooLate + #overdue > 0 then redis.call('ZADD', markerKey, 0, '1') end
return { #tooLate, scheduler }
