--[[
  Sets a mark if it is not set.

  Input:
    KEYS[1] the mark
    ARGV[1] one JSON object:
      args.token  names the caller. ioredis sends a command again when its reply is lost.
      args.ttlMs  how long the mark stays

  Output:
    { kind = 'first' }     this caller set the mark, now or in an earlier attempt
    { kind = 'repeated' }  another caller did
]]
local args = cjson.decode(ARGV[1])
if redis.call('SET', KEYS[1], args.token, 'NX', 'PX', string.format('%.0f', args.ttlMs)) then
  return cjson.encode({ kind = 'first' })
end
return cjson.encode({ kind = redis.call('GET', KEYS[1]) == args.token and 'first' or 'repeated' })
