--[[
  Records that a person opens Home, and removes the people who opened it longest ago.

  Input:
    KEYS[1] hash: the viewers, each with the field <user>, and <user>:published for what they see
    ARGV[1] one JSON object:
      args.user
      args.team
      args.filter         nil to keep the stored one
      args.maxViewers     how many are kept
      args.forgetAfterMs  how long they are kept
]]
local args = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function readViewer(text)
  local isRead, viewer = pcall(cjson.decode, text)
  return isRead and type(viewer) == 'table' and tonumber(viewer.openedAt) and viewer or nil
end

local stored = redis.call('HGET', KEYS[1], args.user)
local filter = args.filter or (stored and (readViewer(stored) or {}).filter) or ''
local viewer = cjson.encode({ v = 1, team = args.team, filter = filter, openedAt = now })
redis.call('HSET', KEYS[1], args.user, viewer)
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', args.forgetAfterMs))

local fields = redis.call('HGETALL', KEYS[1])
local others = {}
for i = 1, #fields, 2 do
  local user = fields[i]
  if user ~= args.user and not user:find(':', 1, true) then
    local other = readViewer(fields[i + 1])
    local openedAt = other and other.openedAt or 0
    table.insert(others, { user = user, openedAt = openedAt, isOld = now - openedAt > args.forgetAfterMs })
  end
end
table.sort(others, function(a, b) return a.openedAt > b.openedAt end)
for index, other in ipairs(others) do
  if other.isOld or index >= args.maxViewers then
    redis.call('HDEL', KEYS[1], other.user, other.user .. ':published')
  end
end
