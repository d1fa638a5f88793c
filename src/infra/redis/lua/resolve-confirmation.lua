--[[
  Resolves an operation's dialog: `requested` becomes `confirmed`, `cancelled` or `expired`. The first decision wins.

  Input:
    KEYS                 see project-step.lua
    args.operationId
    args.decision        'confirm', 'cancel' or 'expire'
    args.by              who pressed the button, nil when the dialog expires
    args.dialog          the pressed dialog { kind, url or viewId and press, usesLeft, lifetimeMs }, or nil
    args.claimTimeoutMs  how long a confirmed operation may wait for a worker

  Output:
    { kind = 'resolved', operation }  by this call
    { kind = 'repeated', operation }  by an earlier call, or not expired yet
    { kind = 'not_requester', by }    only the requester may press a button
    { kind = 'unknown' }              the operation does not exist
]]

-- Includes
--- @include "project-step"

local id, decision, by, dialog = args.operationId, args.decision, args.by, args.dialog
local operation = readOperation(id)
if not operation then return cjson.encode({ kind = 'unknown' }) end
if by and by ~= operation.by then return cjson.encode({ kind = 'not_requester', by = operation.by }) end

-- Slack may deliver one press twice. Only a press with another URL, or another press in a modal, is a new dialog.
local storedDialog = operation.dialog ~= '' and cjson.decode(operation.dialog) or {}
local isSamePlace = dialog and (dialog.viewId or dialog.url) == (storedDialog.viewId or storedDialog.url)
if dialog and not (isSamePlace and dialog.press == storedDialog.press) then
  -- Earlier versions read no operation whose dialog has no URL.
  redis.call('HSET', operationKey(id), 'dialog', cjson.encode({
    kind = dialog.kind, url = dialog.url or '', viewId = dialog.viewId, press = dialog.press,
    usesLeft = dialog.usesLeft, expiresAt = now + dialog.lifetimeMs,
  }))
  markMessageOutdated(id)
end

-- The pause waits until its project has caught up, unless another one waits already.
local function beginWait()
  local waiting = decodeField(redis.call('HGET', stateKey, 'waitingPause'))
  if waiting then
    refuseOperation(readOperation(id), {
      code = 'pause_waits', project = args.project, by = waiting.by, ['until'] = waiting['until'],
    })
    return
  end
  local waitsUntil = now + tonumber(operation.catchUpMs)
  redis.call('HSET', operationKey(id), 'waitsUntil', int(waitsUntil))
  if redis.call('EXISTS', stateKey) == 1 then
    redis.call('HSET', stateKey, 'waitingPause',
      cjson.encode({ operation = id, by = operation.by, ['until'] = waitsUntil }))
  end
end

local isExpired = now > tonumber(operation.expiresAt)
if operation.state ~= 'requested' or (decision == 'expire' and not isExpired) then
  return cjson.encode({ kind = 'repeated', operation = readOperation(id) })
end

redis.call('HSET', operationKey(id), 'resolvedAt', int(now))
if decision == 'confirm' and not isExpired then
  redis.call('HSET', operationKey(id), 'state', 'confirmed')
  redis.call('PERSIST', operationKey(id))
  markMessageOutdated(id)
  audit('confirmed', operation, { 'by', by or '' })
  if (operation.catchUpMs or '') == '' then
    redis.call('HSET', operationKey(id), 'executeBy', int(now + args.claimTimeoutMs))
  else
    beginWait()
  end
else
  local state = isExpired and 'expired' or 'cancelled'
  finish(id, state)
  audit(state, operation, { 'by', by or '' })
  -- Without a dialog there is no message to update.
  if not dialog then redis.call('ZREM', openKey, id) end
end
return cjson.encode({ kind = 'resolved', operation = readOperation(id) })
