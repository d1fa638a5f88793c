import { describe, expect, it } from 'vitest';
import { authorize, isUserGroup, type Policy, type Requester } from '../../src/domain/policy.ts';

const createPolicy = (overrides: Partial<Policy> = {}): Policy => ({
  operators: ['U0ALICE', 'S0OPS', 'S0DBA'],
  channels: [],
  ...overrides,
});
const createRequester = (overrides: Partial<Requester> = {}): Requester => ({
  user: 'U0ALICE',
  userTeam: 'T1',
  installedTeam: 'T1',
  channel: 'C1',
  channelShared: 'no',
  groups: {},
  ...overrides,
});
const code = (policyInput: Policy, requesterInput: Requester) => authorize(policyInput, requesterInput)?.code ?? 'yes';
const bob = (groups: Requester['groups']) => createRequester({ user: 'U0BOB', groups });

describe('authorize', () => {
  it.each([
    ['a named user', createPolicy(), createRequester(), 'yes'],
    ['a user of another team', createPolicy(), createRequester({ userTeam: 'T2' }), 'other_team'],
    ['a user without a team', createPolicy(), createRequester({ userTeam: null }), 'other_team'],
    ['a policy without operators', createPolicy({ operators: [] }), createRequester(), 'no_operators'],
    ['a member of a named group', createPolicy(), bob({ S0OPS: 'not_member', S0DBA: 'member' }), 'yes'],
    [
      'a member of one group while the other is unknown',
      createPolicy(),
      bob({ S0OPS: 'unknown', S0DBA: 'member' }),
      'yes',
    ],
    ['a member of no group', createPolicy(), bob({ S0OPS: 'not_member', S0DBA: 'not_member' }), 'not_operator'],
    [
      'a person whose membership is unknown',
      createPolicy(),
      bob({ S0OPS: 'not_member', S0DBA: 'unknown' }),
      'group_unknown',
    ],
    ['a person with a group that was not read', createPolicy(), bob({ S0OPS: 'not_member' }), 'group_unknown'],
    [
      'a member of a group that is not named',
      createPolicy({ operators: ['U0ALICE'] }),
      bob({ S0OPS: 'member' }),
      'not_operator',
    ],
    ['a request from an allowed channel', createPolicy({ channels: ['C1'] }), createRequester(), 'yes'],
    [
      'a request from an allowed channel that is shared',
      createPolicy({ channels: ['C1'] }),
      createRequester({ channelShared: 'yes' }),
      'yes',
    ],
    ['a request from another channel', createPolicy({ channels: ['C2'] }), createRequester(), 'channel_not_allowed'],
    ['a request from a shared channel', createPolicy(), createRequester({ channelShared: 'yes' }), 'channel_shared'],
    [
      'a request from a channel that Slack does not describe',
      createPolicy(),
      createRequester({ channelShared: 'unknown' }),
      'channel_unknown',
    ],
  ])('%s', (_name, policyInput, requesterInput, expected) => {
    expect(code(policyInput, requesterInput)).toBe(expected);
  });

  it('the first rule that refuses gives the answer', () => {
    const noOperators = createRequester({ user: 'U0BOB', userTeam: 'T2', channelShared: 'yes' });
    expect(code(createPolicy({ operators: [] }), noOperators)).toBe('other_team');
    expect(code(createPolicy({ operators: [] }), { ...noOperators, userTeam: 'T1' })).toBe('no_operators');
    expect(code(createPolicy({ operators: ['U0ALICE'] }), { ...noOperators, userTeam: 'T1' })).toBe('not_operator');
    expect(code(createPolicy(), { ...noOperators, userTeam: 'T1', user: 'U0ALICE' })).toBe('channel_shared');
  });

  it('the id of a user group begins with S', () => {
    expect(['S0123', 'U0123', 'W0123'].map(isUserGroup)).toEqual([true, false, false]);
  });
});
