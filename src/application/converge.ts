import { linksWanted, type Wanted } from '../domain/lifecycle.ts';
import type { Progress } from '../domain/operation.ts';
import { type Link, linkId, type Project, type ProjectId, watermarkOf } from '../domain/project.ts';
import type { Deps } from './deps.ts';
import type { Flag, LinkWithWatermark } from './ports.ts';

export interface ConvergeOptions {
  readonly project: ProjectId;
  /** How long links that do not answer are tried again, ms. */
  readonly tryForMs: number;
  readonly onProgress?: (progress: Progress) => Promise<void>;
}

/** Where the links stand at the end. `version` and `state` are those that the links were last compared with. */
export interface Converged {
  readonly kind: 'agreed' | 'unreachable';
  readonly project: Project;
  /** Links that are not, or may not be, what the state wants. Empty when agreed. */
  readonly unreachable: readonly Link[];
  readonly missing: readonly Link[];
  readonly putBack: number;
}

const answerMs = 5_000;
const chunkSize = 200;
const firstPauseMs = 100;
const longestPauseMs = 2_000;

/**
 * Drives every link of a project to what its state wants (design 2.5): reads, acts only on a difference, reads again, and
 * starts over when the project's version moved. The only code that touches a pause flag. Null: the project is gone.
 */
export async function converge(deps: Deps, options: ConvergeOptions): Promise<Converged | null> {
  const giveUpAt = deps.clock.now() + options.tryForMs;
  let putBack = 0;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    deps.stopping.throwIfAborted();
    const project = await deps.store.read(options.project);
    if (project === null) return null;
    const attempt = await driveOnce(deps, project, options);
    putBack += attempt.putBack;
    if (attempt.kind === 'moved') continue;
    const { unreachable, missing } = attempt;
    if (unreachable.length === 0) return { kind: 'agreed', project, unreachable, missing, putBack };
    if (deps.clock.now() >= giveUpAt) return { kind: 'unreachable', project, unreachable, missing, putBack };
    await deps.clock.sleep(pauseMs, deps.stopping);
  }
}

/**
 * Converges a project that no operation holds: after a failure, an apply, or when the sweep found its links behind its
 * state. Records the agreement, so that the sweep can rest.
 */
export async function convergeStanding(deps: Deps, project: ProjectId, tryForMs: number): Promise<Converged | null> {
  const before = await deps.store.read(project);
  if (before === null || before.holder !== null) return null;
  const converged = await converge(deps, { project, tryForMs });
  if (converged?.kind === 'agreed') await deps.store.markConverged(project, converged.project.version);
  return converged;
}

type Attempt =
  | { readonly kind: 'moved'; readonly putBack: number }
  | {
      readonly kind: 'compared';
      readonly unreachable: readonly Link[];
      readonly missing: readonly Link[];
      readonly putBack: number;
    };

async function driveOnce(deps: Deps, project: Project, options: ConvergeOptions): Promise<Attempt> {
  const { links } = project.definition;
  const wanted = linksWanted(project.state);
  const flags = await deps.links.readFlags(links, answerMs);
  const differing = links.filter((_link, index) => flags[index] === opposite(wanted));
  if (differing.length === 0) return compared(links, flags, { wanted, putBack: 0 });

  let putBack = 0;
  let done = links.length - differing.length - flags.filter((flag) => flag === 'unreachable').length;
  for (let start = 0; start < differing.length; start += chunkSize) {
    const chunk = differing.slice(start, start + chunkSize);
    if ((await deps.store.version(project.id)) !== project.version) return { kind: 'moved', putBack };
    const ready = wanted === 'resumed' ? await prepareResume(deps, project, chunk) : { links: chunk, putBack: 0 };
    if (ready === 'moved') return { kind: 'moved', putBack };
    putBack += ready.putBack;
    const driven = await deps.links.drive(ready.links, wanted, answerMs);
    done += driven.filter((result) => result === 'driven').length;
    if (done < links.length) await options.onProgress?.({ done, total: links.length });
  }

  const [after, version] = await Promise.all([deps.links.readFlags(links, answerMs), deps.store.version(project.id)]);
  return version === project.version ? compared(links, after, { wanted, putBack }) : { kind: 'moved', putBack };
}

/**
 * Before a link is resumed by Start or Restore, while its flag is still paused: Restore puts the failed tasks back, and
 * both move the watermark, so that only later failures count. Links where that did not work stay paused for now, also when
 * a task in flight has failed in between: it is put back in the next attempt. A link that somebody has resumed meanwhile
 * keeps its watermark: what failed there is not back and must count.
 */
async function prepareResume(
  deps: Deps,
  project: Project,
  chunk: readonly Link[],
): Promise<{ readonly links: readonly Link[]; readonly putBack: number } | 'moved'> {
  if (project.state !== 'starting' && project.state !== 'restoring') return { links: chunk, putBack: 0 };
  const watched = chunk.map((link) => ({ link, watermark: watermarkOf(project, link) }));
  const restored = project.state === 'restoring' ? await deps.links.putBack(watched) : [];
  const prepared = watched.filter((_item, index) => restored[index]?.kind !== 'unreachable');
  const putBack = restored.reduce((total, { tasks }) => total + tasks, 0);
  const links = await moveWatermarks(deps, project, prepared);
  return links === 'moved' ? 'moved' : { links, putBack };
}

async function moveWatermarks(
  deps: Deps,
  project: Project,
  prepared: readonly LinkWithWatermark[],
): Promise<readonly Link[] | 'moved'> {
  const readings = await deps.links.observe(prepared);
  const read = readings
    .filter((reading) => reading.kind === 'read')
    .filter(
      ({ paused, failuresAfterWatermark }) => paused && (project.state === 'starting' || failuresAfterWatermark === 0),
    );
  const moved = Object.fromEntries(read.map(({ link, newestFailed }) => [linkId(link), newestFailed]));
  const current = await deps.store.read(project.id);
  if (current === null || current.version !== project.version) return 'moved';
  const kept = await deps.store.setWatermarks(project.id, project.version, { ...current.watermarks, ...moved });
  return kept ? read.map(({ link }) => link) : 'moved';
}

function compared(
  links: readonly Link[],
  flags: readonly Flag[],
  { wanted, putBack }: { wanted: Wanted; putBack: number },
): Attempt {
  return {
    kind: 'compared',
    putBack,
    missing: links.filter((_link, index) => flags[index] === 'missing'),
    unreachable: links.filter((_link, index) => flags[index] !== wanted && flags[index] !== 'missing'),
  };
}

function opposite(wanted: Wanted): Wanted {
  return wanted === 'paused' ? 'resumed' : 'paused';
}
