import type { DesiredLinkState } from '../domain/lifecycle.ts';
import { type Link, linkId } from '../domain/link.ts';
import { hasQueue } from '../domain/observation.ts';
import { type Project, watermarkOf } from '../domain/project.ts';
import { toChunks } from '../lib/async.ts';
import type { UseCaseContext } from './context.ts';
import type { RetryFailedResult } from './ports.ts';

/** How long a link has to answer, ms. */
export const linkResponseTimeoutMs = 5_000;

/** Called with the results of each attempt to retry failed tasks. */
export type OnRetried = (results: readonly RetryFailedResult[]) => void;

interface SetPausedRequest {
  readonly links: readonly Link[];
  readonly desired: DesiredLinkState;
  /** Called after each chunk with the number of links set so far. */
  readonly onApplied?: (count: number) => void;
  readonly onRetried?: OnRetried | undefined;
}

interface SetPausedSummary {
  readonly kind: 'finished' | 'version_changed';
  /** Links whose Redis has confirmed the command. */
  readonly applied: readonly Link[];
  readonly mayHaveSentCommands: boolean;
}

const chunkSize = 1_000;
const initialValidityMs = 500;
/** No command is valid for longer after its version was read, ms. */
export const maxValidityMs = linkResponseTimeoutMs;

/**
 * Sets the pause flags of these links, chunk by chunk. Stops if the project's version has changed.
 *
 * The commands are fenced: a process may be suspended after it has read the version, and a command that it sends later
 * could undo what another worker has done meanwhile. So each command expires soon after that read. Links whose command
 * expired are tried again at a version that is read again, with twice the time, since a slow Redis is the other cause.
 */
export async function setPausedFenced(
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
