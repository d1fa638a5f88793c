import { checkCorrection, type LinksByStatus } from '../domain/drift.ts';
import { desiredLinkState, stateFromLinks, transitions } from '../domain/lifecycle.ts';
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
import type { Link, Project } from '../domain/project.ts';
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
export async function execute(context: UseCaseContext, ref: OperationRef): Promise<void> {
  const executionId = context.ids.next();
  const log = { project: ref.project, operationId: ref.operation };
  const claimed = await context.operations.claim(ref, executionId);
  if (claimed.kind === 'unknown') return;
  if (claimed.kind === 'finished') return context.notifications.operationChanged(ref);
  if (claimed.kind === 'refused') {
    context.log.info({ ...log, code: claimed.operation.refusal?.code }, 'operation refused by the worker');
    return context.notifications.operationChanged(ref);
  }
  context.log.info({ ...log, action: claimed.operation.action }, 'operation started');
  const completed = runToCompletion(context, ref, claimed);
  // After the links have been asked, and beside them: neither waits for the other.
  const notified = context.notifications.operationChanged(ref);
  try {
    await completed;
  } finally {
    await context.operations.endExecution(ref.project, executionId).catch(() => {});
    await notified;
  }
  await context.notifications.operationChanged(ref);
  await updateAlertsFromState(context, ref.project);
}

/** Reads everything again in each further turn: another run of the same operation may have come further. */
async function runToCompletion(context: UseCaseContext, ref: OperationRef, claimed: ClaimedOperation): Promise<void> {
  for (let current: ClaimedOperation | null = claimed; current !== null; current = await reload(context, ref)) {
    const completion = await runAction(context, current);
    if (completion === null) return;
    const committed = await context.operations.commit(completion);
    if (committed.kind === 'conflict') continue;
    const { state } = committed.operation;
    context.log.info({ project: ref.project, operationId: ref.operation, state }, 'operation ended');
    return;
  }
}

/** Null: somebody else has come to the end of it. */
async function reload(context: UseCaseContext, ref: OperationRef): Promise<ClaimedOperation | null> {
  const [project, operation, now] = await Promise.all([
    context.projects.read(ref.project),
    context.operations.read(ref),
    context.serverClock.now(),
  ]);
  return project === null || operation === null || project.activeOperation !== ref.operation
    ? null
    : { project, operation, now };
}

async function runAction(context: UseCaseContext, claimed: ClaimedOperation): Promise<Completion | null> {
  const { project, operation } = claimed;
  if (operation.action === 'adopt') return adoptLinks(context, project, operation);
  if (!needsPreflight(operation)) return reconcileLinks(context, claimed);
  const refusal = await preflight(context, project, operation);
  if (refusal !== null) return rolledBack(project, operation, refusal);
  const reloaded = await reload(context, refOf(operation));
  return reloaded === null ? null : reconcileLinks(context, reloaded);
}

/** Start and Restore are checked once more before they touch a link; `progress` tells that they have passed. */
function needsPreflight({ action, progress }: Operation): boolean {
  return (action === 'start' || action === 'restore') && progress === null;
}

/**
 * Start and Restore read every flag first. One that does not answer, or a failed precheck, means that nothing is touched
 * and the state goes back. Otherwise there is no way back from here on.
 */
async function preflight(context: UseCaseContext, project: Project, operation: Operation): Promise<Refusal | null> {
  const { links } = project.definition;
  const statuses = await context.links.readStatuses(links, linkTimeoutMs);
  const unreachable = links.filter((_link, index) => statuses[index] === 'unreachable');
  if (unreachable.length > 0) return { code: 'links_unreachable', project: project.id, links: unreachable };
  let tasksToRetry = 0;
  if (operation.action === 'start') {
    const { items } = await precheckProject(context, project);
    if (!precheckPassed(items)) return { code: 'precheck_failed', project: project.id, items };
  } else {
    const running = links.filter((_link, index) => statuses[index] === 'resumed');
    const current = await context.operations.read(refOf(operation));
    if (current === null || !needsPreflight(current)) return null;
    const notPaused = await pauseBeforeRestore(context, project, running);
    if (notPaused.length > 0) return { code: 'links_unreachable', project: project.id, links: [...notPaused] };
    tasksToRetry = countFailures((await observeProject(context, project)).links);
  }
  await context.operations.setProgress(refOf(operation), { done: 0, total: links.length, tasksToRetry });
  return null;
}

async function reconcileLinks(
  context: UseCaseContext,
  { project, operation, now }: ClaimedOperation,
): Promise<Completion | null> {
  const ref = refOf(operation);
  const tasksToRetry = operation.progress?.tasksToRetry ?? 0;
  const result = await reconcile(context, {
    project: ref.project,
    knownProject: project,
    operationId: ref.operation,
    timeoutMs: Math.max(0, reconcileTimeoutMs - (now - (operation.startedAt ?? 0))),
    onProgress: ({ done, total }) => void reportProgress(context, ref, { done, total, tasksToRetry }),
  });
  if (result === null) return null;
  const finalStats = await readFinalStats(context, result.project, operation);
  if (result.kind === 'unreachable') return partiallyFailed(operation, result, finalStats);
  return succeeded(operation, { result, finalStats, state: transitions[operation.action].to ?? 'unchanged' });
}

/** The links do not wait for it, and whether it could be kept makes no difference to them. */
async function reportProgress(context: UseCaseContext, ref: OperationRef, progress: Progress): Promise<void> {
  try {
    await context.operations.setProgress(ref, progress);
    await context.notifications.operationChanged(ref);
  } catch (error) {
    context.log.warn({ project: ref.project, operationId: ref.operation, error }, 'progress could not be kept');
  }
}

/**
 * Takes the state of a project from its links, all of which are the opposite of what its state wants. No link is touched.
 * Tasks that failed meanwhile still count: after an adopted Running the observer finds them.
 */
export async function adoptLinks(context: UseCaseContext, project: Project, operation: Operation): Promise<Completion> {
  const { links } = project.definition;
  const statuses = await context.links.readStatuses(links, linkTimeoutMs);
  const refusal = checkCorrection(project, 'adopt', groupByStatus(links, statuses));
  if (refusal !== null) return rolledBack(project, operation, refusal);
  const result = { kind: 'agreed', project, unreachable: [], missing: [], retriedTasks: 0 } as const;
  const finalStats = await readFinalStats(context, project, operation);
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
