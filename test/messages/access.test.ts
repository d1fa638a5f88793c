import { describe, expect, it } from 'vitest';
import type { Operators } from '../../src/domain/authorization.ts';
import type { Refusal } from '../../src/domain/refusal.ts';
import { messages } from '../../src/messages/catalog.ts';
import { plainFormatter } from './plain-formatter.ts';

const { access } = messages;
const people = (count: number) => Array.from({ length: count }, (_, index) => `U${index}`);
const operators = (names: readonly string[], unreadGroups: readonly string[] = []): Operators => ({
  people: names,
  unreadGroups,
});
const restriction = (refusal: Refusal, of: Operators) => access.restriction(refusal, of, plainFormatter);

describe('the note to a person who can only look', () => {
  it.each<[string, Refusal, Operators]>([
    ['You may look, not change. Ask @U0.', { code: 'not_operator', user: 'U9' }, operators(people(1))],
    ['You may look, not change. Ask @U0, @U1 or @U2.', { code: 'not_operator', user: 'U9' }, operators(people(3))],
    [
      'You may look, not change. Ask @U0, @U1, @U2, @U3, @U4 or 9 more.',
      { code: 'not_operator', user: 'U9' },
      operators(people(14)),
    ],
    [
      'You may only look now: syncbot could not read from Slack who is in the user group S0OPS. Ask a member of the user group S0OPS.',
      { code: 'group_unknown', user: 'U9', group: 'S0OPS' },
      operators([], ['S0OPS']),
    ],
    [
      'You may look here, not change. To change a project, use #C1, #C2, #C3 or 1 more.',
      { code: 'channel_not_allowed', channel: 'C9', allowed: ['C1', 'C2', 'C3', 'C4'] },
      operators(people(1)),
    ],
    ['No user can change projects yet: syncbot has no operators.', { code: 'no_operators', user: 'U9' }, operators([])],
    [
      'You may look here, not change. To change a project, use a channel that is not shared with another organization.',
      { code: 'channel_shared', channel: 'C9' },
      operators(people(1)),
    ],
    [
      'You may only look here: syncbot cannot read whether this channel is shared with another organization. Invite syncbot, or use another channel.',
      { code: 'channel_unknown', channel: 'C9' },
      operators(people(1)),
    ],
    ['You may only look now: syncbot cannot read its stored policy.', { code: 'policy_unreadable' }, operators([])],
  ])('is: %s', (expected, refusal, of) => expect(restriction(refusal, of)).toBe(expected));
});

describe('whoami', () => {
  it.each<[string, string, string | null]>([
    ['an operator by id', 'You are @U0, with the id U0. You are an operator: policy.operators names you.', 'U0'],
    [
      'a member of a user group',
      'You are @U0, with the id U0. You are an operator: you are in the user group S0OPS, which policy.operators names.',
      'S0OPS',
    ],
    ['another person', 'You are @U0, with the id U0, and not an operator.', null],
  ])('gives the reason of %s', (_who, expected, operatorEntry) => {
    expect(access.identity({ user: 'U0', operatorEntry, operators: operators([]) }, plainFormatter)).toBe(expected);
  });

  it('does not say that no user group has the person while one could not be read', () => {
    const facts = { user: 'U0', operatorEntry: null, operators: operators([], ['S0OPS']) };
    expect(access.identity(facts, plainFormatter)).toBe('You are @U0, with the id U0.');
  });

  it('names the other operators, at most five', () => {
    const others = (names: readonly string[], groups: readonly string[] = []) =>
      access.others({ user: 'U0', operatorEntry: 'U0', operators: operators(names, groups) }, plainFormatter);
    expect(others(people(1))).toBe('There is no other operator.');
    expect(others(people(2))).toBe('Other operators: @U1.');
    expect(others(people(9))).toBe('Other operators: @U1, @U2, @U3, @U4, @U5 and 3 more.');
    expect(others(people(2), ['S0OPS'])).toBe('Other operators: @U1. syncbot could not read who is in S0OPS.');
    expect(others([], ['S0OPS'])).toBe('syncbot could not read who is in S0OPS.');
    const all = { user: 'U9', operatorEntry: null, operators: operators(people(2)) };
    expect(access.others(all, plainFormatter)).toBe('Operators: @U0, @U1.');
    expect(access.askToChange(all, plainFormatter)).toMatch(/^Ask @U0 or @U1\. To become an operator, .* your id U9 /);
  });

  it('names the channels from which operators can change projects', () => {
    expect(access.channels([], plainFormatter)).toBe(
      'Operators can change projects from every channel that is not shared with another organization.',
    );
    expect(access.channels(['C1', 'C2'], plainFormatter)).toBe('Operators can change projects from #C1 or #C2 only.');
  });
});
