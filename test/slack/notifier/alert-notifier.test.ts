import { webApi } from '@slack/bolt';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Alert, DeliveredAlert } from '../../../src/domain/alert.ts';
import type { AlertKind, Condition } from '../../../src/domain/conditions.ts';
import type { Project } from '../../../src/domain/project.ts';
import { notifyAlerts } from '../../../src/slack/notifier/alert-notifier.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { FakeSlack } from '../../fake-slack/fake-slack.ts';
import { exampleLink, exampleOperation, exampleProject } from '../../support/example-records.ts';
import { visibleText } from '../../support/slack-harness.ts';

let slack: FakeSlack;
let project: Project;
let notified: string[];
let warnings: object[];
beforeEach(async () => {
  notified = [];
  warnings = [];
  slack = await FakeSlack.start();
  const { definition } = exampleProject();
  project = exampleProject({ state: 'paused', by: 'U0ALICE', definition: { ...definition, channel: 'C0SYNC' } });
});
afterEach(() => slack[Symbol.asyncDispose]());

const links = { total: 1, first: [exampleLink('orders-full')] };
const unexpectedlyRunning: Condition = { kind: 'unexpectedly_running', links, cause: 'resumed' };
const latency: Condition = { kind: 'latency', latencyMs: 600_000, limitMs: 300_000 };

/** Sets an alert of the project as the observer does. A null condition means resolved. */
function setAlert(
  condition: Condition | null,
  overrides: Partial<Pick<Alert, 'since' | 'seq' | 'earlier'>> = {},
  kind: AlertKind = condition?.kind ?? 'unexpectedly_running',
): void {
  const fields = { since: 1_000, seq: 1, changedAt: 61_000, version: 1 };
  const alert: Alert =
    condition === null
      ? { state: 'resolved', condition: project.alerts[kind]?.alert.condition, ...fields, ...overrides }
      : { state: 'firing', condition, absentOnce: false, ...fields, ...overrides };
  const delivered = project.alerts[kind]?.delivered ?? null;
  project = {
    ...project,
    alerts: { ...project.alerts, [kind]: { alert, delivered } },
  };
}

const deliveredAlert = (kind: AlertKind): DeliveredAlert | null => project.alerts[kind]?.delivered ?? null;
const channelMessages = (user = 'U0CAROL', channel = 'C0SYNC') =>
  slack.messagesVisibleTo(user, channel).map(visibleText);

async function notify(id = project.id): Promise<void> {
  const { apiUrl: slackApiUrl, botToken } = slack;
  const options = { slackApiUrl, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true };
  await notifyAlerts(
    {
      client: new webApi.WebClient(botToken, options),
      format: slackFormatter('/sync'),
      showErrors: false,
      onCallRules: [],
      log: { info: () => {}, warn: (fields, message) => void warnings.push({ ...fields, message }), error: () => {} },
      projects: { read: async (id) => (id === project.id ? project : null) },
      operations: {
        read: async ({ operation }) => (operation === 'op1' ? exampleOperation({ channel: 'C0SHARED' }) : null),
      },
      alerts: {
        async markNotified(_id, kind, delivered, isNew) {
          notified.push(`${kind}${isNew ? ', new message' : ''}`);
          const alertRecord = project.alerts[kind];
          if (alertRecord !== undefined)
            project = { ...project, alerts: { ...project.alerts, [kind]: { ...alertRecord, delivered } } };
        },
      },
    },
    id,
  );
}

