--[[
  Records that the observer has completed a cycle now. If it is late, records from when to when no cycle was completed.

  Input:
    KEYS[1] the record of the newest cycle
    ARGV[1] one JSON object:
      args.staleAfterMs        how long the next cycle may take
      args.unobservedProjects  how many projects had a link that did not answer
]]
local args = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local text = redis.call('GET', KEYS[1])
local previous = text and cjson.decode(text)
local gap = previous and previous.gap
if previous and now - previous.completedAt > previous.staleAfterMs then
  gap = { from = previous.completedAt, to = now }
end
redis.call('SET', KEYS[1], cjson.encode({ v = 1, completedAt = now, staleAfterMs = args.staleAfterMs,
  unobservedProjects = args.unobservedProjects, gap = gap or nil }))
