--[[
  Reads whether links are paused, and the server's clock. Writes nothing.

  Input:
    KEYS[i]  'meta' key of link i

    ARGV[1]  one JSON object:
      args.prefixes  the key prefix of each link, such as 'bull:orders:'

  Output:
    JSON object
      now       the server's clock, epoch ms
      statuses  'paused', 'resumed' or 'missing' for each link, in the order of KEYS
]]
local args = cjson.decode(ARGV[1])

local statuses = {}
for i, metaKey in ipairs(KEYS) do
  local prefix = args.prefixes[i]
  if redis.call('HEXISTS', metaKey, 'paused') == 1 then
    statuses[i] = 'paused'
  elseif redis.call('EXISTS', metaKey, prefix .. 'id', prefix .. 'events', prefix .. 'wait') > 0 then
    statuses[i] = 'resumed'
  else
    statuses[i] = 'missing'
  end
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
return cjson.encode({ now = now, statuses = statuses })
