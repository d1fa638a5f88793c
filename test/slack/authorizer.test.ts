import { webApi } from '@slack/bolt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationUnreadableError } from '../../src/application/errors.ts';
import type { Policy } from '../../src/domain/authorization.ts';
import { type Authorizer, createAuthorizer } from '../../src/slack/authorizer.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';

const team = 'T0001';
let slack: FakeSlack;
let now = 0;
let warnings: object[] = [];
beforeEach(async () => {
  slack = await FakeSlack.start();
  now = 0;
  warnings = [];
});
afterEach(() => slack[Symbol.asyncDispose]());

function createTestAuthorizer(policy: Policy, readPolicy = async () => policy): Authorizer {
  const options = { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 } };
  return createAuthorizer({
    client: new webApi.WebClient(slack.botToken, options),
    readPolicy,
    installedTeam: () => team,
    monotonicNow: () => now,
    log: { info: () => {}, warn: (fields) => warnings.push(fields), error: () => {} },
  });
}

const alice = { user: 'U0ALICE', team, channel: 'C0SYNC' };
const carol = { ...alice, user: 'U0CAROL' };
const userPolicy: Policy = { operators: ['U0ALICE'], channels: [] };
const groupPolicy: Policy = { operators: ['S0OPS'], channels: ['C0SYNC'] };
const calledMethods = () => slack.calls.map(({ method }) => method);

