import { type DesiredLinkState, desiredLinkState } from '../domain/lifecycle.ts';
import { type Link, linkId } from '../domain/link.ts';
import type { Progress } from '../domain/operation.ts';
import { type Project, type ProjectId, watermarkOf } from '../domain/project.ts';
import { toChunks } from '../lib/async.ts';
import type { UseCaseContext } from './context.ts';
import type { LinkStatus, LinkWithWatermark } from './ports.ts';

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
    deps.stopSignal.throwIfAborted();
    const project = knownProject ?? (await deps.projects.read(options.project));
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
    await deps.clock.sleep(backoffMs, deps.stopSignal);
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
  const marked = await deps.projects.markSynced(project, version, pendingLinksOf(result));
  if (marked.kind === 'synced' && marked.operationToNotify !== null) {
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

const chunkSize = 1_000;

export interface ReconcileOnceOptions {
  /** The operation that this run works for; null: for none. What another operation holds is left to that one. */
  readonly operationId: string | null;
  /** Hears how many links have been driven; nobody waits for it. */
  readonly onProgress?: (progress: Progress) => void;
}

/** `drove`: a link was driven, or it is not known that none was. */
interface AttemptProgress {
  readonly hasSetFlags: boolean;
  readonly retriedTasks: number;
}

/** `moved`: the project's version is no longer the one that was worked for. */
export type Attempt =
  | (AttemptProgress & { readonly kind: 'moved' })
  | (AttemptProgress & {
      readonly kind: 'compared';
      readonly unreachable: readonly Link[];
      readonly missing: readonly Link[];
    });

/** One attempt of converge: reads every flag, drives what differs, chunk by chunk, and reads again. */
export async function reconcileOnce(
  deps: UseCaseContext,
  project: Project,
  options: ReconcileOnceOptions,
): Promise<Attempt> {
  const { links } = project.definition;
  const desired = desiredLinkState(project.state);
  const isIncluded = shouldReconcile(project, options.operationId);
  const statuses = await deps.links.readStatuses(links, linkResponseTimeoutMs);
  const differing = links.filter((link, index) => statuses[index] === opposite(desired) && isIncluded(link));
  let done = links.length - differing.length - statuses.filter((flag) => flag === 'unreachable').length;
  let retriedTasks = 0;
  let hasSetFlags = false;
  for (const chunk of toChunks(differing, chunkSize)) {
    const versionReadAt = deps.clock.monotonicNow();
    if ((await deps.projects.readVersion(project.id)) !== project.version)
      return { kind: 'moved', hasSetFlags, retriedTasks };
    const fenced: PreparedLinks = { links: chunk, retriedTasks: 0, versionReadAt };
    const ready = desired === 'resumed' ? await prepareResume(deps, project, fenced) : fenced;
    if (ready === 'moved') return { kind: 'moved', hasSetFlags, retriedTasks };
    retriedTasks += ready.retriedTasks;
    hasSetFlags = true;
    const applied = await setPausedFenced(deps, project, { ...ready, wanted: desired });
    if (applied === 'moved') return { kind: 'moved', hasSetFlags, retriedTasks };
    done += applied.length;
    if (done < links.length) options.onProgress?.({ done, total: links.length });
  }
  if (!hasSetFlags)
    return { kind: 'compared', hasSetFlags, retriedTasks, ...compare(links, statuses, { desired, isIncluded }) };

  const [after, version] = await Promise.all([
    deps.links.readStatuses(links, linkResponseTimeoutMs),
    deps.projects.readVersion(project.id),
  ]);
  if (version !== project.version) return { kind: 'moved', hasSetFlags, retriedTasks };
  return { kind: 'compared', hasSetFlags, retriedTasks, ...compare(links, after, { desired, isIncluded }) };
}

interface PreparedLinks extends FencedLinks {
  readonly retriedTasks: number;
}

/**
 * Before a link is resumed by Start or Restore, while its flag is still paused: Restore puts the failed tasks back, and
 * both move the watermark, so that only later failures count. Links where that did not work stay paused for now, also when
 * a task in flight has failed in between: it is put back in the next attempt. A link that somebody has resumed meanwhile
 * keeps its watermark: what failed there is not back and must count.
 */
async function prepareResume(
  deps: UseCaseContext,
  project: Project,
  fenced: PreparedLinks,
): Promise<PreparedLinks | 'moved'> {
  if (project.state !== 'starting' && project.state !== 'restoring') return fenced;
  const watched = fenced.links.map((link) => ({ link, watermark: watermarkOf(project, link) }));
  const results = project.state === 'restoring' ? await deps.links.retryFailed(watched) : [];
  const prepared = watched.filter((_item, index) => results[index]?.kind !== 'unreachable');
  const retriedTasks = results.reduce((total, { tasks }) => total + tasks, 0);
  const moved = await moveWatermarks(deps, project, prepared);
  return moved === 'moved' ? 'moved' : { ...moved, retriedTasks };
}

async function moveWatermarks(
  deps: UseCaseContext,
  project: Project,
  prepared: readonly LinkWithWatermark[],
): Promise<FencedLinks | 'moved'> {
  const observations = await deps.links.observe(prepared);
  const read = observations
    .filter((reading) => reading.kind === 'read')
    .filter(
      ({ paused, failuresAfterWatermark }) => paused && (project.state === 'starting' || failuresAfterWatermark === 0),
    );
  const watermarks = Object.fromEntries(read.map(({ link, newestFailed }) => [linkId(link), newestFailed]));
  const versionReadAt = deps.clock.monotonicNow();
  const moved = await deps.projects.setWatermarks(project.id, project.version, watermarks);
  return moved.kind === 'written' ? { links: read.map(({ link }) => link), versionReadAt } : 'moved';
}

interface Comparison {
  readonly desired: DesiredLinkState;
  readonly isIncluded: (link: Link) => boolean;
}

function compare(links: readonly Link[], statuses: readonly LinkStatus[], { desired: wanted, isIncluded }: Comparison) {
  const isMissing = (index: number) => statuses[index] === 'missing';
  return {
    missing: links.filter((_link, index) => isMissing(index)),
    unreachable: links.filter((link, index) => statuses[index] !== wanted && !isMissing(index) && isIncluded(link)),
  };
}

/** An operation sees to every link; without one, what somebody else has paused or resumed is left to people. */
function shouldReconcile({ linksToReconcile }: Project, operationId: string | null): (link: Link) => boolean {
  const ids = operationId === null && linksToReconcile !== null ? new Set(linksToReconcile) : null;
  return (link) => ids === null || ids.has(linkId(link));
}

function opposite(desired: DesiredLinkState): DesiredLinkState {
  return desired === 'paused' ? 'resumed' : 'paused';
}

/** How long a link has to answer, ms. */
export const linkResponseTimeoutMs = 5_000;
const initialValidityMs = 500;

export interface FencedLinks {
  readonly links: readonly Link[];
  /** When the version was asked for at which they may be driven, ms of the clock's `elapsed`. */
  readonly versionReadAt: number;
}

/**
 * Drives links at a version of their project that was asked for just now: a process may be stopped after it has asked, and
 * what it sent then could undo what others have done meanwhile. Links that it was too late for are tried again at a version
 * asked for anew, with more patience each time, since it may as well be Redis that is slow. Answers those that are driven.
 */
export async function setPausedFenced(
  deps: UseCaseContext,
  project: Project,
  { links, wanted: desired, versionReadAt }: FencedLinks & { readonly wanted: DesiredLinkState },
): Promise<readonly Link[] | 'moved'> {
  const applied: Link[] = [];
  let [remaining, readAt] = [links, versionReadAt];
  for (let validityMs = initialValidityMs; ; validityMs = Math.min(validityMs * 2, linkResponseTimeoutMs)) {
    const validForMs = validityMs - (deps.clock.monotonicNow() - readAt);
    const results = await deps.links.setPaused(remaining, desired, { responseMs: linkResponseTimeoutMs, validForMs });
    applied.push(...remaining.filter((_link, index) => results[index] === 'applied'));
    remaining = remaining.filter((_link, index) => results[index] === 'expired');
    if (remaining.length === 0) return applied;
    deps.stopSignal.throwIfAborted();
    deps.log.info(
      { project: project.id, operationId: project.activeOperation ?? undefined, links: remaining.length },
      'too late to drive links, tried again at a version asked anew',
    );
    readAt = deps.clock.monotonicNow();
    if ((await deps.projects.readVersion(project.id)) !== project.version) return 'moved';
  }
}

/**
 * Before a Restore: links that run although their project is held still are paused, so that what failed on them can be put
 * back. Answers those of which it is not known whether they are.
 */
export async function pauseBeforeRestore(
  deps: UseCaseContext,
  project: Project,
  running: readonly Link[],
): Promise<readonly Link[]> {
  if (running.length === 0) return [];
  const versionReadAt = deps.clock.monotonicNow();
  if ((await deps.projects.readVersion(project.id)) !== project.version) return running;
  const applied = await setPausedFenced(deps, project, { links: running, wanted: 'paused', versionReadAt });
  return applied === 'moved' ? running : running.filter((link) => !applied.includes(link));
}
