--[[
  Finds links on which a task failed after the watermark, and the newest event of each: later events are later changes.
  Writes nothing and never reads the data of a task.

  Input:
    KEYS[i]  'failed' key of link i

    ARGV[1]  one JSON object:
      args.links[i].prefix     the key prefix of link i, such as 'bull:orders:'
      args.links[i].watermark  { at, known }: the failed tasks that are known already, see watermark.lua

  Output:
    For each link, in the order of KEYS, { eventId, hasFailed }: the id of its newest event, or '0-0', and 1 or 0
]]
--- @include "watermark"

local args = cjson.decode(ARGV[1])

local replies = {}
for i, failedKey in ipairs(KEYS) do
  local prefix, watermark = args.links[i].prefix, args.links[i].watermark
  local failed = redis.call('ZCOUNT', failedKey, toScore(watermark.at), '+inf')
  local hasFailed = failed > 0 and failed > countKnown(failedKey, watermark)
  local newestEvent = redis.call('XREVRANGE', prefix .. 'events', '+', '-', 'COUNT', 1)[1]
  replies[i] = { newestEvent and newestEvent[1] or '0-0', hasFailed and 1 or 0 }
end
return replies