describe('the authorizer', () => {
  it('calls Slack only when a rule needs it', async () => {
    expect(await createTestAuthorizer({ ...userPolicy, channels: ['C0SYNC'] }).authorizeRequest(alice)).toBeNull();
    expect(await createTestAuthorizer({ operators: [], channels: [] }).authorizeRequest(alice)).toMatchObject({
      code: 'no_operators',
    });
    expect(await createTestAuthorizer(userPolicy).authorizeRequest({ ...alice, team: 'T0EXT' })).toMatchObject({
      code: 'other_team',
    });
    expect(await createTestAuthorizer(userPolicy).authorizeRequest({ ...alice, team: null })).toMatchObject({
      code: 'other_team',
    });
    expect(await createTestAuthorizer(userPolicy).authorizeRequest(carol)).toMatchObject({ code: 'not_operator' });
    expect(await createTestAuthorizer(userPolicy).authorizeRequest({ ...alice, channel: 'D0ALICE' })).toBeNull();
    expect(calledMethods()).toEqual([]);
    expect(await createTestAuthorizer(userPolicy).authorizeRequest(alice)).toBeNull();
    expect(calledMethods()).toEqual(['conversations.info']);
  });

  it('caches the members of a group for five minutes, and reads them again before a refusal', async () => {
    const authorizer = createTestAuthorizer(groupPolicy);
    expect(await authorizer.authorizeRequest(alice)).toBeNull();
    expect(await authorizer.authorizeRequest(alice)).toBeNull();
    expect(calledMethods()).toHaveLength(1);
    expect(await authorizer.authorizeRequest(carol)).toMatchObject({ code: 'not_operator' });
    slack.group('S0OPS').members.push('U0CAROL');
    now += 11_000;
    expect(await authorizer.authorizeRequest(carol)).toBeNull();
    now += 5 * 60_000;
    await authorizer.authorizeRequest(alice);
    expect(calledMethods()).toHaveLength(3);
  });

  it('refuses while Slack does not return the members of a group, and reads them again', async () => {
    const authorizer = createTestAuthorizer(groupPolicy);
    slack.injectFault({ method: 'usergroups.users.list', error: 'missing_scope' });
    expect(await authorizer.authorizeRequest(alice)).toMatchObject({ code: 'group_unknown', group: 'S0OPS' });
    expect(await authorizer.authorizeRequest(alice)).toBeNull();
    expect(warnings).toMatchObject([{ lookupKey: 'S0OPS', kind: 'rejected', error: { code: expect.any(String) } }]);
  });

  it('refuses a person who may have been added to a group since, while Slack does not answer', async () => {
    const authorizer = createTestAuthorizer(groupPolicy);
    expect(await authorizer.authorizeRequest(alice)).toBeNull();
    now += 10_000;
    slack.injectFault({ method: 'usergroups.users.list', error: 'internal_error' });
    expect(await authorizer.authorizeRequest(carol)).toMatchObject({ code: 'group_unknown' });
  });

  it('reads again who is in a group 10 s after it last refused, not earlier', async () => {
    const authorizer = createTestAuthorizer(groupPolicy);
    await authorizer.authorizeRequest(carol);
    now += 9_999;
    await authorizer.authorizeRequest(carol);
    expect(calledMethods()).toHaveLength(1);
    now += 1;
    await authorizer.authorizeRequest(carol);
    expect(calledMethods()).toHaveLength(2);
  });

  it('reads only the user groups of the policy, and none for a person whom the policy names', async () => {
    const authorizer = createTestAuthorizer({ operators: ['U0ALICE', 'S0OPS'], channels: ['C0SYNC'] });
    expect(await authorizer.isOperator(alice)).toBe(true);
    expect(calledMethods()).toEqual([]);
    expect(await authorizer.isOperator(carol)).toBe(false);
    expect(slack.calls.map(({ args }) => args['usergroup'])).toEqual(['S0OPS']);
  });

  it('reads for five minutes once whether a channel is shared', async () => {
    const authorizer = createTestAuthorizer(userPolicy);
    for (const passedMs of [0, 299_999, 1]) {
      now += passedMs;
      await authorizer.authorizeRequest(alice);
    }
    expect(calledMethods()).toEqual(['conversations.info', 'conversations.info']);
  });

  it('refuses in a shared channel, and while it cannot read whether the channel is shared', async () => {
    const authorizer = createTestAuthorizer(userPolicy);
    expect(await authorizer.authorizeRequest({ ...alice, channel: 'C0SHARED' })).toMatchObject({
      code: 'channel_shared',
    });
    slack.injectFault({ method: 'conversations.info', error: 'channel_not_found' });
    expect(await authorizer.authorizeRequest({ ...alice, channel: 'C0OTHER' })).toMatchObject({
      code: 'channel_unknown',
    });
    expect(await authorizer.authorizeRequest({ ...alice, channel: 'C0OTHER' })).toBeNull();
  });

  it('refuses every change, and shows no reason, while the stored policy cannot be read', async () => {
    const authorizer = createTestAuthorizer(userPolicy, () => Promise.reject(new ConfigurationUnreadableError()));
    expect(await authorizer.authorizeRequest(alice)).toEqual({ code: 'policy_unreadable' });
    expect(await authorizer.isOperator(alice)).toBe(false);
    expect(await authorizer.listOperators()).toEqual({ people: [], unreadGroups: [] });
  });

  it('says which entry of the policy makes a person an operator, and decides as for a request', async () => {
    const both = { operators: ['U0ALICE', 'S0OPS'], channels: ['C0SYNC'] };
    const read = (identity: typeof alice) => createTestAuthorizer(both).readAccess(identity);
    expect(await read(alice)).toEqual({ refusal: null, operatorEntry: 'U0ALICE', channels: ['C0SYNC'] });
    expect(await read({ ...alice, user: 'U0BOB' })).toMatchObject({ refusal: null, operatorEntry: 'S0OPS' });
    expect(await read(carol)).toMatchObject({ refusal: { code: 'not_operator' }, operatorEntry: null });
    const elsewhere = await read({ ...alice, channel: 'C0OTHER' });
    expect(elsewhere).toMatchObject({ refusal: { code: 'channel_not_allowed' }, operatorEntry: 'U0ALICE' });
    for (const identity of [alice, carol, { ...alice, channel: 'C0OTHER' }])
      expect(await createTestAuthorizer(both).authorizeRequest(identity)).toEqual((await read(identity)).refusal);
  });

  it('names each operator once, and asks Slack once for a group that it could not read', async () => {
    const authorizer = createTestAuthorizer({ operators: ['S0OPS', 'U0CAROL', 'U0ALICE'], channels: [] });
    expect(await authorizer.listOperators()).toEqual({ people: ['U0CAROL', 'U0ALICE', 'U0BOB'], unreadGroups: [] });
    const failing = createTestAuthorizer(groupPolicy);
    slack.injectFault({ method: 'usergroups.users.list', error: 'missing_scope' });
    expect(await failing.readAccess(carol)).toMatchObject({ refusal: { code: 'group_unknown' } });
    const callCount = calledMethods().length;
    expect(await failing.listOperators()).toEqual({ people: [], unreadGroups: ['S0OPS'] });
    expect(calledMethods()).toHaveLength(callCount);
    now += 10_000;
    expect(await failing.listOperators()).toEqual({ people: ['U0ALICE', 'U0BOB'], unreadGroups: [] });
  });

  it('recognizes an operator in any channel, and refuses a person of another workspace', async () => {
    expect(await createTestAuthorizer(userPolicy).isOperator({ ...alice, channel: 'C0SHARED' })).toBe(true);
    expect(await createTestAuthorizer(userPolicy).isOperator(carol)).toBe(false);
    expect(createTestAuthorizer(userPolicy).checkTeam({ user: 'U0EVE', team: 'T0EXT' })).toMatchObject({
      code: 'other_team',
    });
  });
});
