import { z } from 'zod';
import { type ProjectState, projectStates } from './project-state.ts';

export const actions = ['start', 'pause', 'restore'] as const;
export type Action = (typeof actions)[number];

/** The answers to drift: set the links to the state of the project, or set the state from the links. */
const corrections = ['reapply', 'adopt'] as const;
export type Correction = (typeof corrections)[number];

/** What concerns a whole project, and no single task. */
export const projectOperationKinds = [...actions, ...corrections] as const;
export type ProjectOperationKind = (typeof projectOperationKinds)[number];

/** `retry` puts tasks back that a restore has skipped. */
export const operationKinds = [...projectOperationKinds, 'retry'] as const;
export const operationKindSchema = z.enum(operationKinds);
export type OperationKind = z.infer<typeof operationKindSchema>;

export function isAction(kind: OperationKind): kind is Action {
  return (actions as readonly OperationKind[]).includes(kind);
}

/** Whether operations of this kind move failed tasks back to wait. */
export function isRetrying(kind: OperationKind): boolean {
  return kind === 'restore' || kind === 'retry';
}

/** The link state that a project's state requires. */
export type DesiredLinkState = 'paused' | 'resumed';

interface StateRule {
  readonly links: DesiredLinkState;
  readonly allows: readonly OperationKind[];
}

/**
 * The state rules, after the console of OceanBase Migration Service (OMS). `messages/en/refusals.ts` has a reason for every
 * pair that is not allowed.
 */
const rules = {
  not_started: { links: 'paused', allows: ['start', 'reapply'] },
  starting: { links: 'resumed', allows: [] },
  running: { links: 'resumed', allows: ['pause', 'reapply', 'adopt', 'retry'] },
  pausing: { links: 'paused', allows: [] },
  paused: { links: 'paused', allows: ['restore', 'reapply', 'adopt', 'retry'] },
  restoring: { links: 'resumed', allows: [] },
  failed: { links: 'paused', allows: ['restore', 'reapply', 'retry'] },
} as const satisfies Readonly<Record<ProjectState, StateRule>>;

/** The operation kinds that `State` refuses. */
export type RefusedKind<State extends ProjectState> = Exclude<OperationKind, (typeof rules)[State]['allows'][number]>;

/**
 * How an operation moves the state. `through` is the state while the operation runs, `to` the state when it is done. A
 * correction has neither: Re-apply keeps the state, and Adopt takes it from the links (`stateAfterAdopt`). Retry keeps the state.
 */
export interface Transition<State extends ProjectState | null = ProjectState | null> {
  readonly from: readonly ProjectState[];
  readonly through: State;
  readonly to: State;
}

type Transitions = Readonly<Record<Action, Transition<ProjectState>>> &
  Readonly<Record<Correction | 'retry', Transition<null>>>;

export const transitions: Transitions = {
  start: { from: statesThatAllow('start'), through: 'starting', to: 'running' },
  pause: { from: statesThatAllow('pause'), through: 'pausing', to: 'paused' },
  restore: { from: statesThatAllow('restore'), through: 'restoring', to: 'running' },
  reapply: { from: statesThatAllow('reapply'), through: null, to: null },
  adopt: { from: statesThatAllow('adopt'), through: null, to: null },
  retry: { from: statesThatAllow('retry'), through: null, to: null },
};

function statesThatAllow(kind: OperationKind): ProjectState[] {
  return projectStates.filter((state) => isAllowed(state, kind));
}

export function isAllowed(state: ProjectState, kind: OperationKind): boolean {
  const { allows }: StateRule = rules[state];
  return allows.includes(kind);
}

/** The one action that a state allows. Returns null while the project is in transition. */
export function allowedAction(state: ProjectState): Action | null {
  return actions.find((action) => isAllowed(state, action)) ?? null;
}

/** Operations with the same goal. */
const alternatives: Readonly<Record<OperationKind, readonly ProjectOperationKind[]>> = {
  start: ['restore'],
  pause: [],
  restore: ['start'],
  reapply: [],
  adopt: ['restore', 'reapply'],
  retry: [],
};

/** What a state allows instead of a refused operation. Returns null also if it allows only the opposite. */
export function alternativeTo(state: ProjectState, refused: OperationKind): ProjectOperationKind | null {
  return alternatives[refused].find((kind) => isAllowed(state, kind)) ?? null;
}

/** Returns the state that Adopt sets. `desired` is the link state that the project desires now; every link has the other one. */
export function stateAfterAdopt(desired: DesiredLinkState): 'running' | 'paused' {
  return desired === 'paused' ? 'running' : 'paused';
}

/** Whether the links of a project in this state already have, or are getting, what the action sets: there is nothing to do. */
export function isInEffect(action: Action, state: ProjectState): boolean {
  return desiredLinkState(state) === desiredLinkState(transitions[action].to);
}

export function desiredLinkState(state: ProjectState): DesiredLinkState {
  return rules[state].links;
}
