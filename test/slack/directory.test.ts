import { webApi } from '@slack/bolt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Policy } from '../../src/domain/policy.ts';
import { createDirectory, type Directory } from '../../src/slack/directory.ts';
import { StrictSlack } from '../support/slack/strict-slack.ts';

const team = 'T0001';
let slack: StrictSlack;
let now = 0;
beforeEach(async () => {
  slack = await StrictSlack.start();
  now = 0;
});
afterEach(() => slack[Symbol.asyncDispose]());

function directory(policy: Policy): Directory {
  const options = { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 } };
  return createDirectory({
    client: new webApi.WebClient(slack.botToken, options),
    policy,
    installedTeam: () => team,
    now: () => now,
    log: { info: () => {}, warn: () => {}, error: () => {} },
  });
}

const alice = { user: 'U0ALICE', team, channel: 'C0SYNC' };
const carol = { ...alice, user: 'U0CAROL' };
const named: Policy = { operators: ['U0ALICE'], channels: [] };
const group: Policy = { operators: ['S0OPS'], channels: ['C0SYNC'] };
const calls = () => slack.calls.map(({ method }) => method);

describe('who may change a project', () => {
  it('asks Slack only what the rules need', async () => {
    expect(await directory({ ...named, channels: ['C0SYNC'] }).authorizeSlack(alice)).toBeNull();
    expect(await directory({ operators: [], channels: [] }).authorizeSlack(alice)).toMatchObject({
      code: 'no_operators',
    });
    expect(await directory(named).authorizeSlack({ ...alice, team: 'T0EXT' })).toMatchObject({ code: 'other_team' });
    expect(await directory(named).authorizeSlack({ ...alice, team: null })).toMatchObject({ code: 'other_team' });
    expect(await directory(named).authorizeSlack(carol)).toMatchObject({ code: 'not_operator' });
    expect(await directory(named).authorizeSlack({ ...alice, channel: 'D0ALICE' })).toBeNull();
    expect(calls()).toEqual([]);
    expect(await directory(named).authorizeSlack(alice)).toBeNull();
    expect(calls()).toEqual(['conversations.info']);
  });

  it('keeps the members of a group for five minutes, and looks again before it says no', async () => {
    const asked = directory(group);
    expect(await asked.authorizeSlack(alice)).toBeNull();
    expect(await asked.authorizeSlack(alice)).toBeNull();
    expect(calls()).toHaveLength(1);
    expect(await asked.authorizeSlack(carol)).toMatchObject({ code: 'not_operator' });
    slack.group('S0OPS').members.push('U0CAROL');
    now += 11_000;
    expect(await asked.authorizeSlack(carol)).toBeNull();
    now += 5 * 60_000;
    await asked.authorizeSlack(alice);
    expect(calls()).toHaveLength(3);
  });

  it('is not known while Slack does not tell, and is asked again', async () => {
    const asked = directory(group);
    slack.fail({ method: 'usergroups.users.list', error: 'missing_scope' });
    expect(await asked.authorizeSlack(alice)).toMatchObject({ code: 'group_unknown', group: 'S0OPS' });
    expect(await asked.authorizeSlack(alice)).toBeNull();
  });

  it('depends on the channel: shared with others, or not known to be', async () => {
    const asked = directory(named);
    expect(await asked.authorizeSlack({ ...alice, channel: 'C0SHARED' })).toMatchObject({ code: 'channel_shared' });
    slack.fail({ method: 'conversations.info', error: 'channel_not_found' });
    expect(await asked.authorizeSlack({ ...alice, channel: 'C0OTHER' })).toMatchObject({ code: 'channel_unknown' });
    expect(await asked.authorizeSlack({ ...alice, channel: 'C0OTHER' })).toBeNull();
  });

  it('may see reasons wherever they are', async () => {
    expect(await directory(named).isOperator({ ...alice, channel: 'C0SHARED' })).toBe(true);
    expect(await directory(named).isOperator(carol)).toBe(false);
    expect(directory(named).refuseStranger({ user: 'U0EVE', team: 'T0EXT' })).toMatchObject({ code: 'other_team' });
  });
});
