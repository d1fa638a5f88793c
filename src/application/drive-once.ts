import { type DesiredLinkState, desiredLinkState } from '../domain/lifecycle.ts';
import type { Progress } from '../domain/operation.ts';
import { type Link, linkId, type Project, watermarkOf } from '../domain/project.ts';
import { toChunks } from './chunks.ts';
import type { UseCaseContext } from './deps.ts';
import { type FencedLinks, linkResponseTimeoutMs, setPausedFenced } from './drive-fresh.ts';
import type { LinkStatus, LinkWithWatermark } from './ports.ts';

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
    if ((await deps.store.readVersion(project.id)) !== project.version)
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
    deps.store.readVersion(project.id),
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
  const isSaved = await deps.store.setWatermarks(project.id, project.version, watermarks);
  return isSaved ? { links: read.map(({ link }) => link), versionReadAt } : 'moved';
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
