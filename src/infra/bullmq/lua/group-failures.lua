--[[
  Groups the oldest tasks that failed after the watermark by the first line of their reason. Writes nothing.

  Input:
    KEYS[1]  'failed' key

    ARGV[1]  one JSON object:
      args.prefix     the link's key prefix, such as 'bull:orders:'
      args.watermark  { at, known }: the failed tasks that are known already, see watermark.lua
      args.maxTasks   how many tasks are grouped

  Output:
    JSON object
      groups  optional, a list of { reason, tasks }: the first line of a reason, at most 300 bytes, and how many tasks
              have it
]]
--- @include "watermark"

local args = cjson.decode(ARGV[1])
local maxReasonBytes = 300

local isKnown = knownFailures(args.watermark)
local oldest = redis.call('ZRANGEBYSCORE', KEYS[1], toScore(args.watermark.at), '+inf', 'WITHSCORES', 'LIMIT', 0,
  #args.watermark.known + args.maxTasks)

local groups, indexes, tasks = {}, {}, 0
for i = 1, #oldest, 2 do
  local id, failedAt = oldest[i], oldest[i + 1]
  if tasks < args.maxTasks and not isKnown(id, failedAt) then
    local reason = redis.call('HGET', args.prefix .. id, 'failedReason') or ''
    local firstLine = string.match(string.sub(reason, 1, maxReasonBytes), '^[^\r\n]*')
    local index = indexes[firstLine] or #groups + 1
    indexes[firstLine] = index
    groups[index] = { reason = firstLine, tasks = (groups[index] and groups[index].tasks or 0) + 1 }
    tasks = tasks + 1
  end
end
return cjson.encode({ groups = groups[1] and groups })
