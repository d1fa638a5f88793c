--[[
  Reads one page of a link's event stream: which tasks failed and are gone, and which tasks had another last event.
  Writes nothing and never reads the data of a task.

  Input:
    KEYS[1]  'events' key

    ARGV[1]  one JSON object:
      args.prefix    the link's key prefix, such as 'bull:orders:'
      args.after     the id of the last event that was read already
      args.pageSize  how many events this page reads

  Output:
    JSON object
      last   the id of the last event of this page
      gone   optional, the tasks whose last event of this page is their failure, and that do not exist now
      other  optional, the other tasks of this page
    last is absent if there are no more events.
]]
local args = cjson.decode(ARGV[1])

local lastId, lastEvents, order = nil, {}, {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '(' .. args.after, '+', 'COUNT', args.pageSize)) do
  local event, task = nil, nil
  for i = 1, #entry[2], 2 do
    if entry[2][i] == 'event' then event = entry[2][i + 1] end
    if entry[2][i] == 'jobId' then task = entry[2][i + 1] end
  end
  -- BullMQ adds 'retries-exhausted' after 'failed'.
  if task and event ~= 'retries-exhausted' then
    if not lastEvents[task] then order[#order + 1] = task end
    lastEvents[task] = event
  end
  lastId = entry[1]
end

local gone, other = {}, {}
for _, task in ipairs(order) do
  local isGone = lastEvents[task] == 'failed' and redis.call('EXISTS', args.prefix .. task) == 0
  table.insert(isGone and gone or other, task)
end
return cjson.encode({ last = lastId, gone = gone[1] and gone, other = other[1] and other })
