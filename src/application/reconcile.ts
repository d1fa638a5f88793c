import { desiredLinkState } from '../domain/lifecycle.ts';
import { type Link, linkId } from '../domain/link.ts';
import type { Progress } from '../domain/operation.ts';
import type { Project, ProjectId } from '../domain/project.ts';
import { backoffMs } from '../lib/retry.ts';
import type { UseCaseContext } from './context.ts';
import { LinksUnreachableError } from './errors.ts';
import { endExecution } from './executions.ts';
import { linkResponseTimeoutMs, type OnRetried, setPausedFenced } from './fencing.ts';
import { idleExecutionPrefix } from './operation-store.ts';

export interface ReconcileOptions {
  readonly project: ProjectId;
  /** The operation that this call works for, or null. A project with another active operation is left to that one. */
  readonly operationId: string | null;
  /** Until when links are tried again, ms from the call by the monotonic clock. */
  readonly timeoutMs: number;
  /** The project as the caller has just read it. Saves the first read. */
  readonly knownProject?: Project;
  /**
   * Until this moment of the monotonic clock, commands of other executions may still reach the links. Links that match are
   * compared once more then. Default: no other execution is under way.
   */
  readonly settledAt?: number;
  /** Called after each chunk of links but the last. `reconcile` does not wait for it. */
  readonly onProgress?: (progress: Progress) => void;
  /** Called with the results of each attempt to retry failed tasks. */
  readonly onRetried?: OnRetried;
}

export type ReconcileResult =
  /** `unreachable`: links did not answer, and there is time left: another process may reach them. */
  | (ReconciledLinks & { readonly kind: 'reconciled' | 'unreconciled' | 'unreachable' })
  | { readonly kind: 'not_found' }
  /** The operation of this call is not active, or another one is, or the links are reconciled already. */
  | { readonly kind: 'not_owner' };

export interface ReconciledLinks {
  /** The project that the links were compared with. */
  readonly project: Project;
  /** Links that do not have, or may not have, the desired pause flag. Empty if reconciled. */
  readonly unreconciled: readonly Link[];
  /** Links without a queue. */
  readonly missing: readonly Link[];
}

/**
 * Brings the pause flags of a project's links to the state that the project desires: compares, sets the flags that differ,
 * compares again. Starts over if the project's version changes meanwhile. Tries links that answer again until the timeout.
 * An attempt that has retried tasks is followed by another, also after the timeout. Returns if a link does not answer before
 * the timeout: the caller gives the work to another process. Only `setPausedFenced` writes pause flags.
 *
 * If another operation becomes active while this call sets flags, a command of this call may have reached a link after that
 * operation compared it. So the call waits for the end of that operation and reconciles once more. Without an operation it waits only until the timeout.
 *
 * Throws `StoreUnavailableError`, and an `AbortError` if the process stops.
 */
export async function reconcile(context: UseCaseContext, options: ReconcileOptions): Promise<ReconcileResult> {
  const { clock, projects, stopSignal } = context;
  const { operationId, knownProject, onProgress, onRetried } = options;
  const deadline = clock.monotonicNow() + options.timeoutMs;
  let hasSetFlags = false;

  for (let attempts = 1; ; attempts++) {
    stopSignal.throwIfAborted();
    const isKnown = attempts === 1 && knownProject !== undefined;
    const project = isKnown ? knownProject : await projects.read(options.project);
    if (project === null) return { kind: 'not_found' };

    const backoff = () => clock.sleep(backoffMs({ attempts, initialMs: 100, maxMs: 2_000 }), stopSignal);
    const isOwner = project.activeOperation === operationId || (hasSetFlags && project.activeOperation === null);
    if (!isOwner) {
      const waitsForOwner = hasSetFlags && (operationId !== null || clock.monotonicNow() < deadline);
      if (!waitsForOwner) return { kind: 'not_owner' };
      await backoff();
      continue;
    }

    let compared = await compareLinks(context, project, operationId);
    let hasRetriedTasks = false;
    if (compared.differing.length > 0) {
      const total = project.definition.links.length;
      const doneBefore = total - compared.unreconciled.length;
      const set = await setPausedFenced(context, project, {
        links: compared.differing,
        desired: desiredLinkState(project.state),
        onRetried: (results) => {
          hasRetriedTasks ||= results.some(({ tasks }) => tasks > 0);
          onRetried?.(results);
        },
        onApplied: (count) => {
          const done = doneBefore + count;
          if (done < total) onProgress?.({ done, total });
        },
      });
      hasSetFlags ||= set.mayHaveSentCommands;
      if (set.kind === 'version_changed') continue;
      const [comparedAfter, version] = await Promise.all([
        compareLinks(context, project, operationId),
        projects.readVersion(project.id),
      ]);
      if (version !== project.version) continue;
      compared = comparedAfter;
    }

    const { unreconciled, differing, missing } = compared;
    const links = { project, unreconciled, missing };
    if (unreconciled.length === 0) {
      const unsettledMs = (options.settledAt ?? 0) - clock.monotonicNow();
      if (unsettledMs <= 0) return { kind: 'reconciled', ...links };
      await clock.sleep(unsettledMs, stopSignal);
      continue;
    }
    const isLate = clock.monotonicNow() >= deadline;
    if (isLate && !hasRetriedTasks) return { kind: 'unreconciled', ...links };
    if (!isLate && differing.length < unreconciled.length) return { kind: 'unreachable', ...links };
    await backoff();
  }
}

