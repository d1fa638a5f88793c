--[[
  Takes all projects whose alerts have changed. If the reply is lost, the sweep adds them again.

  Input:
    KEYS[1] set: the projects

  Output: their ids
]]
local projects = redis.call('SMEMBERS', KEYS[1])
redis.call('DEL', KEYS[1])
return projects
