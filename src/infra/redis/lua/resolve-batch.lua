--[[
  Resolves the dialog of a batch: `requested` becomes `confirmed`, `cancelled` or `expired`. The first decision wins.

  Input:
    KEYS[1] batch      hash
    ARGV[1] one JSON object:
      args.decision     'confirm', 'cancel' or 'expire'
      args.by           who pressed the button, nil when the dialog expires
      args.dialog       the pressed dialog { kind, url or viewId and press, usesLeft, lifetimeMs }, or nil
      args.retentionMs  how long a finished batch is kept

  Output:
    { 'resolved' or 'repeated', fields }  by this call, or by an earlier one; fields as HGETALL returns them
    { 'not_requester', by }               only the requester may press a button
    { 'unknown' }                         the batch does not exist
]]
local args, key = cjson.decode(ARGV[1]), KEYS[1]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function int(number) return string.format('%.0f', number) end

local batch = redis.call('HMGET', key, 'state', 'by', 'expiresAt', 'dialog')
local state, by, expiresAt, storedDialog = batch[1], batch[2], batch[3], batch[4]
if not state then return { 'unknown' } end
if args.by and args.by ~= by then return { 'not_requester', by } end

-- Slack may deliver one press twice. Only a press with another URL, or another press in a modal, is a new dialog.
local dialog, stored = args.dialog, storedDialog ~= '' and cjson.decode(storedDialog) or {}
local isSamePlace = dialog and (dialog.viewId or dialog.url) == (stored.viewId or stored.url)
if dialog and not (isSamePlace and dialog.press == stored.press) then
  redis.call('HSET', key, 'dialog', cjson.encode({
    kind = dialog.kind, url = dialog.url or '', viewId = dialog.viewId, press = dialog.press,
    usesLeft = dialog.usesLeft, expiresAt = now + dialog.lifetimeMs,
  }))
  redis.call('HINCRBY', key, 'version', 1)
end

local isExpired = now > tonumber(expiresAt)
if state ~= 'requested' or (args.decision == 'expire' and not isExpired) then
  return { 'repeated', redis.call('HGETALL', key) }
end
redis.call('HSET', key, 'resolvedAt', int(now))
redis.call('HINCRBY', key, 'version', 1)
if args.decision == 'confirm' and not isExpired then
  redis.call('HSET', key, 'state', 'confirmed')
  redis.call('PERSIST', key)
else
  redis.call('HSET', key, 'state', isExpired and 'expired' or 'cancelled', 'finishedAt', int(now))
  redis.call('PEXPIRE', key, int(args.retentionMs))
end
return { 'resolved', redis.call('HGETALL', key) }
