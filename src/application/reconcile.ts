import { type DesiredLinkState, desiredLinkState } from '../domain/lifecycle.ts';
import { type Link, linkId } from '../domain/link.ts';
import { hasQueue } from '../domain/observation.ts';
import type { Progress } from '../domain/operation.ts';
import { type Project, type ProjectId, watermarkOf } from '../domain/project.ts';
import { toChunks } from '../lib/async.ts';
import { backoffMs } from '../lib/retry.ts';
import type { UseCaseContext } from './context.ts';
import { LinksUnreachableError } from './errors.ts';
import type { RetryFailedResult } from './ports.ts';

export interface ReconcileOptions {
  readonly project: ProjectId;
  /** The operation that this call works for, or null. A project with another active operation is left to that one. */
  readonly operationId: string | null;
  /** Until when links are tried again, ms from the call by the monotonic clock. */
  readonly timeoutMs: number;
  /** The project as the caller has just read it. Saves the first read. */
  readonly knownProject?: Project;
  /** Called after each chunk of links but the last. `reconcile` does not wait for it. */
  readonly onProgress?: (progress: Progress) => void;
  /** Called with the results of each attempt to retry failed tasks. */
  readonly onRetried?: (results: readonly RetryFailedResult[]) => void;
}

export type ReconcileResult =
  /** `unreachable`: links did not answer, and there is time left: another process may reach them. */
  | (ReconciledLinks & { readonly kind: 'reconciled' | 'unreconciled' | 'unreachable' })
  | { readonly kind: 'not_found' }
  /** The operation of this call is not active, or another one is. */
  | { readonly kind: 'not_owner' };

export interface ReconciledLinks {
  /** The project that the links were compared with. */
  readonly project: Project;
  /** Links that do not have, or may not have, the desired pause flag. Empty if reconciled. */
  readonly unreconciled: readonly Link[];
  /** Links without a queue. */
  readonly missing: readonly Link[];
}

/** How long a link has to answer, ms. */
const linkResponseTimeoutMs = 5_000;

/**
 * Brings the pause flags of a project's links to the state that the project desires: compares, sets the flags that differ,
 * compares again. Starts over if the project's version changes meanwhile. Tries links that answer again until the timeout.
 * An attempt that has retried tasks is followed by another, also after the timeout. Returns if a link does not answer before
 * the timeout: the caller gives the work to another process. Only `setPausedFenced` writes pause flags.
 *
 * If another operation becomes active after this call has set flags, a command of this call may arrive late. So the call
 * waits for the end of that operation and reconciles once more. Without an operation it waits only until the timeout.
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
    if (unreconciled.length === 0) return { kind: 'reconciled', ...links };
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
  const result = await reconcile(context, { project, operationId: null, timeoutMs });
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

/**
 * Pauses links that run unexpectedly before a restore, so that their failed tasks can be retried. Returns the links that may
 * still run.
 */
