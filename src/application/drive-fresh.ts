import type { DesiredLinkState } from '../domain/lifecycle.ts';
import type { Link, Project } from '../domain/project.ts';
import type { UseCaseContext } from './deps.ts';

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
    applied.push(...remaining.filter((_link, index) => results[index] === 'driven'));
    remaining = remaining.filter((_link, index) => results[index] === 'late');
    if (remaining.length === 0) return applied;
    deps.stopping.throwIfAborted();
    deps.log.info(
      { project: project.id, operationId: project.activeOperation ?? undefined, links: remaining.length },
      'too late to drive links, tried again at a version asked anew',
    );
    readAt = deps.clock.monotonicNow();
    if ((await deps.store.readVersion(project.id)) !== project.version) return 'moved';
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
  if ((await deps.store.readVersion(project.id)) !== project.version) return running;
  const applied = await setPausedFenced(deps, project, { links: running, wanted: 'paused', versionReadAt });
  return applied === 'moved' ? running : running.filter((link) => !applied.includes(link));
}
