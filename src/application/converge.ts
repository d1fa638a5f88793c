import { type Link, linkId, type Project, type ProjectId } from '../domain/project.ts';
import type { Deps } from './deps.ts';
import { type DriveOptions, driveOnce } from './drive-once.ts';

export interface ConvergeOptions extends DriveOptions {
  readonly project: ProjectId;
  /** How long links that do not answer are tried again, ms. */
  readonly tryForMs: number;
  /** The project as it was read just now: spares the first reading. */
  readonly known?: Project;
}

/** Where the links stand at the end; `project` is what they were last compared with. */
export interface Converged {
  readonly kind: 'agreed' | 'unreachable';
  readonly project: Project;
  /** Links that are not, or may not be, what the state wants. Empty when agreed. */
  readonly unreachable: readonly Link[];
  readonly missing: readonly Link[];
  readonly putBack: number;
}

const firstPauseMs = 100;
const longestPauseMs = 2_000;

/**
 * Drives the links of a project to what its state wants, without an operation only those that are asked for: reads, acts
 * only on a difference, reads again, and starts over when the project's version moved. The only code that touches a pause
 * flag. Null: the project is gone, or it is somebody else's to drive. A run that has driven a link already stays until
 * nobody holds the project, and looks once more: what it sent may have landed late.
 */
export async function converge(deps: Deps, options: ConvergeOptions): Promise<Converged | null> {
  const giveUpAt = deps.clock.now() + options.tryForMs;
  let known = options.known;
  let putBack = 0;
  let drove = false;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    deps.stopping.throwIfAborted();
    const project = known ?? (await deps.store.read(options.project));
    known = undefined;
    if (project === null) return null;
    const isOurs = project.holder === options.holder || (drove && project.holder === null);
    if (!isOurs && !drove) return null;
    if (isOurs) {
      const attempt = await driveOnce(deps, project, options);
      putBack += attempt.putBack;
      drove ||= attempt.drove;
      if (attempt.kind === 'moved') continue;
      const { unreachable, missing } = attempt;
      if (unreachable.length === 0) return { kind: 'agreed', project, unreachable, missing, putBack };
      if (deps.clock.now() >= giveUpAt) return { kind: 'unreachable', project, unreachable, missing, putBack };
    } else if (options.holder === null && deps.clock.now() >= giveUpAt) return null;
    await deps.clock.sleep(pauseMs, deps.stopping);
  }
}

/**
 * Converges a project that no operation holds: after a failure, an apply, or when the sweep found its links behind its
 * state. Records the agreement, so that the sweep can rest, and which queues were missing: they may come any time.
 */
export async function convergeStanding(deps: Deps, project: ProjectId, tryForMs: number): Promise<Converged | null> {
  const converged = await converge(deps, { project, holder: null, tryForMs });
  if (converged?.kind !== 'agreed') return converged;
  const { version } = converged.project;
  const marked = await deps.store.markConverged(project, version, stillAwaited(converged));
  if (marked.kind === 'converged' && marked.toTell !== null) {
    await deps.notifier.tell({ project, operation: marked.toTell });
  }
  return converged;
}

/** Links without a queue, and those that have got one meanwhile and were not asked for: they are still to be told, and seen to. */
function stillAwaited({ project, missing }: Converged): string[] {
  const gone = missing.map(linkId);
  const { awaited, driving } = project;
  const arrived = driving === null ? [] : (awaited ?? []).filter((id) => !gone.includes(id) && !driving.includes(id));
  return [...gone, ...arrived];
}
