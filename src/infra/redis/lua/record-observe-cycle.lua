--[[
  Records that the observer has completed a cycle now.

  Input:
    KEYS[1] the record of the newest cycle
    ARGV[1] one JSON object:
      args.staleAfterMs        how long the next cycle may take
      args.unobservedProjects  how many projects had a link that did not answer
]]
local args = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('SET', KEYS[1], cjson.encode({ v = 1, completedAt = now, staleAfterMs = args.staleAfterMs,
  unobservedProjects = args.unobservedProjects }))
