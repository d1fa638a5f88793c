import { describe, expect, it } from 'vitest';
import { type Asker, authorize, isUserGroup, type Policy } from '../../src/domain/policy.ts';

const policy = (more: Partial<Policy> = {}): Policy => ({
  operators: ['U0ALICE', 'S0OPS', 'S0DBA'],
  channels: [],
  ...more,
});
const asker = (more: Partial<Asker> = {}): Asker => ({
  user: 'U0ALICE',
  userTeam: 'T1',
  installedTeam: 'T1',
  channel: 'C1',
  channelShared: 'no',
  groups: {},
  ...more,
});
const code = (p: Policy, a: Asker) => authorize(p, a)?.code ?? 'yes';
const bob = (groups: Asker['groups']) => asker({ user: 'U0BOB', groups });

describe('who may change what, from where', () => {
  it.each([
    ['a named user', policy(), asker(), 'yes'],
    ['of another team', policy(), asker({ userTeam: 'T2' }), 'other_team'],
    ['of no known team', policy(), asker({ userTeam: null }), 'other_team'],
    ['while nobody is named', policy({ operators: [] }), asker(), 'no_operators'],
    ['a member of a named group', policy(), bob({ S0OPS: 'stranger', S0DBA: 'member' }), 'yes'],
    ['a member of one while the other is unknown', policy(), bob({ S0OPS: 'unknown', S0DBA: 'member' }), 'yes'],
    ['a stranger to every group', policy(), bob({ S0OPS: 'stranger', S0DBA: 'stranger' }), 'not_operator'],
    ['nobody knows', policy(), bob({ S0OPS: 'stranger', S0DBA: 'unknown' }), 'group_unknown'],
    ['a group nobody asked about', policy(), bob({ S0OPS: 'stranger' }), 'group_unknown'],
    [
      'a member of a group that is not named',
      policy({ operators: ['U0ALICE'] }),
      bob({ S0OPS: 'member' }),
      'not_operator',
    ],
    ['from a named channel', policy({ channels: ['C1'] }), asker(), 'yes'],
    ['from a named channel that is shared', policy({ channels: ['C1'] }), asker({ channelShared: 'yes' }), 'yes'],
    ['from another channel', policy({ channels: ['C2'] }), asker(), 'channel_not_allowed'],
    ['from a shared channel', policy(), asker({ channelShared: 'yes' }), 'channel_shared'],
    ['from who knows where', policy(), asker({ channelShared: 'unknown' }), 'channel_unknown'],
  ])('%s', (_name, p, a, expected) => {
    expect(code(p, a)).toBe(expected);
  });

  it('the first rule that refuses speaks', () => {
    const nobody = asker({ user: 'U0BOB', userTeam: 'T2', channelShared: 'yes' });
    expect(code(policy({ operators: [] }), nobody)).toBe('other_team');
    expect(code(policy({ operators: [] }), { ...nobody, userTeam: 'T1' })).toBe('no_operators');
    expect(code(policy({ operators: ['U0ALICE'] }), { ...nobody, userTeam: 'T1' })).toBe('not_operator');
    expect(code(policy(), { ...nobody, userTeam: 'T1', user: 'U0ALICE' })).toBe('channel_shared');
  });

  it('tells a group from a person', () => {
    expect(['S0123', 'U0123', 'W0123'].map(isUserGroup)).toEqual([true, false, false]);
  });
});
