import type { FollowGoal, FollowObservation } from '../domain/follow-up.ts';
import type { ObservedProject } from '../domain/observation.ts';
import { caughtUpWithinMs, hasCaughtUp, observeBacklog } from '../domain/observe-follow-up.ts';
import type { Project, ProjectId } from '../domain/project.ts';
import {
  type BusyLink,
  type ChangedProject,
  findBusyLinks,
  findChangedProjects,
  type RemainingProject,
} from '../domain/project-goal.ts';
import type { UseCaseContext } from './context.ts';
import { StoreUnavailableError } from './errors.ts';
import { isFailing } from './observer.ts';
import { observeProjects } from './queries.ts';

/** How often the links are read, ms. The rates of a backlog need about a second. */
const pollIntervalMs = 1_000;

export interface GoalWait {
  /** `quiet`, after Pause: no task is in flight. `caught_up`, after Start and Restore: tasks hardly wait any more. */
  readonly goal: FollowGoal;
  readonly projects: readonly ProjectId[];
  /** Ms of the monotonic clock. */
  readonly deadlineAt: number;
  /** Ends the wait at once. */
  readonly signal: AbortSignal;
  /** Receives every check that did not end the wait. */
  readonly onStatus: (status: WaitStatus) => void;
}

/** What the newest check found. */
export interface WaitStatus {
  /** False if the bot's Redis did not answer. Then `remaining` is from the check before. */
  readonly isStoreAvailable: boolean;
  /** Null before the first check that could read the projects. */
  readonly remaining: readonly RemainingProject[] | null;
}

export type WaitResult =
  | { readonly kind: 'reached' }
  | { readonly kind: 'changed'; readonly projects: readonly ChangedProject[] }
  /** The time is over, or the signal was aborted. */
  | { readonly kind: 'timed_out' | 'interrupted'; readonly last: WaitStatus };

type Check =
  | Exclude<WaitResult, { kind: 'timed_out' | 'interrupted' }>
  | { readonly kind: 'remaining'; readonly remaining: readonly RemainingProject[] }
  | { readonly kind: 'store_unavailable' };

/**
 * Waits until every project has reached the goal. Reads states and links anew each time. Stops at once if a project cannot
 * reach the goal any more: it is not Paused any more, or not Running any more. While the bot's Redis does not answer, it goes
 * on until the deadline.
 */
export async function waitForGoal(context: UseCaseContext, wait: GoalWait): Promise<WaitResult> {
  const { deadlineAt, signal, onStatus } = wait;
  const { clock } = context;
  const findRemaining = wait.goal === 'quiet' ? findNotQuiet : createCatchUpCheck();
  const finished = new AbortController();
  // A link that does not answer must not prolong the wait, so each check races with its end.
  const end = clock
    .sleep(Math.max(0, deadlineAt - clock.monotonicNow()), AbortSignal.any([signal, finished.signal]))
    .then(() => ({ kind: 'ended' }) as const);
  let last: WaitStatus = { isStoreAvailable: true, remaining: null };
  try {
    for (;;) {
      const checked = await Promise.race([check(context, wait, findRemaining), end]);
      if (checked.kind === 'ended') return { kind: signal.aborted ? 'interrupted' : 'timed_out', last };
      if (checked.kind === 'reached' || checked.kind === 'changed') return checked;
      last =
        checked.kind === 'remaining'
          ? { isStoreAvailable: true, remaining: checked.remaining }
          : { ...last, isStoreAvailable: false };
      onStatus(last);
      await Promise.race([clock.sleep(pollIntervalMs, finished.signal), end]);
    }
  } finally {
    finished.abort();
  }
}

type FindRemaining = (context: UseCaseContext, projects: readonly Project[]) => Promise<RemainingProject[]>;

async function check(context: UseCaseContext, wait: GoalWait, findRemaining: FindRemaining): Promise<Check> {
  const { goal, projects: ids } = wait;
  try {
    const projects = await context.projects.readMany(ids);
    const changed = findChangedProjects(goal, ids, projects);
    if (changed.length > 0) return { kind: 'changed', projects: changed };
    const remaining = await findRemaining(context, projects);
    if (remaining.length > 0) return { kind: 'remaining', remaining };
    // Operations and changes of the definition between the two reads may concern the links that were read.
    const versions = versionsOf(projects);
    const isUnchanged = versionsOf(await context.projects.readMany(ids)) === versions;
    return isUnchanged ? { kind: 'reached' } : check(context, wait, findRemaining);
  } catch (error) {
    if (error instanceof StoreUnavailableError) return { kind: 'store_unavailable' };
    throw error;
  }
}

function versionsOf(projects: readonly Project[]): string {
  return JSON.stringify(projects.map(({ id, version }) => [id, version]));
}

const findNotQuiet: FindRemaining = async (context, projects) => {
  const observed = await observeProjects(context, projects);
  return observed.flatMap(({ project, stats }) => {
    const links = findBusyLinks(stats.links);
    return links.length === 0 && project.state !== 'pausing' ? [] : [toRemaining({ project, stats }, links)];
  });
};

/** A project that has caught up once is not observed again. Only its state counts from then on. */
function createCatchUpCheck(): FindRemaining {
  const latest = new Map<ProjectId, FollowObservation>();
  const caughtUp = new Set<ProjectId>();
  return async (context, projects) => {
    const pending = projects.filter(({ id }) => !caughtUp.has(id));
    const observed = await observeProjects(context, pending);
    const now = context.clock.now();
    for (const { project, stats } of observed) {
      const observation = observeBacklog(latest.get(project.id) ?? null, { stats, workers: [], now });
      latest.set(project.id, observation);
      const isRunning = project.state === 'running' && !isFailing({ project, stats });
      if (isRunning && hasCaughtUp(observation, stats, caughtUpWithinMs)) caughtUp.add(project.id);
    }
    return observed.filter(({ project }) => !caughtUp.has(project.id)).map((each) => toRemaining(each, []));
  };
}

function toRemaining({ project, stats }: ObservedProject, links: readonly BusyLink[]): RemainingProject {
  const { backlog, latencyMs } = stats;
  return { project: project.id, state: project.state, links, backlog, latencyMs };
}
