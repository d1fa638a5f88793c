--[[
  Lists tasks that failed after the watermark, one page at a time. Writes nothing.

  Input:
    KEYS[1]  'failed' key

    ARGV[1]  one JSON object:
      args.prefix     the link's key prefix, such as 'bull:orders:'
      args.watermark  { at, known }: the failed tasks that are known already, see watermark.lua
      args.offset     how many tasks the earlier pages scanned
      args.pageSize   how many tasks this page scans

  Output:
    JSON object
      scanned  how many tasks this page scanned, the known ones included
      tasks    optional, a list of { id, failedAt, runnableAt }: times are epoch ms, as strings, and runnableAt is when
               the task first became runnable
]]
--- @include "task-age"
--- @include "watermark"

local args = cjson.decode(ARGV[1])

local isKnown, tasks = knownFailures(args.watermark), {}

local page = redis.call('ZRANGEBYSCORE', KEYS[1], toScore(args.watermark.at), '+inf', 'WITHSCORES', 'LIMIT', args.offset,
  args.pageSize)
for i = 1, #page, 2 do
  local id, failedAt = page[i], page[i + 1]
  if not isKnown(id, failedAt) then
    local runnableAt = firstRunnableAt(unpack(redis.call('HMGET', args.prefix .. id, 'timestamp', 'opts')))
    tasks[#tasks + 1] = { id = id, failedAt = failedAt, runnableAt = string.format('%.0f', runnableAt) }
  end
end
return cjson.encode({ scanned = #page / 2, tasks = tasks[1] and tasks })
