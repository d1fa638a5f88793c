--[[
  Changes a batch, unless it was changed since the caller has read it.

  Input:
    KEYS[1] batch      hash
    ARGV[1] one JSON object:
      args.version      the version that the caller has read
      args.fields       the changed fields, all of them strings
      args.retentionMs  how long a finished batch is kept

  Output: 'written' or 'conflict'
]]
local args, key = cjson.decode(ARGV[1]), KEYS[1]
if tonumber(redis.call('HGET', key, 'version')) ~= args.version then return 'conflict' end
for name, value in pairs(args.fields) do redis.call('HSET', key, name, value) end
redis.call('HINCRBY', key, 'version', 1)
if args.fields.state == 'done' then
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  redis.call('HSET', key, 'finishedAt', string.format('%.0f', now))
  redis.call('PEXPIRE', key, string.format('%.0f', args.retentionMs))
end
return 'written'
