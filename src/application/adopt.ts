import { linksWanted, stateOfLinks } from '../domain/lifecycle.ts';
import { answerWithinMs, type Operation } from '../domain/operation.ts';
import type { Project } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Deps } from './deps.ts';
import { lookAtEnd, reached, takenBack } from './ending.ts';
import type { Flag } from './ports.ts';
import type { Ending } from './store.ts';

/**
 * Takes the state of a project from its links, all of which are the opposite of what its state wants. No link is touched.
 * Tasks that failed meanwhile still count: after an adopted Running the observer finds them.
 */
export async function adoptLinks(deps: Deps, project: Project, operation: Operation): Promise<Ending> {
  const { links } = project.definition;
  const flags = await deps.links.readFlags(links, answerWithinMs);
  const refusal = refusedByFlags(project, flags);
  if (refusal !== null) return takenBack(project, operation, refusal);
  const state = stateOfLinks(linksWanted(project.state));
  const converged = { kind: 'agreed', project, unreachable: [], missing: [], putBack: 0 } as const;
  const look = await lookAtEnd(deps, project, operation);
  const ending = reached(operation, converged, look);
  if (state === 'running') return { ...ending, projectState: state };
  const outcome = ending.outcome === null ? null : { ...ending.outcome, inFlight: look.inFlight };
  return { ...ending, projectState: state, outcome, logUntil: look.logUntil };
}

function refusedByFlags({ id, state, definition }: Project, flags: readonly Flag[]): Refusal | null {
  const having = (flag: Flag) => definition.links.filter((_link, index) => flags[index] === flag);
  const [silent, running, paused] = [having('unreachable'), having('resumed'), having('paused')];
  if (silent.length > 0) return { code: 'links_unreachable', project: id, links: silent };
  const [differing, agreeing] = linksWanted(state) === 'paused' ? [running, paused] : [paused, running];
  if (differing.length === 0) return { code: 'no_drift', project: id, state };
  const isMixed = agreeing.length + having('missing').length > 0;
  return isMixed ? { code: 'adopt_mixed', project: id, running, paused } : null;
}
