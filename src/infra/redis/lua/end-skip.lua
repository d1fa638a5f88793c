--[[
  Removes tasks from those that the project skips, because they are not failed any more. The version stays.

  Input:
    KEYS                  see project-step.lua
    args.expectedVersion
    args.fields           the fields of these tasks
    args.tasks            the tasks as the history names them, JSON text

  Output:
    { kind = 'written' }
    { kind = 'conflict' }  the version has changed, or an operation is active
]]

-- Includes
--- @include "project-step"

if not isIdleAtExpectedVersion(readProject('version', 'activeOperation')) then
  return cjson.encode({ kind = 'conflict' })
end
local removed = removeSkipped(args.fields)
if removed > 0 then audit('skip_ended', {}, { 'tasks', args.tasks }) end
return cjson.encode({ kind = 'written' })
