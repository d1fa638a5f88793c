import { describe, expect, it } from 'vitest';
import {
  type Action,
  actions,
  allowedAction,
  decide,
  desiredLinkState,
  isAction,
  type OperationKind,
  operationKinds,
  rules,
  stateFromLinks,
  transitions,
} from '../../src/domain/lifecycle.ts';
import { type ProjectState, projectStates, urgency } from '../../src/domain/state.ts';

/** The table: what the links are, and what each action is: allowed, or why not. */
const corrections = { reapply: 'yes', adopt: 'yes' } as const;
const inTransition = { reapply: /being driven/, adopt: /being driven/ };
const expectedRules: Record<ProjectState, { links: 'paused' | 'resumed' } & Record<OperationKind, RegExp | 'yes'>> = {
  not_started: {
    links: 'paused',
    reapply: 'yes',
    adopt: /never started/,
    start: 'yes',
    pause: /never started/,
    restore: /never started/,
  },
  starting: {
    links: 'resumed',
    ...inTransition,
    start: /being started already/,
    pause: /as soon as it is Running/,
    restore: /being started/,
  },
  running: {
    links: 'resumed',
    ...corrections,
    start: /runs already/,
    pause: 'yes',
    restore: /only a Paused or Failed/,
  },
  pausing: {
    links: 'paused',
    ...inTransition,
    start: /being paused/,
    pause: /being paused already/,
    restore: /as soon as it is Paused/,
  },
  paused: {
    links: 'paused',
    ...corrections,
    start: /is restored, not started/,
    pause: /paused already/,
    restore: 'yes',
  },
  restoring: {
    links: 'resumed',
    ...inTransition,
    start: /being restored/,
    pause: /as soon as it is Running/,
    restore: /restored already/,
  },
  failed: {
    links: 'paused',
    reapply: 'yes',
    adopt: /restored, not adopted/,
    start: /is restored, not started/,
    pause: /only a Running/,
    restore: 'yes',
  },
};
/** What is offered instead. */
const suggestedActions: Record<ProjectState, Action | null> = {
  not_started: 'start',
  running: 'pause',
  paused: 'restore',
  failed: 'restore',
  starting: null,
  pausing: null,
  restoring: null,
};

describe('the state rules', () => {
  const pairs = projectStates.flatMap((state) => operationKinds.map((kind) => [state, kind] as const));

  it.each(pairs)('%s: %s', (state, action) => {
    const decision = decide(state, action);
    const expected = expectedRules[state][action];
    if (expected === 'yes') {
      expect(decision).toEqual({ kind: 'allowed' });
      expect(transitions[action].from).toContain(state);
      return;
    }
    expect(decision).toMatchObject({
      kind: 'refused',
      reason: expect.stringMatching(expected),
      instead: suggestedActions[state],
    });
    expect(transitions[action].from).not.toContain(state);
    expect(rules[state][action]).not.toMatch(/\.$/);
  });

  it.each(projectStates)('%s: its links, and the action that fits', (state) => {
    expect(desiredLinkState(state)).toBe(expectedRules[state].links);
    expect(allowedAction(state)).toBe(suggestedActions[state]);
  });

  it('a road leads through a state with the links of its end', () => {
    for (const action of actions)
      expect(desiredLinkState(transitions[action].through)).toBe(desiredLinkState(transitions[action].to));
  });

  it('a correction has no state on its way; Adopt ends in the one that the links tell', () => {
    for (const kind of operationKinds.filter((one) => !isAction(one)))
      expect(transitions[kind]).toMatchObject({ through: null, to: null });
    for (const state of transitions.adopt.from)
      expect(desiredLinkState(stateFromLinks(desiredLinkState(state)))).not.toBe(desiredLinkState(state));
  });

  it('every state has an urgency of its own, Failed first', () => {
    expect(new Set(Object.values(urgency)).size).toBe(projectStates.length);
    expect(Math.min(...Object.values(urgency))).toBe(urgency.failed);
  });
});
