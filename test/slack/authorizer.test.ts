import { webApi } from '@slack/bolt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationUnreadableError } from '../../src/application/errors.ts';
import type { Policy } from '../../src/domain/authorization.ts';
import { type Authorizer, createAuthorizer } from '../../src/slack/authorizer.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';

const team = 'T0001';
let slack: FakeSlack;
let now = 0;
beforeEach(async () => {
  slack = await FakeSlack.start();
  now = 0;
});
afterEach(() => slack[Symbol.asyncDispose]());

function createTestAuthorizer(policy: Policy, readPolicy = async () => policy): Authorizer {
  const options = { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 } };
  return createAuthorizer({
    client: new webApi.WebClient(slack.botToken, options),
    readPolicy,
    installedTeam: () => team,
    monotonicNow: () => now,
    log: { info: () => {}, warn: () => {}, error: () => {} },
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
  });

  it('recognizes an operator in any channel, and refuses a person of another workspace', async () => {
    expect(await createTestAuthorizer(userPolicy).isOperator({ ...alice, channel: 'C0SHARED' })).toBe(true);
    expect(await createTestAuthorizer(userPolicy).isOperator(carol)).toBe(false);
    expect(createTestAuthorizer(userPolicy).checkTeam({ user: 'U0EVE', team: 'T0EXT' })).toMatchObject({
      code: 'other_team',
    });
  });
});
