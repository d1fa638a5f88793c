import { checkCorrection, type LinksByStatus } from '../domain/drift.ts';
import { desiredLinkState, stateFromLinks, transitions } from '../domain/lifecycle.ts';
import type { Link } from '../domain/link.ts';
import { countFailures } from '../domain/observation.ts';
import {
  linkTimeoutMs,
  type Operation,
  type OperationRef,
  type Progress,
  reconcileTimeoutMs,
  refOf,
} from '../domain/operation.ts';
import { precheckPassed } from '../domain/precheck.ts';
import type { Project } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import { updateAlertsFromState } from './alerts.ts';
import { partiallyFailed, readFinalStats, rolledBack, succeeded } from './completion.ts';
import type { UseCaseContext } from './context.ts';
import type { LinkStatus } from './ports.ts';
import { observeProject, precheckProject } from './queries.ts';
import { pauseBeforeRestore, reconcile } from './reconcile.ts';
import type { ClaimedOperation, Completion } from './stores.ts';

/**
 * Carries a confirmed operation out. May be called any number of times, by any number of workers:
 * the claim lets one in, a repeat carries on where the work stands, and an operation that is over stays so.
 */
export async function execute(deps: UseCaseContext, ref: OperationRef): Promise<void> {
  const executionId = deps.ids.next();
  const log = { project: ref.project, operationId: ref.operation };
  const claimed = await deps.operations.claim(ref, executionId);
  if (claimed.kind === 'unknown') return;
  if (claimed.kind === 'finished') return deps.notifications.operationChanged(ref);
  if (claimed.kind === 'refused') {
    deps.log.info({ ...log, code: claimed.operation.refusal?.code }, 'operation refused by the worker');
    return deps.notifications.operationChanged(ref);
  }
  deps.log.info({ ...log, action: claimed.operation.action }, 'operation started');
  const completed = runToCompletion(deps, ref, claimed);
  // After the links have been asked, and beside them: neither waits for the other.
  const notified = deps.notifications.operationChanged(ref);
  try {
    await completed;
  } finally {
    await deps.operations.endExecution(ref.project, executionId).catch(() => {});
    await notified;
  }
  await deps.notifications.operationChanged(ref);
  await updateAlertsFromState(deps, ref.project);
}

/** Reads everything again in each further turn: another run of the same operation may have come further. */
async function runToCompletion(deps: UseCaseContext, ref: OperationRef, claimed: ClaimedOperation): Promise<void> {
  for (let current: ClaimedOperation | null = claimed; current !== null; current = await reload(deps, ref)) {
    const completion = await runAction(deps, current);
    if (completion === null) return;
    const committed = await deps.operations.commit(completion);
    if (committed.kind === 'conflict') continue;
    const { state } = committed.operation;
    deps.log.info({ project: ref.project, operationId: ref.operation, state }, 'operation ended');
    return;
  }
}

/** Null: somebody else has come to the end of it. */
async function reload(deps: UseCaseContext, ref: OperationRef): Promise<ClaimedOperation | null> {
  const [project, operation, now] = await Promise.all([
    deps.projects.read(ref.project),
    deps.operations.read(ref),
    deps.serverClock.now(),
  ]);
  return project === null || operation === null || project.activeOperation !== ref.operation
    ? null
    : { project, operation, now };
}

async function runAction(deps: UseCaseContext, claimed: ClaimedOperation): Promise<Completion | null> {
  const { project, operation } = claimed;
  if (operation.action === 'adopt') return adoptLinks(deps, project, operation);
  if (!needsPreflight(operation)) return reconcileLinks(deps, claimed);
  const refusal = await preflight(deps, project, operation);
  if (refusal !== null) return rolledBack(project, operation, refusal);
  const reloaded = await reload(deps, refOf(operation));
  return reloaded === null ? null : reconcileLinks(deps, reloaded);
}

/** Start and Restore are checked once more before they touch a link; `progress` tells that they have passed. */
function needsPreflight({ action, progress }: Operation): boolean {
  return (action === 'start' || action === 'restore') && progress === null;
}

