--[[
  Sets the watermarks of some links. Those of other links stay.

  Input:
    KEYS                  see project-step.lua
    args.expectedVersion
    args.watermarks       by field name, JSON texts

  Output:
    { kind = 'written' }
    { kind = 'conflict' }  the version has changed
]]

-- Includes
--- @include "project-step"

if tonumber(readProject('version').version) ~= args.expectedVersion then return cjson.encode({ kind = 'conflict' }) end
for field, watermark in pairs(args.watermarks) do redis.call('HSET', stateKey, field, watermark) end
return cjson.encode({ kind = 'written' })