export async function pauseBeforeRestore(
  context: UseCaseContext,
  project: Project,
  running: readonly Link[],
): Promise<readonly Link[]> {
  const { applied } = await setPausedFenced(context, project, { links: running, desired: 'paused' });
  return running.filter((link) => !applied.includes(link));
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

interface SetPausedRequest {
  readonly links: readonly Link[];
  readonly desired: DesiredLinkState;
  /** Called after each chunk with the number of links set so far. */
  readonly onApplied?: (count: number) => void;
  readonly onRetried?: ReconcileOptions['onRetried'] | undefined;
}

interface SetPausedSummary {
  readonly kind: 'finished' | 'version_changed';
  /** Links whose Redis has confirmed the command. */
  readonly applied: readonly Link[];
  readonly mayHaveSentCommands: boolean;
}

const chunkSize = 1_000;
const initialValidityMs = 500;
const maxValidityMs = linkResponseTimeoutMs;

/**
 * Sets the pause flags of these links, chunk by chunk. Stops if the project's version has changed.
 *
 * The commands are fenced: a process may be suspended after it has read the version, and a command that it sends later
 * could undo what another worker has done meanwhile. So each command expires soon after that read. Links whose command
 * expired are tried again at a version that is read again, with twice the time, since a slow Redis is the other cause.
 */
async function setPausedFenced(
  context: UseCaseContext,
  project: Project,
  { links, desired, onApplied, onRetried }: SetPausedRequest,
): Promise<SetPausedSummary> {
  const { clock, log, stopSignal } = context;
  const applied: Link[] = [];
  let mayHaveSentCommands = false;

  for (const chunk of toChunks(links, chunkSize)) {
    let fence = await readFence(context, project);
    let remaining: readonly Link[] = chunk;
    if (fence.kind === 'valid' && desired === 'resumed') {
      ({ fence, links: remaining } = await prepareResume(context, project, { links: chunk, fence, onRetried }));
    }
    for (
      let validityMs = initialValidityMs;
      remaining.length > 0;
      validityMs = Math.min(validityMs * 2, maxValidityMs)
    ) {
      if (fence.kind === 'version_changed') return { kind: 'version_changed', applied, mayHaveSentCommands };
      mayHaveSentCommands = true;
      const results = await context.links.setPaused(remaining, desired, {
        responseMs: linkResponseTimeoutMs,
        validForMs: validityMs - (clock.monotonicNow() - fence.readAt),
      });
      applied.push(...remaining.filter((_link, index) => results[index] === 'applied'));
      onApplied?.(applied.length);
      remaining = remaining.filter((_link, index) => results[index] === 'expired');
      if (remaining.length === 0) break;
      stopSignal.throwIfAborted();
      const fields = {
        project: project.id,
        operationId: project.activeOperation ?? undefined,
        links: remaining.length,
      };
      log.info(fields, 'commands to links expired, trying again');
      fence = await readFence(context, project);
    }
  }
  return { kind: 'finished', applied, mayHaveSentCommands };
}

/** `readAt`: when the expected version was read or written, ms of the monotonic clock. */
type Fence = { readonly kind: 'valid'; readonly readAt: number } | { readonly kind: 'version_changed' };

async function readFence({ clock, projects }: UseCaseContext, { id, version }: Project): Promise<Fence> {
  const readAt = clock.monotonicNow();
  return (await projects.readVersion(id)) === version ? { kind: 'valid', readAt } : { kind: 'version_changed' };
}

interface PreparedChunk {
  /** The links that are ready to be resumed. */
  readonly links: readonly Link[];
  readonly fence: Fence;
}

/**
 * Before Start and Restore resume links: Restore moves the failed tasks back to wait, and both move the watermarks, so that
 * only later failures count. Not ready to be resumed are:
 * - a link that does not answer, or where a task in flight has failed meanwhile: the next attempt prepares it again;
 * - a link that another client has resumed meanwhile: it keeps its watermark, because its failed tasks were not retried.
 */
async function prepareResume(
  context: UseCaseContext,
  project: Project,
  { links, fence, onRetried }: PreparedChunk & Pick<SetPausedRequest, 'onRetried'>,
): Promise<PreparedChunk> {
  const isRestore = project.state === 'restoring';
  if (project.state !== 'starting' && !isRestore) return { links, fence };
  const linksWithWatermark = links.map((link) => ({ link, watermark: watermarkOf(project, link) }));
  const retried = isRestore ? await context.links.retryFailed(linksWithWatermark) : [];
  onRetried?.(retried);
  const reachable = linksWithWatermark.filter((_link, index) => retried[index]?.kind !== 'unreachable');
  const ready = (await context.links.observe(reachable))
    .filter(hasQueue)
    .filter(({ paused, failuresAfterWatermark }) => paused && (!isRestore || failuresAfterWatermark === 0));
  const watermarks = Object.fromEntries(ready.map(({ link, newestFailed }) => [linkId(link), newestFailed]));
  const readAt = context.clock.monotonicNow();
  const written = await context.projects.setWatermarks(project.id, project.version, watermarks);
  return {
    links: ready.map(({ link }) => link),
    fence: written.kind === 'conflict' ? { kind: 'version_changed' } : { kind: 'valid', readAt },
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
