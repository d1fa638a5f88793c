--[[
  Records what a person sees in Home, if they still are a viewer.

  Input:
    KEYS[1] hash: the viewers
    ARGV[1] one JSON object:
      args.user
      args.published  JSON text
]]
local args = cjson.decode(ARGV[1])
if redis.call('HEXISTS', KEYS[1], args.user) == 1 then
  redis.call('HSET', KEYS[1], args.user .. ':published', args.published)
end
