import { correctionRefused, type LinkFlags } from '../domain/correction.ts';
import { linksWanted, stateOfLinks } from '../domain/lifecycle.ts';
import { answerWithinMs, type Operation } from '../domain/operation.ts';
import type { Link, Project } from '../domain/project.ts';
import type { Deps } from './deps.ts';
import { lookAtEnd, reached, takenBack } from './ending.ts';
import type { Ending } from './operation-store.ts';
import type { Flag } from './ports.ts';

/**
 * Takes the state of a project from its links, all of which are the opposite of what its state wants. No link is touched.
 * Tasks that failed meanwhile still count: after an adopted Running the observer finds them.
 */
export async function adoptLinks(deps: Deps, project: Project, operation: Operation): Promise<Ending> {
  const { links } = project.definition;
  const flags = await deps.links.readFlags(links, answerWithinMs);
  const refusal = correctionRefused(project, 'adopt', byFlag(links, flags));
  if (refusal !== null) return takenBack(project, operation, refusal);
  const converged = { kind: 'agreed', project, unreachable: [], missing: [], putBack: 0 } as const;
  const look = await lookAtEnd(deps, project, operation);
  return reached(operation, { converged, look, state: stateOfLinks(linksWanted(project.state)) });
}

function byFlag(links: readonly Link[], flags: readonly Flag[]): LinkFlags {
  const having = (flag: Flag) => links.filter((_link, index) => flags[index] === flag);
  return {
    running: having('resumed'),
    paused: having('paused'),
    missing: having('missing'),
    unreachable: having('unreachable'),
  };
}
