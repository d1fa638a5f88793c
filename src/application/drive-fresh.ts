import type { Wanted } from '../domain/lifecycle.ts';
import type { Link, Project } from '../domain/project.ts';
import type { Deps } from './deps.ts';

/** How long a link has to answer, ms. */
export const answerMs = 5_000;
const firstFreshMs = 500;

export interface Asked {
  readonly links: readonly Link[];
  /** When the version was asked for at which they may be driven, ms of the clock's `elapsed`. */
  readonly askedAt: number;
}

/**
 * Drives links at a version of their project that was asked for just now: a process may be stopped after it has asked, and
 * what it sent then could undo what others have done meanwhile. Links that it was too late for are tried again at a version
 * asked for anew, with more patience each time, since it may as well be Redis that is slow. Answers those that are driven.
 */
export async function driveFresh(
  deps: Deps,
  project: Project,
  { links, wanted, askedAt }: Asked & { readonly wanted: Wanted },
): Promise<readonly Link[] | 'moved'> {
  const driven: Link[] = [];
  let [left, asked] = [links, askedAt];
  for (let freshMs = firstFreshMs; ; freshMs = Math.min(freshMs * 2, answerMs)) {
    const sendMs = freshMs - (deps.clock.elapsed() - asked);
    const results = await deps.links.drive(left, wanted, { answerMs, sendMs });
    driven.push(...left.filter((_link, index) => results[index] === 'driven'));
    left = left.filter((_link, index) => results[index] === 'late');
    if (left.length === 0) return driven;
    deps.stopping.throwIfAborted();
    deps.log.info(
      { project: project.id, operationId: project.holder ?? undefined, links: left.length },
      'too late to drive links, tried again at a version asked anew',
    );
    asked = deps.clock.elapsed();
    if ((await deps.store.version(project.id)) !== project.version) return 'moved';
  }
}

/**
 * Before a Restore: links that run although their project is held still are paused, so that what failed on them can be put
 * back. Answers those of which it is not known whether they are.
 */
export async function holdStill(deps: Deps, project: Project, running: readonly Link[]): Promise<readonly Link[]> {
  if (running.length === 0) return [];
  const askedAt = deps.clock.elapsed();
  if ((await deps.store.version(project.id)) !== project.version) return running;
  const driven = await driveFresh(deps, project, { links: running, wanted: 'paused', askedAt });
  return driven === 'moved' ? running : running.filter((link) => !driven.includes(link));
}
