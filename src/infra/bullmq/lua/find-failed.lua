--[[
  Finds which of some tasks of a link are failed, and since when. Writes nothing and never reads the data of a task.

  Input:
    KEYS[1]  'failed' key

    ARGV[1]  one JSON object:
      args.prefix   the link's key prefix, such as 'bull:orders:'
      args.taskIds  the ids of the tasks

  Output:
    JSON object
      tasks  optional, a list of { id, failedAt, runnableAt, reason }: times are epoch ms, as strings, runnableAt is when the
             task first became runnable, and reason is the first line of its reason, at most 1000 bytes
]]
--- @include "task-age"

local args = cjson.decode(ARGV[1])
local maxReasonBytes = 1000

local tasks = {}
for _, id in ipairs(args.taskIds) do
  local failedAt = redis.call('ZSCORE', KEYS[1], id)
  if failedAt then
    local timestamp, options, reason = unpack(redis.call('HMGET', args.prefix .. id, 'timestamp', 'opts', 'failedReason'))
    tasks[#tasks + 1] = {
      id = id,
      failedAt = failedAt,
      runnableAt = string.format('%.0f', firstRunnableAt(timestamp, options)),
      reason = string.match(string.sub(reason or '', 1, maxReasonBytes), '^[^\r\n]*'),
    }
  end
end
return cjson.encode({ tasks = tasks[1] and tasks })
