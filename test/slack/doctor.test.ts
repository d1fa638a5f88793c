import { pino } from 'pino';
import { expect, it } from 'vitest';
import { checkSlack } from '../../src/slack/doctor.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import { defaultScopes } from '../fake-slack/options.ts';

const log = pino({ level: 'silent' });

it('The check reports whether Slack accepts each token, channel and user group.', async () => {
  await using slack = await FakeSlack.start();
  slack.channel('C0SHARED').isArchived = true;
  const items = await checkSlack({
    botToken: slack.botToken,
    transport: { kind: 'socket', appToken: slack.appToken },
    apiUrl: slack.apiUrl,
    policy: { operators: ['U0ALICE', 'S0OPS', 'S0GONE'], channels: ['C0OTHER'] },
    mentioned: [],
    channels: ['C0SYNC', 'C0SHARED', 'C0NOWHERE'],
    log,
  });
  expect(Object.fromEntries(items.map(({ item, result }) => [item, result]))).toEqual({
    'Slack bot token': 'pass',
    'Slack scopes': 'pass',
    'Slack app token': 'pass',
    'channel C0SYNC': 'pass',
    'channel C0SHARED': 'fail',
    'channel C0NOWHERE': 'fail',
    'channel C0OTHER': 'fail',
    'user group S0OPS': 'pass',
    'user group S0GONE': 'fail',
  });
  expect(items.find(({ item }) => item === 'channel C0OTHER')?.message).toContain('/invite');
});

it('With invalid tokens the check names their variables and checks nothing else.', async () => {
  await using slack = await FakeSlack.start();
  const tokens = { botToken: 'xoxb-wrong', transport: { kind: 'socket', appToken: 'xapp-wrong' } } as const;
  const policy = { operators: ['S0OPS'], channels: ['C0SYNC'] };
  const items = await checkSlack({ ...tokens, apiUrl: slack.apiUrl, policy, mentioned: [], channels: [], log });
  expect(items.map(({ result }) => result)).toEqual(['fail', 'fail']);
  expect(items[0]?.message).toContain('SLACK_BOT_TOKEN');
  expect(items[1]?.message).toContain('SLACK_APP_TOKEN');
});

it.each([
  [
    'Over HTTP the check needs no app token, and the result of the transport is unknown.',
    'http',
    'unknown',
    '/slack/events',
  ],
  ['Without a transport the check names the variables of both.', null, 'fail', 'SLACK_SIGNING_SECRET'],
] as const)('%s', async (_title, kind, result, expectedText) => {
  await using slack = await FakeSlack.start();
  const transport = kind === null ? null : { kind, signingSecret: slack.signingSecret, port: 3_000, host: null };
  const policy = { operators: [], channels: [] };
  const items = await checkSlack({
    botToken: slack.botToken,
    transport,
    apiUrl: slack.apiUrl,
    policy,
    mentioned: [],
    channels: [],
    log,
  });
  expect(items).toMatchObject([{ result: 'pass' }, { result: 'pass' }, { item: 'Slack transport', result }]);
  expect(items[2]?.message).toContain(expectedText);
  expect(slack.callsTo('apps.connections.open')).toEqual([]);
});

it('The check says how many people are in a group, what the bot lacks in a channel, and when Slack does not answer.', async () => {
  await using slack = await FakeSlack.start();
  slack.channel('C0SHARED').isArchived = true;
  slack.injectFault({
    method: 'conversations.info',
    dropRequest: true,
    matchesArgs: ({ channel }) => channel === 'C0MAIN',
  });
  const items = await checkSlack({
    botToken: slack.botToken,
    transport: { kind: 'socket', appToken: slack.appToken },
    apiUrl: slack.apiUrl,
    policy: { operators: ['U0ALICE', 'S0OPS', 'S0GONE'], channels: ['C0SYNC'] },
    mentioned: [],
    channels: ['C0SYNC', 'C0SHARED', 'C0NOWHERE', 'C0MAIN'],
    log,
  });
  expect(items.map(({ item, result, message }) => `${item}: ${result}, ${message}`)).toEqual([
    'Slack bot token: pass, Slack accepts it',
    'Slack scopes: pass, all are granted',
    'Slack app token: pass, Slack accepts it',
    'channel C0SYNC: pass, the bot is a member',
    'channel C0SHARED: fail, the channel is archived: use another one',
    'channel C0NOWHERE: fail, Slack returns channel_not_found: check the id, invite the bot, and check its scopes',
    'channel C0MAIN: unknown, Slack did not answer',
    'user group S0OPS: pass, 2 members',
    expect.stringMatching(/^user group S0GONE: fail, Slack returns /),
  ]);
});

it.each([
  ['A scope that the policy needs is named and fails.', ['chat:write'], { operators: ['S0OPS'], channels: [] }, 'fail'],
  [
    'A scope that the policy does not need is named, and does not fail.',
    ['commands', 'chat:write'],
    { operators: ['U0ALICE'], channels: ['C0SYNC'] },
    'pass',
  ],
] as const)('%s', async (_title, scopes, policy, result) => {
  await using slack = await FakeSlack.start({ scopes });
  const items = await checkSlack({
    botToken: slack.botToken,
    transport: null,
    apiUrl: slack.apiUrl,
    policy,
    mentioned: [],
    channels: [],
    log,
  });
  const check = items.find(({ item }) => item === 'Slack scopes');
  expect(check?.result).toBe(result);
  const missing = defaultScopes.filter((scope) => !scopes.some((granted) => granted === scope));
  for (const scope of missing) expect(check?.message).toContain(`${scope} is not granted, so `);
  expect(check?.message).toContain('install it again');
});
