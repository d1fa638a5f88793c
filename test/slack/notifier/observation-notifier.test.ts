import { webApi } from '@slack/bolt';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ObservationMessage } from '../../../src/application/stores.ts';
import type { ObserveCycle } from '../../../src/domain/observation-status.ts';
import type { Project } from '../../../src/domain/project.ts';
import { notifyObservation } from '../../../src/slack/notifier/observation-notifier.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { FakeSlack } from '../../fake-slack/fake-slack.ts';
import { exampleNow, exampleProject } from '../../support/example-records.ts';
import { createFakeContext, type LoggedCall } from '../fake-context.ts';

let slack: FakeSlack;
let projects: Project[];
let lastCycle: ObserveCycle | null;
let stored: Map<string, ObservationMessage>;
let logLines: readonly LoggedCall[];
beforeEach(async () => {
  slack = await FakeSlack.start();
  projects = [inChannel('orders', 'C0SYNC'), inChannel('users', 'C0SYNC'), inChannel('nowhere', null)];
  lastCycle = { completedAt: exampleNow - 100_000, staleAfterMs: 90_000, unobservedProjects: 0, gap: null };
  stored = new Map();
  logLines = [];
});
afterEach(() => slack[Symbol.asyncDispose]());

function inChannel(id: string, channel: string | null, by = 'cli:root'): Project {
  return exampleProject({ id, by, definition: { ...exampleProject().definition, id, channel } });
}

const texts = (channel = 'C0SYNC') => slack.messagesVisibleTo('U0ALICE', channel).map(({ text }) => text);

async function notify(): Promise<void> {
  const { context, logLines: lines } = createFakeContext(projects, {
    observations: {
      readLastCycle: async () => lastCycle,
      readMessages: async () => [...stored.values()],
      saveMessage: async (message) => void stored.set(message.channel, message),
      removeMessage: async (channel) => void stored.delete(channel),
    },
  });
  logLines = lines;
  const options = { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true };
  const client = new webApi.WebClient(slack.botToken, options);
  await notifyObservation({ ...context, client, format: slackFormatter('/sync') });
}

it('Each channel gets one message about its projects, which says later that they are observed again.', async () => {
  projects.push(inChannel('stock', 'C0SHARED'));
  await notify();
  await notify();
  expect(texts()).toEqual([expect.stringMatching(/^2 projects · Not observed since .* Check that syncbot runs/)]);
  expect(texts('C0SHARED')).toEqual([expect.stringMatching(/^stock · Not observed since /)]);
  lastCycle = { completedAt: exampleNow, staleAfterMs: 90_000, unobservedProjects: 0, gap: null };
  await notify();
  await notify();
  expect(texts()).toEqual([expect.stringMatching(/^All projects · Not observed from .* to /)]);
  expect(stored.size).toBe(0);
  expect(slack.callsTo('chat.update')).toHaveLength(2);
});

it('A second gap gets a message of its own.', async () => {
  await notify();
  lastCycle = { completedAt: exampleNow - 95_000, staleAfterMs: 90_000, unobservedProjects: 0, gap: null };
  await notify();
  expect(texts()).toEqual([
    expect.stringMatching(/^All projects · Not observed from /),
    expect.stringMatching(/^2 projects · Not observed since /),
  ]);
});

it('The message is true when no cycle has ever completed.', async () => {
  lastCycle = null;
  await notify();
  await notify();
  expect(texts()).toEqual([expect.stringMatching(/^2 projects · Not observed yet\./)]);
});

it('A channel to which the bot cannot post is tried again at the next check.', async () => {
  slack.channel('C0SYNC').isArchived = true;
  await notify();
  expect(logLines).toMatchObject([{ level: 'warn', fields: { channel: 'C0SYNC', code: 'is_archived' } }]);
  slack.channel('C0SYNC').isArchived = false;
  await notify();
  expect(texts()).toHaveLength(1);
});

it('If Slack refuses a channel, the person who last changed its projects gets one direct message, which is edited later.', async () => {
  projects = [
    inChannel('orders', 'C0SYNC', 'U0ALICE'),
    inChannel('users', 'C0SYNC', 'U0ALICE'),
    inChannel('invoices', 'C0SYNC'),
    inChannel('payments', 'C0SHARED', 'U0ALICE'),
  ];
  slack.channel('C0SYNC').isArchived = true;
  for (let attempt = 0; attempt < 2; attempt++) await notify();
  expect([...stored.keys()]).toEqual(['C0SHARED', 'U0ALICE']);
  const directMessages = () => texts(slack.directMessage('U0ALICE').id);
  expect(directMessages()).toEqual([expect.stringMatching(/^2 projects · Not observed since/)]);
  lastCycle = { completedAt: exampleNow, staleAfterMs: 90_000, unobservedProjects: 0, gap: null };
  await notify();
  expect(stored.size).toBe(0);
  expect(directMessages()).toEqual([expect.stringMatching(/^All projects · Not observed from /)]);
});
