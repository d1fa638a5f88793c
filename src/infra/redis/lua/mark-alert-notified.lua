--[[
  Records what a channel was sent about an alert. Does nothing if the project does not exist. The history gets an entry for
  each message.

  Input:
    KEYS            see project-step.lua
    args.kind       the alert's kind
    args.delivered  JSON text
    args.message    the message's ts, or nil when there is none
]]

-- Includes
--- @include "project-step"

if redis.call('EXISTS', stateKey) == 0 then return end
local field = 'delivered:' .. args.kind
local previous = redis.call('HGET', stateKey, field)
local message = previous and cjson.decode(previous).message
local isNew = args.message and not (type(message) == 'table' and message.ts == args.message)
redis.call('HSET', stateKey, field, args.delivered)
if isNew then audit('alert_notified', {}, { 'delivered', args.delivered, 'alertKind', args.kind }) end
