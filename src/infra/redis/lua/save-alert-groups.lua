--[[
  Writes the alert groups of a channel that have changed.

  Input:
    KEYS[1] hash: the groups
    ARGV[1] one JSON object:
      args.expectedVersion  0 if the hash does not exist
      args.write            a random id, which recognizes a repeat
      args.set              fields by name
      args.removed          names of fields

  Output:
    { kind = 'written' }   by this call or an earlier one
    { kind = 'conflict' }  another process has written
]]
local args = cjson.decode(ARGV[1])
local version, lastWrite = unpack(redis.call('HMGET', KEYS[1], 'version', 'write'))
if lastWrite == args.write then return cjson.encode({ kind = 'written' }) end
if (tonumber(version) or 0) ~= args.expectedVersion then return cjson.encode({ kind = 'conflict' }) end
for _, field in ipairs(args.removed) do redis.call('HDEL', KEYS[1], field) end
for field, value in pairs(args.set) do redis.call('HSET', KEYS[1], field, value) end
redis.call('HSET', KEYS[1], 'version', string.format('%.0f', args.expectedVersion + 1), 'write', args.write)
return cjson.encode({ kind = 'written' })
