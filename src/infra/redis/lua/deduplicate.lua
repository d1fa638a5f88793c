--[[
  Records that one caller has taken a key. Tells the first caller from later ones.

  Input:
    KEYS[1] the key
    ARGV[1] one JSON object:
      args.token  identifies the caller. ioredis sends a command again when its reply is lost.
      args.ttlMs  how long the key stays

  Output:
    { kind = 'first' }     this caller took the key, now or in an earlier attempt
    { kind = 'repeated' }  another caller did
]]
local args = cjson.decode(ARGV[1])
if redis.call('SET', KEYS[1], args.token, 'NX', 'PX', string.format('%.0f', args.ttlMs)) then
  return cjson.encode({ kind = 'first' })
end
return cjson.encode({ kind = redis.call('GET', KEYS[1]) == args.token and 'first' or 'repeated' })
