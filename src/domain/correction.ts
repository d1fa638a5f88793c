import { linksWanted } from './lifecycle.ts';
import type { LinkReading } from './observation.ts';
import { type Link, linkId, type Project } from './project.ts';
import type { Refusal } from './refusal.ts';

/** The links of a project by what their flags say. */
export interface LinkFlags {
  readonly running: readonly Link[];
  readonly paused: readonly Link[];
  readonly missing: readonly Link[];
  readonly unreachable: readonly Link[];
}

export function flagsOf(readings: readonly LinkReading[]): LinkFlags {
  const links = (fits: (reading: LinkReading) => boolean) => readings.filter(fits).map(({ link }) => link);
  return {
    running: links((reading) => reading.kind === 'read' && !reading.paused),
    paused: links((reading) => reading.kind === 'read' && reading.paused),
    missing: links(({ kind }) => kind === 'missing'),
    unreachable: links(({ kind }) => kind === 'unreachable'),
  };
}

/** The missing links whose queues are gone; those of the others are awaited. */
export function goneOf({ awaited }: Pick<Project, 'awaited'>, missing: readonly Link[]): Link[] {
  return missing.filter((link) => !awaited?.includes(linkId(link)));
}

/**
 * Why drift is not corrected, or null. Re-apply wants a difference: a link that is not what the state wants, one whose queue
 * is gone, or one that does not tell. Adopt wants every link to be the opposite of what the state wants.
 */
export function correctionRefused(
  project: Pick<Project, 'id' | 'state' | 'awaited'>,
  correction: 'reapply' | 'adopt',
  { running, paused, missing, unreachable }: LinkFlags,
): Refusal | null {
  const { id, state } = project;
  const [differing, agreeing] = linksWanted(state) === 'paused' ? [running, paused] : [paused, running];
  if (correction === 'reapply') {
    const found = differing.length + goneOf(project, missing).length + unreachable.length;
    return found === 0 ? { code: 'no_drift', project: id, state } : null;
  }
  if (unreachable.length > 0) return { code: 'links_unreachable', project: id, links: [...unreachable] };
  if (differing.length === 0) return { code: 'no_drift', project: id, state };
  if (agreeing.length + missing.length === 0) return null;
  return { code: 'adopt_mixed', project: id, running: [...running], paused: [...paused], missing: [...missing] };
}
