--[[
  What happens to a confirmed pause that waits until its project has caught up. A worker may claim it after the wait. The wait
  does not block other operations of the project: if one has changed it, or the time is over, the pause is refused.

  Input:
    KEYS                 see project-step.lua
    args.operationId
    args.event           'observed': it waits further
                         'caught_up': the project has caught up
                         'pause_now', 'cancel': a person has decided that
    args.by              the person, or nil
    args.observation     the newest observation, JSON text or nil
    args.isShown         whether the message of the operation must show the observation
    args.transitions     by operation kind { from }
    args.claimTimeoutMs  how long the operation may wait for a worker from the end of the wait on

  Output:
    { kind = 'waiting', operation }      it waits further
    { kind = 'ended', operation }        a worker may claim it
    { kind = 'cancelled', operation }
    { kind = 'refused', operation }      the refusal is in the operation
    { kind = 'not_waiting', operation }  it did not wait any more before this call
    { kind = 'unknown' }                 the operation does not exist
]]

-- Includes
--- @include "project-step"
--- @include "claim-rules"

local id, event, by = args.operationId, args.event, args.by
local operation = readOperation(id)
if not operation then return cjson.encode({ kind = 'unknown' }) end
local function reply(kind) return cjson.encode({ kind = kind, operation = readOperation(id) }) end
if not isWaiting(operation) then return reply('not_waiting') end

if event == 'cancel' then
  redis.call('HSET', operationKey(id), 'waitEndedBy', by)
  finish(id, 'cancelled')
  markMessageOutdated(id)
  audit('cancelled', operation, { 'by', by })
  return reply('cancelled')
end

if args.observation then
  redis.call('HSET', operationKey(id), 'waitObservation', args.observation)
  operation.waitObservation = args.observation
end
local refusal = claimRefusal(operation, readClaimedProject(), args.transitions)
if not refusal and now > tonumber(operation.waitsUntil) then refusal = notCaughtUp(operation) end
if refusal then
  refuseOperation(operation, refusal)
  return reply('refused')
end
if event == 'observed' then
  if args.isShown then markMessageOutdated(id) end
  return reply('waiting')
end

redis.call('HSET', operationKey(id), 'waitEndedAt', int(now), 'waitEndedBy', by or '',
  'executeBy', int(now + args.claimTimeoutMs))
endWaitingPause(id)
markMessageOutdated(id)
audit('wait_ended', operation, { 'by', by or '' })
return reply('ended')
