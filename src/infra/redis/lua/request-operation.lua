--[[
  Writes a new operation as `requested`. Older open dialogs of the same requester for the same action become
  `superseded`. No notification follows: their buttons answer with the current state. With a refusal the operation ends at
  once instead, and supersedes no dialog.

  Input:
    KEYS              see project-step.lua
    args.operationId
    args.fields       the operation's fields, all of them strings
    args.ttlMs        how long the dialog can be answered
    args.refusal      why the operation is refused, or nil

  Output:
    { kind = 'requested', operation }
    { kind = 'removed' }  the project does not exist
]]

-- Includes
--- @include "project-step"

local id, fields, ttlMs = args.operationId, args.fields, args.ttlMs
if redis.call('EXISTS', stateKey) == 0 then return cjson.encode({ kind = 'removed' }) end

local repeated = readOperation(id)
if repeated then return cjson.encode({ kind = 'requested', operation = repeated }) end

for _, olderId in ipairs(args.refusal and {} or redis.call('ZRANGE', openKey, 0, -1)) do
  local older = readOperation(olderId)
  if older and older.state == 'requested' and older.by == fields.by and older.action == fields.action then
    redis.call('HSET', operationKey(olderId), 'resolvedAt', int(now))
    finish(olderId, 'superseded')
    audit('superseded', older, { 'by', older.by })
    redis.call('ZREM', openKey, olderId)
  end
end

for name, value in pairs(fields) do redis.call('HSET', operationKey(id), name, value) end
redis.call('HSET', operationKey(id), 'requestedAt', int(now), 'expiresAt', int(now + ttlMs))
redis.call('PEXPIRE', operationKey(id), int(ttlMs + args.retentionMs))
redis.call('ZADD', openKey, int(now + ttlMs), id)
local operation = readOperation(id)
audit('requested', operation, { 'by', operation.by })
if args.refusal then operation = refuseOperation(operation, args.refusal) end
return cjson.encode({ kind = 'requested', operation = operation })
