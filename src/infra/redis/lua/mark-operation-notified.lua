--[[
  Records which `seq` an operation's message shows. A finished operation whose message is up to date is no longer open. A bot
  that was suspended can write an older message over a newer one: then the operation is open again, and the sweep notifies.

  Input:
    KEYS                      see project-step.lua
    args.operationId
    args.seq                  the notified `seq`
    args.message              where the message is, JSON text or nil
    args.threadMessage        the same for the message in the thread of the request
    args.dialogUses           how many uses of the dialog's URL this took
    args.hasRepliedAfterWait  whether a reply notified the requester of the end of a wait
]]

-- Includes
--- @include "project-step"

local id, key = args.operationId, operationKey(args.operationId)
local operation = readOperation(id)
if not operation then return end

redis.call('HSET', key, 'notifiedSeq', int(args.seq))
if args.message then redis.call('HSET', key, 'message', args.message) end
if args.threadMessage then redis.call('HSET', key, 'threadMessage', args.threadMessage) end
if args.hasRepliedAfterWait then redis.call('HSETNX', key, 'waitRepliedAt', int(now)) end
if args.dialogUses > 0 and operation.dialog ~= '' then
  local dialog = cjson.decode(operation.dialog)
  dialog.usesLeft = math.max(0, dialog.usesLeft - args.dialogUses)
  redis.call('HSET', key, 'dialog', cjson.encode(dialog))
end

local state = operation.state
local isFinished = state ~= 'requested' and state ~= 'confirmed' and state ~= 'running'
if isFinished and args.seq < tonumber(operation.seq) then
  redis.call('ZADD', openKey, 'NX', int(now), id)
elseif isFinished then
  redis.call('ZREM', openKey, id)
  redis.call('HSETNX', key, 'notifiedAt', int(now))
end
