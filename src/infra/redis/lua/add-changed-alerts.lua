--[[
  Adds projects whose alerts have changed to those that the notifier of a channel reads next.

  Input:
    KEYS[1] set: the projects
    ARGV[1] one JSON object:
      args.projects  their ids, at least one

  Output: 1 if the set was empty before, else 0. A repeat returns 0.
]]
local args = cjson.decode(ARGV[1])
local isFirst = redis.call('SCARD', KEYS[1]) == 0
redis.call('SADD', KEYS[1], unpack(args.projects))
return isFirst and 1 or 0
