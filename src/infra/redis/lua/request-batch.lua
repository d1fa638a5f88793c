--[[
  Writes a new batch as `requested`. A repeat changes nothing.

  Input:
    KEYS[1] batch      hash
    ARGV[1] one JSON object:
      args.fields       the fields of the batch, all of them strings
      args.ttlMs        how long the dialog can be answered
      args.retentionMs  how long a finished batch is kept

  Output: all fields of the batch, as HGETALL returns them
]]
local args, key = cjson.decode(ARGV[1]), KEYS[1]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

if redis.call('EXISTS', key) == 0 then
  for name, value in pairs(args.fields) do redis.call('HSET', key, name, value) end
  redis.call('HSET', key, 'requestedAt', string.format('%.0f', now),
    'expiresAt', string.format('%.0f', now + args.ttlMs))
  redis.call('PEXPIRE', key, string.format('%.0f', args.ttlMs + args.retentionMs))
end
return redis.call('HGETALL', key)
