--[[
  Included after project-step.lua by the steps that check whether a confirmed operation may change its project.
]]

-- The fields of the project that the rules, and a claim, need.
local function readClaimedProject()
  return readProject('state', 'version', 'since', 'by', 'reason', 'activeOperation', 'reconciledVersion',
    'incompleteOperation', 'oldestUnprocessedAt', 'linksToReconcile', 'keptPaused', 'pausedUntil')
end

-- Why a confirmed operation may not change its project. Returns nil if it may. `project` is from readClaimedProject.
-- `transitions` has by operation kind `from`, the states that allow it.
local function claimRefusal(operation, project, transitions)
  -- Adds the active operation to the refusal. Without one, adds the last change of the state. The record does not contain
  -- changes of the definition.
  local function because(code, cause)
    return {
      code = code,
      project = args.project,
      state = project.state,
      action = cause.action or operation.action,
      by = cause.by or project.by,
      since = tonumber(cause.resolvedAt or project.since),
    }
  end

  if not project.state then return { code = 'removed', project = args.project } end
  if project.activeOperation ~= '' then
    return because('operation_active', readOperation(project.activeOperation) or {})
  end
  local isAllowed = false
  for _, state in ipairs(transitions[operation.action].from) do isAllowed = isAllowed or state == project.state end
  if not isAllowed then return because('not_allowed', {}) end
  if project.version ~= operation.projectVersion then return because('changed', {}) end
  local pausedUntil = decodeField(project.pausedUntil)
  if decodeField(operation.timer) and decodeField(operation.timer).at ~= (pausedUntil or {}).at then
    local by = pausedUntil and pausedUntil.by or (decodeField(project.keptPaused) or {}).by or project.by
    return { code = 'deadline_moved', project = args.project, by = by, ['until'] = (pausedUntil or {}).at or cjson.null }
  end
  local limit = decodeField(operation.pauseUntil)
  if limit and not limit.durationMs and limit.at <= now then
    return { code = 'limit_passed', project = args.project, ['until'] = limit.at }
  end
  return nil
end
