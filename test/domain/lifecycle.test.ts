import { describe, expect, it } from 'vitest';
import { allowedAction, decide, linksWanted, roads, rules, stateOfLinks, urgency } from '../../src/domain/lifecycle.ts';
import {
  type Action,
  actions,
  type Deed,
  deeds,
  isAction,
  type ProjectState,
  projectStates,
} from '../../src/domain/project.ts';

/** The table: what the links are, and what each action is: allowed, or why not. */
const corrections = { reapply: 'yes', adopt: 'yes' } as const;
const underWay = { reapply: /being driven/, adopt: /being driven/ };
const table: Record<ProjectState, { links: 'paused' | 'resumed' } & Record<Deed, RegExp | 'yes'>> = {
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
    ...underWay,
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
    ...underWay,
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
    ...underWay,
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
const instead: Record<ProjectState, Action | null> = {
  not_started: 'start',
  running: 'pause',
  paused: 'restore',
  failed: 'restore',
  starting: null,
  pausing: null,
  restoring: null,
};

describe('the state rules', () => {
  const pairs = projectStates.flatMap((state) => deeds.map((deed) => [state, deed] as const));

  it.each(pairs)('%s: %s', (state, action) => {
    const decision = decide(state, action);
    const expected = table[state][action];
    if (expected === 'yes') {
      expect(decision).toEqual({ kind: 'allowed' });
      expect(roads[action].from).toContain(state);
      return;
    }
    expect(decision).toMatchObject({ kind: 'refused', why: expect.stringMatching(expected), instead: instead[state] });
    expect(roads[action].from).not.toContain(state);
    expect(rules[state][action]).not.toMatch(/\.$/);
  });

  it.each(projectStates)('%s: its links, and the action that fits', (state) => {
    expect(linksWanted(state)).toBe(table[state].links);
    expect(allowedAction(state)).toBe(instead[state]);
  });

  it('a road leads through a state with the links of its end', () => {
    for (const action of actions) expect(linksWanted(roads[action].via)).toBe(linksWanted(roads[action].to));
  });

  it('a correction has no state on its way; Adopt ends in the one that the links tell', () => {
    for (const deed of deeds.filter((one) => !isAction(one)))
      expect(roads[deed]).toMatchObject({ via: null, to: null });
    for (const state of roads.adopt.from)
      expect(linksWanted(stateOfLinks(linksWanted(state)))).not.toBe(linksWanted(state));
  });

  it('every state has an urgency of its own, Failed first', () => {
    expect(new Set(Object.values(urgency)).size).toBe(projectStates.length);
    expect(Math.min(...Object.values(urgency))).toBe(urgency.failed);
  });
});
