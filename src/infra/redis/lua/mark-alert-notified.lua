--[[
  Records what a channel was sent about an alert. Does nothing if the project does not exist.

  Input:
    KEYS            see project-step.lua
    args.kind       the alert's kind
    args.delivered  JSON text
    args.isNew      whether a new message was posted
]]

-- Includes
--- @include "project-step"

if redis.call('EXISTS', stateKey) == 0 then return end
redis.call('HSET', stateKey, 'delivered:' .. args.kind, args.delivered)
if args.isNew then audit('alert_notified', {}, { 'delivered', args.delivered, 'alertKind', args.kind }) end
