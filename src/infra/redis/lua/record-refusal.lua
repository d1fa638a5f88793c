--[[
  Records a refusal that came before an operation existed. Does nothing if the project does not exist.

  Input:
    KEYS          see project-step.lua
    args.by, args.action, args.reason, args.origin, args.channel  of the refused request; reason and channel may be nil
    args.code     the refusal's code
    args.refusal  JSON text
]]

-- Includes
--- @include "project-step"

if redis.call('EXISTS', stateKey) == 0 then return end
appendEntry(refusalsKey, 'refused', args, { 'by', args.by, 'code', args.code, 'refusal', args.refusal })
