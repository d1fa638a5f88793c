--[[
  Stores the policy, settings and connections of syncbot.yml.

  Input:
    KEYS[1] hash: the configuration
    ARGV[1] one JSON object:
      args.configuration    JSON text
      args.expectedVersion  0 if none is stored
      args.by               who stores it

  Output:
    { kind = 'written' }   by this call or an earlier one
    { kind = 'conflict' }  another version is stored
]]
local args = cjson.decode(ARGV[1])
local version = tonumber(redis.call('HGET', KEYS[1], 'version')) or 0
-- ioredis sends a script again when its reply is lost. Processes that start together store the same configuration.
local isRepeated = version == args.expectedVersion + 1
  and redis.call('HGET', KEYS[1], 'configuration') == args.configuration
if isRepeated then return cjson.encode({ kind = 'written' }) end
if version ~= args.expectedVersion then return cjson.encode({ kind = 'conflict' }) end
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 'v', 1, 'version', string.format('%.0f', version + 1), 'configuration', args.configuration,
  'by', args.by, 'at', string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)))
return cjson.encode({ kind = 'written' })
