import { expect, test } from 'vitest';
import { defaultScopes } from '../fake-slack/options.ts';
import {
  type SlackHarness,
  type SlackHarnessOptions,
  startSlackHarness,
  visibleText,
} from '../support/slack-harness.ts';
import { readPage } from './pages.ts';

/** The rows of the table of scopes in docs/security.md. */
const table = [...readPage('docs/security.md').matchAll(/^\| `([a-z_]+(?::[a-z]+)?)` \| .* \| (.*) \|$/gm)];

test('docs/security.md has a row for each scope of the manifest, and no other', () => {
  expect(table.map(([, scope]) => scope)).toEqual(defaultScopes);
});

/** Starts a bot without one scope, with a Running project. */
async function startWithoutScope(scope: string, options: SlackHarnessOptions = {}): Promise<SlackHarness> {
  const scopes = defaultScopes.filter((grantedScope) => grantedScope !== scope);
  const harness = await startSlackHarness({ ...options, slack: { ...options.slack, scopes } });
  const link = await harness.services.createLink('orders-incr');
  await harness.services.createProject('orders', [link]);
  await harness.services.instance.startWorkers();
  return harness;
}

const group = { policy: { operators: ['S0OPS'], channels: [] } };
const privateChannel = { slack: { channels: [{ id: 'C0PRIV', members: ['U0ALICE', 'U0BOT'], isPrivate: true }] } };

test('with all scopes operators of a user group change projects from public and private channels', async () => {
  await using harness = await startWithoutScope('none', { ...group, ...privateChannel });
  await harness.requestAndPressOk('pause', 'orders', { channel: 'C0PRIV' });
  await harness.waitForMessage('orders was paused', { channel: 'C0PRIV' });
  await harness.requestAndPressOk('restore', 'orders', { user: 'U0BOB' });
  await harness.waitForMessage('orders was restored');
  expect(harness.slack.violations).toEqual([]);
});

test('without chat:write only the confirmation shows the outcome', async () => {
  await using harness = await startWithoutScope('chat:write');
  await harness.requestAndPressOk('pause', 'orders');
  const outcomeMessage = await harness.waitForMessage('orders was paused');
  expect(outcomeMessage.ephemeralFor).toBe('U0ALICE');
  expect(harness.slack.messagesVisibleTo('U0BOB', 'C0SYNC')).toEqual([]);
});

test('without usergroups:read members of a user group may not change projects', async () => {
  await using harness = await startWithoutScope('usergroups:read', group);
  expect(visibleText(await harness.runCommand('pause orders'))).toContain(
    'syncbot could not read the members of the user group',
  );
});

test('without channels:read changes from a public channel are refused unless policy.channels names it', async () => {
  await using harness = await startWithoutScope('channels:read', privateChannel);
  expect(visibleText(await harness.runCommand('pause orders'))).toContain(
    'syncbot cannot read whether this channel is shared',
  );
  await harness.requestAndPressOk('pause', 'orders', { channel: 'C0PRIV' });
  await using named = await startWithoutScope('channels:read', {
    policy: { operators: ['U0ALICE'], channels: ['C0SYNC'] },
  });
  await named.requestAndPressOk('pause', 'orders');
});

test('without groups:read changes from a private channel are refused', async () => {
  await using harness = await startWithoutScope('groups:read', privateChannel);
  const refusalMessage = await harness.runCommand('pause orders', { channel: 'C0PRIV' });
  expect(visibleText(refusalMessage)).toContain('syncbot cannot read whether this channel is shared');
  await harness.requestAndPressOk('pause', 'orders');
});

test('without users:read a time of day is read in UTC, and the dialog says so', async () => {
  await using harness = await startWithoutScope('users:read');
  expect(visibleText(await harness.runCommand('pause orders until tomorrow 06:00'))).toContain('read as UTC time');
  await using granted = await startWithoutScope('none');
  expect(visibleText(await granted.runCommand('pause orders until tomorrow 06:00'))).toContain(
    'read as Europe/Berlin time',
  );
});

test('without app_mentions:read Slack sends no mention, and commands work', async () => {
  await using harness = await startWithoutScope('app_mentions:read');
  expect(harness.slack.mention({ user: 'U0ALICE', channel: 'C0SYNC', text: 'pause orders' }).delivery).toBeNull();
  await harness.requestAndPressOk('pause', 'orders');
  await harness.waitForMessage('orders was paused');
});
