import { describe, expect, it } from 'vitest';
import { authorize, isUserGroup, type Policy, type Requester } from '../../src/domain/authorization.ts';

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
    ['a named user', 'yes', createPolicy(), createRequester()],
    ['a user of another team', 'other_team', createPolicy(), createRequester({ userTeam: 'T2' })],
    ['a user without a team', 'other_team', createPolicy(), createRequester({ userTeam: null })],
    ['a policy without operators', 'no_operators', createPolicy({ operators: [] }), createRequester()],
    ['a member of a named group', 'yes', createPolicy(), bob({ S0OPS: 'not_member', S0DBA: 'member' })],
    [
      'a member of one group while the other is unknown',
      'yes',
      createPolicy(),
      bob({ S0OPS: 'unknown', S0DBA: 'member' }),
    ],
    ['a member of no group', 'not_operator', createPolicy(), bob({ S0OPS: 'not_member', S0DBA: 'not_member' })],
    [
      'a person whose membership is unknown',
      'group_unknown',
      createPolicy(),
      bob({ S0OPS: 'not_member', S0DBA: 'unknown' }),
    ],
    ['a person with a group that was not read', 'group_unknown', createPolicy(), bob({ S0OPS: 'not_member' })],
    [
      'a member of a group that is not named',
      'not_operator',
      createPolicy({ operators: ['U0ALICE'] }),
      bob({ S0OPS: 'member' }),
    ],
    ['a request from an allowed channel', 'yes', createPolicy({ channels: ['C1'] }), createRequester()],
    [
      'a request from an allowed channel that is shared',
      'yes',
      createPolicy({ channels: ['C1'] }),
      createRequester({ channelShared: 'yes' }),
    ],
    ['a request from another channel', 'channel_not_allowed', createPolicy({ channels: ['C2'] }), createRequester()],
    ['a request from a shared channel', 'channel_shared', createPolicy(), createRequester({ channelShared: 'yes' })],
    [
      'a request from a channel that Slack does not describe',
      'channel_unknown',
      createPolicy(),
      createRequester({ channelShared: 'unknown' }),
    ],
  ])('gives %s the answer %s', (_name, expected, policyInput, requesterInput) => {
    expect(code(policyInput, requesterInput)).toBe(expected);
  });

  it('the first rule that refuses gives the answer', () => {
    const noOperators = createRequester({ user: 'U0BOB', userTeam: 'T2', channelShared: 'yes' });
    expect(code(createPolicy({ operators: [] }), noOperators)).toBe('other_team');
    expect(code(createPolicy({ operators: [] }), { ...noOperators, userTeam: 'T1' })).toBe('no_operators');
    expect(code(createPolicy({ operators: ['U0ALICE'] }), { ...noOperators, userTeam: 'T1' })).toBe('not_operator');
    expect(code(createPolicy(), { ...noOperators, userTeam: 'T1', user: 'U0ALICE' })).toBe('channel_shared');
  });

  it('the refusal of a request from another channel names the allowed channels', () => {
    expect(authorize(createPolicy({ channels: ['C2', 'C3'] }), createRequester())).toEqual({
      code: 'channel_not_allowed',
      channel: 'C1',
      allowed: ['C2', 'C3'],
    });
  });

  it('the id of a user group begins with S', () => {
    expect(['S0123', 'U0123', 'W0123'].map(isUserGroup)).toEqual([true, false, false]);
  });
});