it('An alert has one message, which is edited while the alert fires and when it is resolved.', async () => {
  setAlert(unexpectedlyRunning);
  await notify();
  await notify();
  expect(channelMessages()).toEqual([
    expect.stringMatching(/^orders · Paused, but a link runs · `orders-full`\nAttention, <@U0ALICE>: /),
  ]);
  setAlert({ ...unexpectedlyRunning, links: { ...links, total: 2 } }, { seq: 2 });
  await notify();
  setAlert(null, { seq: 3 });
  await notify();
  expect(notified).toEqual(['unexpectedly_running, new message', 'unexpectedly_running', 'unexpectedly_running']);
  expect(channelMessages()).toEqual([
    expect.stringMatching(
      /^orders · Resolved at .*, after 1 min · links ran although they should have been paused · `orders-full` and 1 more/,
    ),
  ]);
  expect(deliveredAlert('unexpectedly_running')).toMatchObject({ seq: 3, resolved: true });
});

it('A new occurrence gets a new message after the earlier one was resolved.', async () => {
  setAlert(latency);
  await notify();
  const pending: Alert = { state: 'pending', condition: latency, since: 200_000, seq: 2, changedAt: 0, version: 1 };
  project = { ...project, alerts: { latency: { alert: pending, delivered: deliveredAlert('latency') } } };
  await notify();
  expect(channelMessages()).toEqual([expect.stringContaining('Resolved · it was too far behind')]);
  setAlert(latency, { seq: 3, since: 200_000 });
  await notify();
  expect(channelMessages()).toHaveLength(2);
  expect(channelMessages()[1]).toContain('orders · 10 min behind');
});

it('The message of an older occurrence is resolved before the next occurrence is posted.', async () => {
  setAlert({ kind: 'project_failed', since: 1, failure: null });
  await notify();
  setAlert({ kind: 'project_failed', since: 9, failure: null }, { since: 500_000, seq: 3 });
  await notify();
  expect(channelMessages()).toEqual([
    expect.stringMatching(/^orders · Was Failed until a restore$/m),
    expect.stringContaining('a task failed'),
  ]);
});

it('The message of the occurrence before says when that ended, and keeps its cause.', async () => {
  const failure = { kind: 'task_failed', link: exampleLink('orders-full'), taskId: '1', at: 1, reason: '' } as const;
  setAlert({ kind: 'project_failed', since: 1, failure });
  await notify();
  const earlier = {
    since: 1_000,
    resolvedAt: 61_000,
    condition: { kind: 'project_failed', since: 1, failure },
  } as const;
  setAlert({ kind: 'project_failed', since: 9, failure }, { since: 62_000, seq: 3, earlier });
  await notify();
  expect(channelMessages()).toEqual([
    expect.stringMatching(/^orders · Was Failed until a restore at .*, after 1 min · a task failed on `orders-full`$/m),
    expect.stringContaining('orders · Failed · a task failed'),
  ]);
});

it('An alert that fires again after it was resolved uses its message again.', async () => {
  setAlert(latency);
  await notify();
  setAlert(null, { seq: 2 }, 'latency');
  await notify();
  setAlert(latency, { seq: 3 });
  await notify();
  expect(channelMessages()).toEqual([expect.stringContaining('orders · 10 min behind')]);
});

it('An alert that was resolved before it was posted is reported for running links, and not for latency.', async () => {
  setAlert(null, { seq: 2 }, 'unexpectedly_running');
  setAlert(null, { seq: 2 }, 'latency');
  await notify();
  expect(channelMessages()).toEqual([expect.stringContaining('links ran although they should have been paused')]);
});

it('When the bot cannot post to the channel, the last person to change the project gets a direct message, or the alert stays due.', async () => {
  slack.channel('C0SYNC').isArchived = true;
  setAlert(unexpectedlyRunning);
  await notify();
  expect(deliveredAlert('unexpectedly_running')?.message?.channel).toMatch(/^D/);
  project = { ...project, by: 'cli:bob', alerts: {} };
  setAlert(unexpectedlyRunning);
  await notify();
  expect(deliveredAlert('unexpectedly_running')).toBeNull();
  slack.channel('C0SYNC').isArchived = false;
  await notify();
  expect(channelMessages()).toEqual([expect.stringContaining('orders-full')]);
});

