--[[
  Included by the scripts that compare failed tasks with a watermark: { at, known }.
    at     a score of 'failed', epoch ms
    known  a list of { taskId, at }: the tasks with that score or a higher one that are known already
  A task with a lower score is known too.
]]

-- A number as an exact argument of a command.
local function toScore(number)
  return string.format('%.17g', number)
end

-- Returns a function that tells whether a task with this id and score is named by the watermark. A known task that fails
-- again has another score, and is a new failure.
local function knownFailures(watermark)
  local scores = {}
  for _, task in ipairs(watermark.known) do scores[task.taskId] = task.at end
  return function(id, score)
    return score and scores[id] == tonumber(score)
  end
end

-- How many of the known tasks are among those with a score from the watermark on.
local function countKnown(failedKey, watermark)
  local isKnown, count = knownFailures(watermark), 0
  for _, task in ipairs(watermark.known) do
    if isKnown(task.taskId, redis.call('ZSCORE', failedKey, task.taskId)) then count = count + 1 end
  end
  return count
end
