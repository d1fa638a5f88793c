--[[
  Records a refusal that came before an operation existed. Does nothing if the project does not exist.

  Input:
    KEYS          see shared.lua
    args.request  { by, action, origin } and, if known, { reason, channel }
    args.code     the refusal's code
    args.refusal  JSON text
]]

-- Includes
--- @include "shared"

if redis.call('EXISTS', stateKey) == 0 then return end
audit('refused', args.request, { 'by', args.request.by, 'code', args.code, 'refusal', args.refusal })
