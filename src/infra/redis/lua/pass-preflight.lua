--[[
  Records that an execution of a running operation has passed the preflight: from now on it is not rolled back. So the
  project skips the tasks of the operation from now on.

  Input:
    KEYS              see project-step.lua
    args.operationId
    args.progress     stored if no other execution has passed before, as all of these are, JSON text
    args.skipped      the tasks that the project skips too, by field name, JSON texts
    args.retriedTasks the tasks that the operation retries, and those that earlier ones have retried, JSON text

  Output:
    { kind = 'first' }    no other execution has passed
    { kind = 'repeated' } another one has, or this one in an earlier call, or the operation is not running any more
]]

-- Includes
--- @include "project-step"

local operation = readOperation(args.operationId)
if not operation or operation.state ~= 'running' then return cjson.encode({ kind = 'repeated' }) end
local key = operationKey(operation.id)
redis.call('HINCRBY', key, 'executions', 1)
if operation.progress ~= '' then return cjson.encode({ kind = 'repeated' }) end
redis.call('HSET', key, 'progress', args.progress)
for field, task in pairs(args.skipped) do redis.call('HSET', stateKey, field, task) end
redis.call('HSET', stateKey, 'retriedTasks', args.retriedTasks)
redis.call('HINCRBY', key, 'seq', 1)
return cjson.encode({ kind = 'first' })
