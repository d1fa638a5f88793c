import { catchUpTimeoutMs } from '../domain/catch-up.ts';
import { checkCorrection, groupObservations } from '../domain/corrections.ts';
import { includesFailure } from '../domain/failed-tasks.ts';
import { isAllowed, type OperationKind } from '../domain/lifecycle.ts';
import type { TaskFailure } from '../domain/link.ts';
import type { ProjectStats } from '../domain/observation.ts';
import type { Operation, OperationRef } from '../domain/operation.ts';
import type { PauseLimit } from '../domain/paused-until.ts';
import { precheckPassed } from '../domain/precheck.ts';
import type { Actor, Project } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import { toSkippedTasks } from '../domain/skipped-tasks.ts';
import type { UseCaseContext } from './context.ts';
import { fixLimit, type TypedLimit } from './pause-limit.ts';
import { countRemovedFailures, findProject, observeProject, precheckProject, type Refused } from './queries.ts';
import { selectSkipped, selectToSkip, type TaskSelection } from './select-tasks.ts';
import { findFailedAgain } from './skipped-tasks.ts';

/** A request for an operation. Slack has authorized it already (`domain/authorization.ts`); the command line is trusted. */
export interface ActionRequest {
  readonly project: string;
  readonly action: OperationKind;
  readonly by: Actor;
  readonly reason: string | null;
  /** When a pause ends. Null or absent: not before it is restored. */
  readonly limit?: TypedLimit | null;
  /** Whether a pause waits until its project has caught up. Default: false. */
  readonly whenCaughtUp?: boolean;
  /** The tasks that a restore leaves out, or that a retry moves back. Default: none for a restore, all skipped ones for a retry. */
  readonly tasks?: TaskSelection;
  readonly origin: Operation['origin'];
  /** The Slack channel of the request. Null from the command line and from the Home tab. */
  readonly channel: string | null;
  /** The thread of the request in that channel. Null or absent outside a thread. */
  readonly threadTs?: string | null;
}

/** What a dialog shows. */
export interface RequestedOperation {
  readonly operation: Operation;
  readonly project: Project;
  readonly stats: ProjectStats;
  /** A restore cannot retry at least so many failed tasks, because BullMQ removed them. */
  readonly removedTasks: number;
  /** How many of the tasks that a restore would retry have failed again. It does not retry those of the operation. */
  readonly failedAgain: number;
  /** The newest open request of each other person for this project. Their dialogs can still be confirmed. */
  readonly otherRequests: readonly Operation[];
}

export type RequestResult = ({ readonly kind: 'requested' } & RequestedOperation) | Refused;

/**
 * Checks the state rules and observes the links, then writes an operation as `requested`. Writes a refusal to the audit log.
 * Throws `StoreUnavailableError`.
 */
export async function requestAction(context: UseCaseContext, request: ActionRequest): Promise<RequestResult> {
  const found = await findProject(context, request.project);
  if (found.kind === 'refused') return found;
  const { project } = found;
  const checked = await checkRequest(context, project, request);
  if (checked.kind === 'refused') {
    await recordRefusal(context, request, checked.refusal);
    return checked;
  }
  const { tasks, pauseUntil, ...facts } = checked;
  const { limit: _typed, whenCaughtUp = false, ...asked } = request;
  const stored = await context.operations.request({
    ...asked,
    tasks,
    pauseUntil,
    catchUpMs: whenCaughtUp ? catchUpTimeoutMs : null,
    project: project.id,
    id: context.ids.next(),
    projectVersion: project.version,
    ttlMs: context.settings.confirmationTtlMs,
  });
  if (stored.kind === 'refused') return stored;
  const { operation } = stored;
  const { action, by } = request;
  context.log.info({ project: project.id, operationId: operation.id, action, by }, 'operation requested');
  const otherRequests = await listOtherRequests(context, operation);
  return { ...facts, kind: 'requested', operation, project, otherRequests };
}

export type DialogAgain =
  | ({ readonly kind: 'open' } & RequestedOperation)
  /** It was answered or replaced, or has expired. `operation` says so. */
  | { readonly kind: 'closed'; readonly operation: Operation; readonly projectExists: boolean }
  | Refused;

/** Reads again what the dialog of an operation shows, and observes the links. Throws `StoreUnavailableError`. */
export async function readDialog(context: UseCaseContext, ref: OperationRef, by: Actor): Promise<DialogAgain> {
  const [operation, project, now] = await Promise.all([
    context.operations.read(ref),
    context.projects.read(ref.project),
    context.serverClock.now(),
  ]);
  if (operation === null) return { kind: 'refused', refusal: { code: 'unknown_operation' } };
  if (operation.by !== by) return { kind: 'refused', refusal: { code: 'not_requester', by: operation.by } };
  const { state, expiresAt } = operation;
  if (state !== 'requested' || project === null) return { kind: 'closed', operation, projectExists: project !== null };
  // The sweep records it a moment later.
  if (expiresAt <= now) return { kind: 'closed', operation: { ...operation, state: 'expired' }, projectExists: true };
  const facts =
    operation.action === 'restore'
      ? await readRestore(context, project, {
          tasks: operation.tasks,
          failedAgain: await findFailedAgain(context, project),
        })
      : { stats: await observeProject(context, project), removedTasks: 0, failedAgain: 0 };
  return { ...facts, kind: 'open', operation, project, otherRequests: await listOtherRequests(context, operation) };
}

