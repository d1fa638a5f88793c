import { linksWanted, type Wanted } from '../domain/lifecycle.ts';
import type { Progress } from '../domain/operation.ts';
import { type Link, linkId, type Project, watermarkOf } from '../domain/project.ts';
import { chunksOf } from './chunks.ts';
import type { Deps } from './deps.ts';
import { type Asked, answerMs, driveFresh } from './drive-fresh.ts';
import type { Flag, LinkWithWatermark } from './ports.ts';

const chunkSize = 1_000;

export interface DriveOptions {
  /** The operation that this run works for; null: for none. What another operation holds is left to that one. */
  readonly holder: string | null;
  /** Hears how many links have been driven; nobody waits for it. */
  readonly onProgress?: (progress: Progress) => void;
}

/** `drove`: a link was driven, or it is not known that none was. */
interface Driven {
  readonly drove: boolean;
  readonly putBack: number;
}

/** `moved`: the project's version is no longer the one that was worked for. */
export type Attempt =
  | (Driven & { readonly kind: 'moved' })
  | (Driven & { readonly kind: 'compared'; readonly unreachable: readonly Link[]; readonly missing: readonly Link[] });

/** One attempt of converge: reads every flag, drives what differs, chunk by chunk, and reads again. */
export async function driveOnce(deps: Deps, project: Project, options: DriveOptions): Promise<Attempt> {
  const { links } = project.definition;
  const wanted = linksWanted(project.state);
  const isToDrive = toDrive(project, options.holder);
  const flags = await deps.links.readFlags(links, answerMs);
  const differing = links.filter((link, index) => flags[index] === opposite(wanted) && isToDrive(link));
  let done = links.length - differing.length - flags.filter((flag) => flag === 'unreachable').length;
  let putBack = 0;
  let drove = false;
  for (const chunk of chunksOf(differing, chunkSize)) {
    const askedAt = deps.clock.elapsed();
    if ((await deps.store.version(project.id)) !== project.version) return { kind: 'moved', drove, putBack };
    const asked: Ready = { links: chunk, putBack: 0, askedAt };
    const ready = wanted === 'resumed' ? await prepareResume(deps, project, asked) : asked;
    if (ready === 'moved') return { kind: 'moved', drove, putBack };
    putBack += ready.putBack;
    drove = true;
    const driven = await driveFresh(deps, project, { ...ready, wanted });
    if (driven === 'moved') return { kind: 'moved', drove, putBack };
    done += driven.length;
    if (done < links.length) options.onProgress?.({ done, total: links.length });
  }
  if (!drove) return { kind: 'compared', drove, putBack, ...compared(links, flags, { wanted, isToDrive }) };

  const [after, version] = await Promise.all([deps.links.readFlags(links, answerMs), deps.store.version(project.id)]);
  if (version !== project.version) return { kind: 'moved', drove, putBack };
  return { kind: 'compared', drove, putBack, ...compared(links, after, { wanted, isToDrive }) };
}

interface Ready extends Asked {
  readonly putBack: number;
}

/**
 * Before a link is resumed by Start or Restore, while its flag is still paused: Restore puts the failed tasks back, and
 * both move the watermark, so that only later failures count. Links where that did not work stay paused for now, also when
 * a task in flight has failed in between: it is put back in the next attempt. A link that somebody has resumed meanwhile
 * keeps its watermark: what failed there is not back and must count.
 */
async function prepareResume(deps: Deps, project: Project, asked: Ready): Promise<Ready | 'moved'> {
  if (project.state !== 'starting' && project.state !== 'restoring') return asked;
  const watched = asked.links.map((link) => ({ link, watermark: watermarkOf(project, link) }));
  const restored = project.state === 'restoring' ? await deps.links.putBack(watched) : [];
  const prepared = watched.filter((_item, index) => restored[index]?.kind !== 'unreachable');
  const putBack = restored.reduce((total, { tasks }) => total + tasks, 0);
  const moved = await moveWatermarks(deps, project, prepared);
  return moved === 'moved' ? 'moved' : { ...moved, putBack };
}

async function moveWatermarks(
  deps: Deps,
  project: Project,
  prepared: readonly LinkWithWatermark[],
): Promise<Asked | 'moved'> {
  const readings = await deps.links.observe(prepared);
  const read = readings
    .filter((reading) => reading.kind === 'read')
    .filter(
      ({ paused, failuresAfterWatermark }) => paused && (project.state === 'starting' || failuresAfterWatermark === 0),
    );
  const watermarks = Object.fromEntries(read.map(({ link, newestFailed }) => [linkId(link), newestFailed]));
  const askedAt = deps.clock.elapsed();
  const kept = await deps.store.setWatermarks(project.id, project.version, watermarks);
  return kept ? { links: read.map(({ link }) => link), askedAt } : 'moved';
}

interface Wish {
  readonly wanted: Wanted;
  readonly isToDrive: (link: Link) => boolean;
}

function compared(links: readonly Link[], flags: readonly Flag[], { wanted, isToDrive }: Wish) {
  const isMissing = (index: number) => flags[index] === 'missing';
  return {
    missing: links.filter((_link, index) => isMissing(index)),
    unreachable: links.filter((link, index) => flags[index] !== wanted && !isMissing(index) && isToDrive(link)),
  };
}

/** An operation sees to every link; without one, what somebody else has paused or resumed is left to people. */
function toDrive({ driving }: Project, holder: string | null): (link: Link) => boolean {
  const ids = holder === null && driving !== null ? new Set(driving) : null;
  return (link) => ids === null || ids.has(linkId(link));
}

function opposite(wanted: Wanted): Wanted {
  return wanted === 'paused' ? 'resumed' : 'paused';
}
