--[[
  Records which version the messages of a batch show. A bot that was suspended can write an older message over a newer one:
  then the message is due again.

  Input:
    KEYS[1] batch      hash
    ARGV[1] one JSON object:
      args.version     the notified version
      args.fields      where the messages are: fields `message:<channel>`, each a JSON text
      args.dialogUses  how many uses of the dialog this took

  Output: whether the batch is not open any more and its messages are up to date, as 1 or 0. With 0 the sweep must find it.
]]
local args, key = cjson.decode(ARGV[1]), KEYS[1]
local batch = redis.call('HMGET', key, 'state', 'version', 'dialog')
if not batch[1] then return 1 end
local isOpen = batch[1] == 'requested' or batch[1] == 'confirmed' or batch[1] == 'stopped'
for name, value in pairs(args.fields) do redis.call('HSET', key, name, value) end
redis.call('HSET', key, 'notifiedVersion', string.format('%.0f', args.version))
if args.dialogUses > 0 and batch[3] ~= '' then
  local dialog = cjson.decode(batch[3])
  dialog.usesLeft = math.max(0, dialog.usesLeft - args.dialogUses)
  redis.call('HSET', key, 'dialog', cjson.encode(dialog))
end
if isOpen or args.version < tonumber(batch[2]) then return 0 end
local time = redis.call('TIME')
redis.call('HSETNX', key, 'notifiedAt', string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)))
return 1
