import { describe, expect, it } from 'vitest';
import {
  type Action,
  actions,
  allowedAction,
  type DesiredLinkState,
  desiredLinkState,
  isAction,
  isAllowed,
  type OperationKind,
  operationKinds,
  stateAfterAdopt,
  transitions,
} from '../../src/domain/lifecycle.ts';
import { type ProjectState, projectStates, urgency } from '../../src/domain/project-state.ts';

/** For each state: the desired links, the allowed operation kinds, and the one allowed action. */
const expectedRules: Readonly<
  Record<ProjectState, { links: DesiredLinkState; allows: OperationKind[]; action: Action | null }>
> = {
  not_started: { links: 'paused', allows: ['start', 'reapply'], action: 'start' },
  starting: { links: 'resumed', allows: [], action: null },
  running: { links: 'resumed', allows: ['pause', 'reapply', 'adopt', 'retry'], action: 'pause' },
  pausing: { links: 'paused', allows: [], action: null },
  paused: { links: 'paused', allows: ['restore', 'reapply', 'adopt', 'retry'], action: 'restore' },
  restoring: { links: 'resumed', allows: [], action: null },
  failed: { links: 'paused', allows: ['restore', 'reapply', 'retry'], action: 'restore' },
};

describe('the state rules', () => {
  const pairs = projectStates.flatMap((state) => operationKinds.map((kind) => [state, kind] as const));

  it.each(pairs)('the table of %s and the transition of %s agree with the expected rules', (state, kind) => {
    const expected = expectedRules[state].allows.includes(kind);
    expect(isAllowed(state, kind)).toBe(expected);
    expect(transitions[kind].from.includes(state)).toBe(expected);
  });

  it.each(projectStates)('%s has the expected desired link state and the expected action', (state) => {
    expect(desiredLinkState(state)).toBe(expectedRules[state].links);
    expect(allowedAction(state)).toBe(expectedRules[state].action);
  });

  it('the state during an action desires the same link state as the state after it', () => {
    for (const action of actions)
      expect(desiredLinkState(transitions[action].through)).toBe(desiredLinkState(transitions[action].to));
  });

  it('a correction or a retry has no states of its own, and Adopt sets the state with the opposite desired link state', () => {
    for (const kind of operationKinds.filter((each) => !isAction(each)))
      expect(transitions[kind]).toMatchObject({ through: null, to: null });
    for (const state of transitions.adopt.from)
      expect(desiredLinkState(stateAfterAdopt(desiredLinkState(state)))).not.toBe(desiredLinkState(state));
  });

  it('every state has its own urgency, and Failed is the most urgent', () => {
    expect(new Set(Object.values(urgency)).size).toBe(projectStates.length);
    expect(Math.min(...Object.values(urgency))).toBe(urgency.failed);
  });
});
