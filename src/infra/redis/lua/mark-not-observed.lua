--[[
  Records that a check has found that no worker observes the links.

  Input:
    KEYS[1] when the first of these checks was. It expires if the checks stop, for example while no process runs.
    ARGV[1] one JSON object:
      args.forgetAfterMs  how long after the last check

  Output: how long ago the first check was, ms
]]
local args = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('SET', KEYS[1], string.format('%.0f', now), 'NX')
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', args.forgetAfterMs))
return now - tonumber(redis.call('GET', KEYS[1]))
