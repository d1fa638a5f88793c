--[[
  Records what a process uses, and removes the records of processes that have not repeated theirs in time.

  Input:
    KEYS[1] hash: the processes
    ARGV[1] one JSON object:
      args.id             of the process
      args.status         JSON text
      args.expireAfterMs  how long the record is valid
]]
local args = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local processes = redis.call('HGETALL', KEYS[1])
for i = 1, #processes, 2 do
  local isRead, record = pcall(cjson.decode, processes[i + 1])
  local isValid = isRead and type(record) == 'table' and (tonumber(record.expiresAt) or 0) > now
  if not isValid then redis.call('HDEL', KEYS[1], processes[i]) end
end
local record = cjson.encode({ v = 1, expiresAt = now + args.expireAfterMs, status = args.status })
redis.call('HSET', KEYS[1], args.id, record)
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', args.expireAfterMs))