/**
 * Start and Restore read every flag first. One that does not answer, or a failed precheck, means that nothing is touched
 * and the state goes back. Otherwise there is no way back from here on.
 */
async function preflight(deps: UseCaseContext, project: Project, operation: Operation): Promise<Refusal | null> {
  const { links } = project.definition;
  const statuses = await deps.links.readStatuses(links, linkTimeoutMs);
  const unreachable = links.filter((_link, index) => statuses[index] === 'unreachable');
  if (unreachable.length > 0) return { code: 'links_unreachable', project: project.id, links: unreachable };
  let tasksToRetry = 0;
  if (operation.action === 'start') {
    const { items } = await precheckProject(deps, project);
    if (!precheckPassed(items)) return { code: 'precheck_failed', project: project.id, items };
  } else {
    const running = links.filter((_link, index) => statuses[index] === 'resumed');
    const current = await deps.operations.read(refOf(operation));
    if (current === null || !needsPreflight(current)) return null;
    const notPaused = await pauseBeforeRestore(deps, project, running);
    if (notPaused.length > 0) return { code: 'links_unreachable', project: project.id, links: [...notPaused] };
    tasksToRetry = countFailures((await observeProject(deps, project)).links);
  }
  await deps.operations.setProgress(refOf(operation), { done: 0, total: links.length, tasksToRetry });
  return null;
}

async function reconcileLinks(
  deps: UseCaseContext,
  { project, operation, now }: ClaimedOperation,
): Promise<Completion | null> {
  const ref = refOf(operation);
  const tasksToRetry = operation.progress?.tasksToRetry ?? 0;
  const result = await reconcile(deps, {
    project: ref.project,
    knownProject: project,
    operationId: ref.operation,
    timeoutMs: Math.max(0, reconcileTimeoutMs - (now - (operation.startedAt ?? 0))),
    onProgress: ({ done, total }) => void reportProgress(deps, ref, { done, total, tasksToRetry }),
  });
  if (result === null) return null;
  const finalStats = await readFinalStats(deps, result.project, operation);
  if (result.kind === 'unreachable') return partiallyFailed(operation, result, finalStats);
  return succeeded(operation, { result, finalStats, state: transitions[operation.action].to ?? 'unchanged' });
}

/** The links do not wait for it, and whether it could be kept makes no difference to them. */
async function reportProgress(deps: UseCaseContext, ref: OperationRef, progress: Progress): Promise<void> {
  try {
    await deps.operations.setProgress(ref, progress);
    await deps.notifications.operationChanged(ref);
  } catch (error) {
    deps.log.warn({ project: ref.project, operationId: ref.operation, error }, 'progress could not be kept');
  }
}

/**
 * Takes the state of a project from its links, all of which are the opposite of what its state wants. No link is touched.
 * Tasks that failed meanwhile still count: after an adopted Running the observer finds them.
 */
export async function adoptLinks(deps: UseCaseContext, project: Project, operation: Operation): Promise<Completion> {
  const { links } = project.definition;
  const statuses = await deps.links.readStatuses(links, linkTimeoutMs);
  const refusal = checkCorrection(project, 'adopt', groupByStatus(links, statuses));
  if (refusal !== null) return rolledBack(project, operation, refusal);
  const result = { kind: 'agreed', project, unreachable: [], missing: [], retriedTasks: 0 } as const;
  const finalStats = await readFinalStats(deps, project, operation);
  return succeeded(operation, { result, finalStats, state: stateFromLinks(desiredLinkState(project.state)) });
}

function groupByStatus(links: readonly Link[], statuses: readonly LinkStatus[]): LinksByStatus {
  const withStatus = (status: LinkStatus) => links.filter((_link, index) => statuses[index] === status);
  return {
    running: withStatus('resumed'),
    paused: withStatus('paused'),
    missing: withStatus('missing'),
    unreachable: withStatus('unreachable'),
  };
}
