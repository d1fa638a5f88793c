import { type Link, linkId, type Project, type ProjectId } from '../domain/project.ts';
import type { UseCaseContext } from './deps.ts';
import { type ReconcileOnceOptions, reconcileOnce } from './drive-once.ts';

export interface ReconcileOptions extends ReconcileOnceOptions {
  readonly project: ProjectId;
  /** How long links that do not answer are tried again, ms. */
  readonly timeoutMs: number;
  /** The project as it was read just now: spares the first reading. */
  readonly knownProject?: Project;
}

/** Where the links stand at the end; `project` is what they were last compared with. */
export interface ReconcileResult {
  readonly kind: 'agreed' | 'unreachable';
  readonly project: Project;
  /** Links that are not, or may not be, what the state wants. Empty when agreed. */
  readonly unreachable: readonly Link[];
  readonly missing: readonly Link[];
  readonly retriedTasks: number;
}

const initialBackoffMs = 100;
const maxBackoffMs = 2_000;

/**
 * Drives the links of a project to what its state wants, without an operation only those that are asked for: reads, acts
 * only on a difference, reads again, and starts over when the project's version moved. The only code that touches a pause
 * flag. Null: the project is gone, or it is somebody else's to drive. A run that has driven a link already stays until
 * nobody holds the project, and looks once more: what it sent may have landed late.
 */
export async function reconcile(deps: UseCaseContext, options: ReconcileOptions): Promise<ReconcileResult | null> {
  const deadline = deps.clock.now() + options.timeoutMs;
  let knownProject = options.knownProject;
  let retriedTasks = 0;
  let hasSetFlags = false;
  for (let backoffMs = initialBackoffMs; ; backoffMs = Math.min(backoffMs * 2, maxBackoffMs)) {
    deps.stopping.throwIfAborted();
    const project = knownProject ?? (await deps.store.read(options.project));
    knownProject = undefined;
    if (project === null) return null;
    const isOurs = project.activeOperation === options.operationId || (hasSetFlags && project.activeOperation === null);
    if (!isOurs && !hasSetFlags) return null;
    if (isOurs) {
      const attempt = await reconcileOnce(deps, project, options);
      retriedTasks += attempt.retriedTasks;
      hasSetFlags ||= attempt.hasSetFlags;
      if (attempt.kind === 'moved') continue;
      const { unreachable, missing } = attempt;
      if (unreachable.length === 0) return { kind: 'agreed', project, unreachable, missing, retriedTasks };
      if (deps.clock.now() >= deadline) return { kind: 'unreachable', project, unreachable, missing, retriedTasks };
    } else if (options.operationId === null && deps.clock.now() >= deadline) return null;
    await deps.clock.sleep(backoffMs, deps.stopping);
  }
}

/**
 * Converges a project that no operation holds: after a failure, an apply, or when the sweep found its links behind its
 * state. Records the agreement, so that the sweep can rest, and which queues were missing: they may come any time.
 */
export async function reconcileIdle(
  deps: UseCaseContext,
  project: ProjectId,
  timeoutMs: number,
): Promise<ReconcileResult | null> {
  const result = await reconcile(deps, { project, operationId: null, timeoutMs });
  if (result?.kind !== 'agreed') return result;
  const { version } = result.project;
  const marked = await deps.store.markSynced(project, version, pendingLinksOf(result));
  if (marked.kind === 'converged' && marked.operationToNotify !== null) {
    await deps.notifications.operationChanged({ project, operation: marked.operationToNotify });
  }
  return result;
}

/** Links without a queue, and those that have got one meanwhile and were not asked for: they are still to be told, and seen to. */
function pendingLinksOf({ project, missing }: ReconcileResult): string[] {
  const missingIds = missing.map(linkId);
  const { pendingLinks, linksToReconcile } = project;
  const createdIds =
    linksToReconcile === null
      ? []
      : (pendingLinks ?? []).filter((id) => !missingIds.includes(id) && !linksToReconcile.includes(id));
  return [...missingIds, ...createdIds];
}