it('An alert continues in a direct message after its channel was archived.', async () => {
  setAlert(unexpectedlyRunning);
  await notify();
  slack.channel('C0SYNC').isArchived = true;
  setAlert({ ...unexpectedlyRunning, links: { ...links, total: 2 } }, { seq: 2 });
  await notify();
  expect(deliveredAlert('unexpectedly_running')).toMatchObject({
    seq: 2,
    message: { channel: expect.stringMatching(/^D/) },
  });
});

it('A resolved alert about running links stays due while the bot can post it nowhere.', async () => {
  slack.channel('C0SYNC').isArchived = true;
  project = { ...project, by: 'cli:bob' };
  setAlert(null, { seq: 2 }, 'unexpectedly_running');
  await notify();
  expect(deliveredAlert('unexpectedly_running')).toBeNull();
});

it.each<[string, AlertKind, boolean]>([
  ['links that ignored their pause', 'pause_ignored', true],
  ['a new queue', 'queue_created', true],
  ['a failure', 'project_failed', false],
])('An alert about %s that was resolved before it was posted is reported: %s, %s.', async (_name, kind, isReported) => {
  setAlert(null, { seq: 2 }, kind);
  await notify();
  expect(channelMessages()).toHaveLength(isReported ? 1 : 0);
  expect(deliveredAlert(kind)).toMatchObject({ seq: 2, since: 1_000, resolved: true });
});

it('An alert goes to the channel of the last operation if the project has none, else to the person.', async () => {
  const definition = { ...project.definition, channel: null };
  project = { ...project, definition, lastOperation: 'op1' };
  setAlert(unexpectedlyRunning);
  await notify();
  expect(deliveredAlert('unexpectedly_running')?.message?.channel).toBe('C0SHARED');
  project = { ...project, lastOperation: null, alerts: {} };
  setAlert(unexpectedlyRunning);
  await notify();
  expect(deliveredAlert('unexpectedly_running')?.message?.channel).toBe(slack.directMessage('U0ALICE').id);
});

it('An alert of a project without any channel is not due again, and is logged.', async () => {
  project = { ...project, by: 'cli:bob', definition: { ...project.definition, channel: null } };
  setAlert(unexpectedlyRunning);
  await notify();
  expect(deliveredAlert('unexpectedly_running')).toEqual({ seq: 1, since: 1_000, message: null, resolved: false });
  expect(notified).toEqual(['unexpectedly_running']);
  expect(warnings).toEqual([
    { project: 'orders', kind: 'unexpectedly_running', message: 'alert not delivered: the project has no channel' },
  ]);
});

it('A channel to which the bot cannot post is logged, and the next alert is posted.', async () => {
  project = { ...project, by: 'cli:bob' };
  slack.injectFault({ method: 'chat.postMessage', error: 'not_in_channel' });
  setAlert(unexpectedlyRunning);
  setAlert(latency);
  await notify();
  expect(warnings).toEqual([
    {
      project: 'orders',
      kind: 'unexpectedly_running',
      channel: 'C0SYNC',
      code: 'not_in_channel',
      message: 'alert not delivered to the channel',
    },
  ]);
  expect(channelMessages()).toEqual([expect.stringContaining('orders · 10 min behind')]);
});

it('The message of an alert that is resolved stays as it is if Slack does not accept the update.', async () => {
  setAlert(unexpectedlyRunning);
  await notify();
  const { message } = deliveredAlert('unexpectedly_running') ?? {};
  slack.injectFault({ method: 'chat.update', error: 'is_archived' });
  setAlert(null, { seq: 2 });
  await notify();
  expect(deliveredAlert('unexpectedly_running')).toEqual({ seq: 2, since: 1_000, message, resolved: true });
});

it('The alerts of a project that was removed are not posted.', async () => {
  setAlert(unexpectedlyRunning);
  await notify('other');
  expect(slack.calls).toEqual([]);
});
