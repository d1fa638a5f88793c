import { type Action, actions, type OperationKind, type ProjectState, projectStates } from './project.ts';

/** What the links of a project in a given state must be. */
export type DesiredLinkState = 'paused' | 'resumed';

/**
 * The road of an allowed action: the transitional state it claims, and the state it ends in. A correction claims none and
 * keeps the state; only Adopt may end in another one, which its links tell.
 */
export interface Transition<State extends ProjectState | null = ProjectState | null> {
  readonly from: readonly ProjectState[];
  readonly through: State;
  readonly to: State;
}

interface StateRule extends Readonly<Record<OperationKind, string | null>> {
  readonly links: DesiredLinkState;
}

/** Any other entry says why an action is refused, as a clause that follows "orders is Paused since …: ". */
const allowed = null;
const waitHint = 'wait until that has ended';
const inTransition = {
  reapply: `its links are being driven already; ${waitHint}`,
  adopt: `its links are being driven; ${waitHint}`,
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
    ...inTransition,
    start: `it is being started already; ${waitHint}`,
    pause: `it can be paused as soon as it is Running; ${waitHint}`,
    restore: `it is being started; ${waitHint}`,
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
    ...inTransition,
    start: `it is being paused; ${waitHint}`,
    pause: `it is being paused already; ${waitHint}`,
    restore: `it can be restored as soon as it is Paused; ${waitHint}`,
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
    ...inTransition,
    start: `it is being restored; ${waitHint}`,
    pause: `it can be paused as soon as it is Running; ${waitHint}`,
    restore: `it is being restored already; ${waitHint}`,
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

type Transitions = Readonly<Record<Action, Transition<ProjectState>>> &
  Readonly<Record<Exclude<OperationKind, Action>, Transition<null>>>;

export const transitions: Transitions = {
  start: transition('start', 'starting', 'running'),
  pause: transition('pause', 'pausing', 'paused'),
  restore: transition('restore', 'restoring', 'running'),
  reapply: transition('reapply', null, null),
  adopt: transition('adopt', null, null),
};

function transition<State extends ProjectState | null>(
  kind: OperationKind,
  through: State,
  to: State,
): Transition<State> {
  return { from: projectStates.filter((state) => rules[state][kind] === allowed), through, to };
}

export type Decision =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'refused'; readonly reason: string; readonly instead: Action | null };

/** Whether this may be done to a project in `state`; a refusal says why and which action fits instead. */
export function decide(state: ProjectState, kind: OperationKind): Decision {
  const reason = rules[state][kind];
  if (reason === allowed) return { kind: 'allowed' };
  return { kind: 'refused', reason: reason, instead: allowedAction(state) };
}

/** The one action that is allowed in a state, or null while the project is in transition. */
export function allowedAction(state: ProjectState): Action | null {
  return actions.find((action) => rules[state][action] === allowed) ?? null;
}

/** The state that a project's links tell when all of them are the opposite of what its state wants: what Adopt makes of it. */
export function stateFromLinks(desired: DesiredLinkState): 'running' | 'paused' {
  return desired === 'paused' ? 'running' : 'paused';
}

/** What every link of a project in `state` must be. */
export function desiredLinkState(state: ProjectState): DesiredLinkState {
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
