--[[
  Records what the observer found of a project in a minute. A repeat replaces the sample of the same minute. Does nothing if
  the project was removed meanwhile.

  Input:
    KEYS         see project-step.lua
    args.slot    the number of the minute in the hour: each replaces the sample of an hour ago
    args.sample  the sample, as text
]]

-- Includes
--- @include "project-step"

if redis.call('EXISTS', stateKey) == 1 then redis.call('HSET', trendKey, int(args.slot), args.sample) end
