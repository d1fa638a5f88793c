import { type Action, actions, type ProjectState, projectStates } from './project.ts';

/** What the links of a project in a given state must be. */
export type Wanted = 'paused' | 'resumed';

/** The road of an allowed action: the transitional state it claims, and the state it ends in. */
export interface Road {
  readonly from: readonly ProjectState[];
  readonly via: ProjectState;
  readonly to: ProjectState;
}

interface StateRule extends Readonly<Record<Action, string | null>> {
  readonly links: Wanted;
}

/** Any other entry says why an action is refused, as a clause that follows "orders is Paused since …: ". */
const allowed = null;
const settling = 'wait until that has ended';

/** The state rules: the only place that says what is allowed (after the OMS console). */
export const rules: Readonly<Record<ProjectState, StateRule>> = {
  not_started: {
    links: 'paused',
    start: allowed,
    pause: 'it was never started, so there is nothing to pause',
    restore: 'it was never started, so there is nothing to restore',
  },
  starting: {
    links: 'resumed',
    start: `it is being started already; ${settling}`,
    pause: `it can be paused as soon as it is Running; ${settling}`,
    restore: `it is being started; ${settling}`,
  },
  running: {
    links: 'resumed',
    start: 'it runs already',
    pause: allowed,
    restore: 'it runs already; only a Paused or Failed project can be restored',
  },
  pausing: {
    links: 'paused',
    start: `it is being paused; ${settling}`,
    pause: `it is being paused already; ${settling}`,
    restore: `it can be restored as soon as it is Paused; ${settling}`,
  },
  paused: {
    links: 'paused',
    start: 'a Paused project is restored, not started',
    pause: 'it is paused already',
    restore: allowed,
  },
  restoring: {
    links: 'resumed',
    start: `it is being restored; ${settling}`,
    pause: `it can be paused as soon as it is Running; ${settling}`,
    restore: `it is being restored already; ${settling}`,
  },
  failed: {
    links: 'paused',
    start: 'a Failed project is restored, not started',
    pause: 'only a Running project can be paused; the links of a Failed one are paused already',
    restore: allowed,
  },
};

export const roads: Readonly<Record<Action, Road>> = {
  start: road('start', 'starting', 'running'),
  pause: road('pause', 'pausing', 'paused'),
  restore: road('restore', 'restoring', 'running'),
};

function road(action: Action, via: ProjectState, to: ProjectState): Road {
  return { from: projectStates.filter((state) => rules[state][action] === allowed), via, to };
}

export type Decision =
  | { readonly kind: 'allowed'; readonly via: ProjectState; readonly to: ProjectState }
  | { readonly kind: 'refused'; readonly why: string; readonly instead: Action | null };

/** Whether `action` may be taken on a project in `state`; a refusal says why and which action fits instead. */
export function decide(state: ProjectState, action: Action): Decision {
  const verdict = rules[state][action];
  if (verdict === allowed) return { kind: 'allowed', via: roads[action].via, to: roads[action].to };
  return { kind: 'refused', why: verdict, instead: allowedAction(state) };
}

/** The one action that is allowed in a state, or null while the project is in transition. */
export function allowedAction(state: ProjectState): Action | null {
  return actions.find((action) => rules[state][action] === allowed) ?? null;
}

/** What every link of a project in `state` must be. */
export function linksWanted(state: ProjectState): Wanted {
  return rules[state].links;
}

/** How urgent a state is for people: smaller comes first in a list. */
export const urgency: Readonly<Record<ProjectState, number>> = {
  failed: 0,
  pausing: 1,
  restoring: 2,
  starting: 3,
  paused: 4,
  running: 5,
  not_started: 6,
};
