import { type Action, actions, type Deed, type ProjectState, projectStates } from './project.ts';

/** What the links of a project in a given state must be. */
export type Wanted = 'paused' | 'resumed';

/**
 * The road of an allowed action: the transitional state it claims, and the state it ends in. A correction claims none and
 * keeps the state; only Adopt may end in another one, which its links tell.
 */
export interface Road<State extends ProjectState | null = ProjectState | null> {
  readonly from: readonly ProjectState[];
  readonly via: State;
  readonly to: State;
}

interface StateRule extends Readonly<Record<Deed, string | null>> {
  readonly links: Wanted;
}

/** Any other entry says why an action is refused, as a clause that follows "orders is Paused since …: ". */
const allowed = null;
const settling = 'wait until that has ended';
const driven = {
  reapply: `its links are being driven already; ${settling}`,
  adopt: `its links are being driven; ${settling}`,
};
const correctable = { reapply: allowed, adopt: allowed };

/** The state rules: the only place that says what is allowed (after the OMS console). */
export const rules: Readonly<Record<ProjectState, StateRule>> = {
  not_started: {
    links: 'paused',
    reapply: allowed,
    adopt: 'it was never started; re-apply its state, then start it',
    start: allowed,
    pause: 'it was never started, so there is nothing to pause',
    restore: 'it was never started, so there is nothing to restore',
  },
  starting: {
    links: 'resumed',
    ...driven,
    start: `it is being started already; ${settling}`,
    pause: `it can be paused as soon as it is Running; ${settling}`,
    restore: `it is being started; ${settling}`,
  },
  running: {
    links: 'resumed',
    ...correctable,
    start: 'it runs already',
    pause: allowed,
    restore: 'it runs already; only a Paused or Failed project can be restored',
  },
  pausing: {
    links: 'paused',
    ...driven,
    start: `it is being paused; ${settling}`,
    pause: `it is being paused already; ${settling}`,
    restore: `it can be restored as soon as it is Paused; ${settling}`,
  },
  paused: {
    links: 'paused',
    ...correctable,
    start: 'a Paused project is restored, not started',
    pause: 'it is paused already',
    restore: allowed,
  },
  restoring: {
    links: 'resumed',
    ...driven,
    start: `it is being restored; ${settling}`,
    pause: `it can be paused as soon as it is Running; ${settling}`,
    restore: `it is being restored already; ${settling}`,
  },
  failed: {
    links: 'paused',
    reapply: allowed,
    adopt: 'what failed is put back by a restore, so a Failed project is restored, not adopted',
    start: 'a Failed project is restored, not started',
    pause: 'only a Running project can be paused; the links of a Failed one are paused already',
    restore: allowed,
  },
};

type Roads = Readonly<Record<Action, Road<ProjectState>>> & Readonly<Record<Exclude<Deed, Action>, Road<null>>>;

export const roads: Roads = {
  start: road('start', 'starting', 'running'),
  pause: road('pause', 'pausing', 'paused'),
  restore: road('restore', 'restoring', 'running'),
  reapply: road('reapply', null, null),
  adopt: road('adopt', null, null),
};

function road<State extends ProjectState | null>(deed: Deed, via: State, to: State): Road<State> {
  return { from: projectStates.filter((state) => rules[state][deed] === allowed), via, to };
}

export type Decision =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'refused'; readonly why: string; readonly instead: Action | null };

/** Whether this may be done to a project in `state`; a refusal says why and which action fits instead. */
export function decide(state: ProjectState, deed: Deed): Decision {
  const verdict = rules[state][deed];
  if (verdict === allowed) return { kind: 'allowed' };
  return { kind: 'refused', why: verdict, instead: allowedAction(state) };
}

/** The one action that is allowed in a state, or null while the project is in transition. */
export function allowedAction(state: ProjectState): Action | null {
  return actions.find((action) => rules[state][action] === allowed) ?? null;
}

/** The state that a project's links tell when all of them are the opposite of what its state wants: what Adopt makes of it. */
export function stateOfLinks(wanted: Wanted): 'running' | 'paused' {
  return wanted === 'paused' ? 'running' : 'paused';
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