async function listOtherRequests({ operations }: UseCaseContext, request: Operation): Promise<Operation[]> {
  const open = (await operations.listOpen(request.project)).filter(
    ({ state, by, expiresAt }) => state === 'requested' && by !== request.by && expiresAt > request.requestedAt,
  );
  const newestFirst = open.toSorted((a, b) => b.requestedAt - a.requestedAt);
  return [...new Map(newestFirst.toReversed().map((operation) => [operation.by, operation])).values()].toReversed();
}

/** Fixes the end of a pause, then checks the state rules of an operation and observes the links. */
export async function checkRequest(
  context: UseCaseContext,
  project: Project,
  request: Pick<ActionRequest, 'action' | 'tasks' | 'limit' | 'whenCaughtUp'>,
): Promise<(Allowed & { readonly pauseUntil: PauseLimit | null }) | Refused> {
  const { action, limit = null, whenCaughtUp = false } = request;
  const now = await context.serverClock.now();
  const fixed = fixLimit(project, { action, limit, whenCaughtUp, now });
  if (fixed.kind === 'refused') return fixed;
  const refusal = whenCaughtUp ? checkWait(project, action) : null;
  if (refusal !== null) return { kind: 'refused', refusal };
  const checked = await checkState(context, project, request);
  return checked.kind === 'refused' ? checked : { ...checked, pauseUntil: fixed.pauseUntil };
}

/** Why the operation cannot wait until its project has caught up. Null if it can. */
export function checkWait({ id, waitingPause }: Project, action: OperationKind): Refusal | null {
  if (action !== 'pause') return { code: 'catch_up_not_possible', project: id, action };
  if (waitingPause === null) return null;
  return { code: 'pause_waits', project: id, by: waitingPause.by, until: waitingPause.until };
}

export interface Allowed {
  readonly kind: 'allowed';
  readonly tasks: readonly TaskFailure[];
  readonly stats: ProjectStats;
  readonly removedTasks: number;
  readonly failedAgain: number;
}

async function checkState(
  context: UseCaseContext,
  project: Project,
  { action, tasks: selection }: Pick<ActionRequest, 'action' | 'tasks'>,
): Promise<Allowed | Refused> {
  const { id, state, since, by } = project;
  if (!isAllowed(state, action)) {
    return { kind: 'refused', refusal: { code: 'not_allowed', action, project: id, state, since, by } };
  }
  if (action === 'start') {
    const { items, stats } = await precheckProject(context, project);
    if (precheckPassed(items)) return { ...withoutTasks, stats };
    return { kind: 'refused', refusal: { code: 'precheck_failed', project: id, items } };
  }
  if (action === 'restore') return checkRestore(context, project, selection);
  const stats = await observeProject(context, project);
  if (action === 'retry') {
    const selected = await selectSkipped(context, project, selection);
    return selected.kind === 'refused' ? selected : { ...withoutTasks, tasks: selected.tasks, stats };
  }
  if (action === 'reapply' || action === 'adopt') {
    const refusal = checkCorrection(project, action, groupObservations(stats.links));
    if (refusal !== null) return { kind: 'refused', refusal };
  }
  return { ...withoutTasks, stats };
}

const withoutTasks = { kind: 'allowed', tasks: [], removedTasks: 0, failedAgain: 0 } as const;

async function checkRestore(
  context: UseCaseContext,
  project: Project,
  selection: TaskSelection | undefined,
): Promise<Allowed | Refused> {
  const failedAgain = await findFailedAgain(context, project);
  const selected = await selectToSkip(context, project, { selection, failedAgain });
  if (selected.kind === 'refused') return selected;
  const { tasks } = selected;
  return { kind: 'allowed', tasks, ...(await readRestore(context, project, { tasks, failedAgain })) };
}

/** What the dialog of a restore without these tasks shows. */
async function readRestore(
  context: UseCaseContext,
  project: Project,
  { tasks, failedAgain }: { readonly tasks: readonly TaskFailure[]; readonly failedAgain: readonly TaskFailure[] },
): Promise<Pick<Allowed, 'stats' | 'removedTasks' | 'failedAgain'>> {
  const skippedTasks = [...project.skippedTasks, ...toSkippedTasks(tasks, { at: 0, by: project.by })];
  const restored = { ...project, skippedTasks };
  const stats = await observeProject(context, restored);
  const removedTasks = await countRemovedFailures(context, { project: restored, stats });
  const remaining = failedAgain.filter((task) => !includesFailure(tasks, task));
  return { stats, removedTasks, failedAgain: remaining.length };
}

const refusalDedupeMs = 60_000;

/**
 * Writes a refused request to the project's audit log, at most once a minute for the same person, operation kind
 * and refusal code. Never throws.
 */
export async function recordRefusal(
  { deduplication, auditLog, log }: Pick<UseCaseContext, 'deduplication' | 'auditLog' | 'log'>,
  request: ActionRequest,
  refusal: Refusal,
): Promise<void> {
  const { project, tasks: _tasks, threadTs: _thread, limit: _limit, whenCaughtUp: _when, ...refused } = request;
  const dedupeKey = ['refused', project, request.by, request.action, refusal.code].join(':');
  try {
    if (!(await deduplication.claimOnce(dedupeKey, refusalDedupeMs))) return;
    await auditLog.recordRefusal(project, { ...refused, refusal });
  } catch (error) {
    log.warn({ project, error, code: refusal.code }, 'refusal not written to the history');
  }
}