/**
 * Reconciles a project without an active operation: after a failure, after an apply, or if the sweep finds unreconciled
 * links. Records that the links are reconciled, so that the sweep does not find them again, and which queues are missing.
 */
export async function reconcileIdle(
  context: UseCaseContext,
  project: ProjectId,
  timeoutMs: number,
): Promise<ReconcileResult> {
  const knownProject = await context.projects.read(project);
  if (knownProject === null) return { kind: 'not_found' };
  // A second job of the same cause: what differs now was changed by a person since.
  if (knownProject.reconciledVersion >= knownProject.version) return { kind: 'not_owner' };
  const executionId = `${idleExecutionPrefix}${context.ids.next()}`;
  let result: ReconcileResult;
  try {
    await context.operations.beginExecution(project, executionId);
    result = await reconcile(context, { project, operationId: null, knownProject, timeoutMs });
  } finally {
    await endExecution(context, { project, executionId });
  }
  if (result.kind !== 'reconciled') return result;
  const marked = await context.projects.markReconciled(project, result.project.version, pendingLinksAfter(result));
  if (marked.kind === 'reconciled' && marked.operationToNotify !== null) {
    await context.notifications.operationChanged({ project, operation: marked.operationToNotify });
  }
  return result;
}

/** The job `reconcile`. Throws `LinksUnreachableError` if links do not answer, so that another worker gets the job. */
export async function runReconcileJob(context: UseCaseContext, project: ProjectId, timeoutMs: number): Promise<void> {
  const result = await reconcileIdle(context, project, timeoutMs);
  if (result.kind === 'unreachable') throw createLinksUnreachableError(context, result.unreconciled);
}

export function createLinksUnreachableError(
  { links }: UseCaseContext,
  unreachable: readonly Link[],
): LinksUnreachableError {
  const isConnectionDown = unreachable.some(({ connection }) => links.connectionState(connection) !== 'available');
  return new LinksUnreachableError({ isConnectionDown });
}

interface Comparison {
  /** Links that answered with the other pause flag. */
  readonly differing: readonly Link[];
  /** `differing`, and the links that did not answer. */
  readonly unreconciled: readonly Link[];
  readonly missing: readonly Link[];
}

/** Without an operation, compares only `linksToReconcile`: drift that other clients caused is for the operators to decide. */
async function compareLinks(
  context: UseCaseContext,
  { state, definition, linksToReconcile }: Project,
  operationId: string | null,
): Promise<Comparison> {
  const desired = desiredLinkState(state);
  const statuses = await context.links.readStatuses(definition.links, linkResponseTimeoutMs);
  const read = definition.links.map((link, index) => ({ link, status: statuses[index] ?? 'unreachable' }));
  const includesAll = operationId !== null || linksToReconcile === null;
  const unreconciled = read.filter(
    ({ link, status }) =>
      status !== desired && status !== 'missing' && (includesAll || linksToReconcile.includes(linkId(link))),
  );
  return {
    differing: unreconciled.filter(({ status }) => status !== 'unreachable').map(({ link }) => link),
    unreconciled: unreconciled.map(({ link }) => link),
    missing: read.filter(({ status }) => status === 'missing').map(({ link }) => link),
  };
}

/** Links without a queue, and those whose queue was created meanwhile but was not reconciled: the observer finds them later. */
function pendingLinksAfter({ project, missing }: ReconciledLinks): string[] {
  const missingIds = missing.map(linkId);
  const { pendingLinks, linksToReconcile } = project;
  if (linksToReconcile === null) return missingIds;
  const created = (pendingLinks ?? []).filter((id) => !missingIds.includes(id) && !linksToReconcile.includes(id));
  return [...missingIds, ...created];
}
