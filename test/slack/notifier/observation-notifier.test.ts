import { webApi } from '@slack/bolt';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ObservationMessage, ObservationStore } from '../../../src/application/stores.ts';
import type { Project } from '../../../src/domain/project.ts';
import { notifyObservation } from '../../../src/slack/notifier/observation-notifier.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { FakeSlack } from '../../fake-slack/fake-slack.ts';
import { exampleNow, exampleProject } from '../../support/example-records.ts';
import { visibleText } from '../../support/slack-harness.ts';

let slack: FakeSlack;
let messages: Map<string, ObservationMessage>;
let completedAt: number;
beforeEach(async () => {
  slack = await FakeSlack.start();
  messages = new Map();
  completedAt = exampleNow - 600_000;
});
afterEach(() => slack[Symbol.asyncDispose]());

function projectIn(channel: string, id: string, by: string): Project {
  const { definition } = exampleProject();
  return exampleProject({ id, by, definition: { ...definition, id, channel } });
}

const projects = [
  projectIn('C0SYNC', 'orders', 'U0ALICE'),
  projectIn('C0SYNC', 'users', 'U0ALICE'),
  projectIn('C0SYNC', 'invoices', 'cli:bob'),
  projectIn('C0SHARED', 'payments', 'U0ALICE'),
];

async function notify(): Promise<void> {
  const { apiUrl: slackApiUrl, botToken } = slack;
  const observations: Partial<ObservationStore> = {
    readLastCycle: async () => ({ completedAt, staleAfterMs: 90_000 }),
    readMessages: async () => [...messages.values()],
    saveMessage: async (message) => void messages.set(message.channel, message),
    removeMessage: async (channel) => void messages.delete(channel),
  };
  await notifyObservation({
    client: new webApi.WebClient(botToken, { slackApiUrl, retryConfig: { retries: 0 } }),
    format: slackFormatter('/sync'),
    log: pino({ level: 'silent' }),
    projects: { listIds: async () => projects.map(({ id }) => id), readMany: async () => projects },
    operations: { read: async () => null },
    observations: Object.assign(Object.create(null), observations),
    serverClock: { now: async () => exampleNow },
  });
}

const directMessages = () => {
  const channel = messages.get('U0ALICE')?.message.channel ?? 'none';
  return slack.messagesVisibleTo('U0ALICE', channel).map(visibleText);
};

it('If Slack refuses a channel, the person who last changed its projects gets one direct message, which is edited later.', async () => {
  slack.channel('C0SYNC').isArchived = true;
  for (let attempt = 0; attempt < 2; attempt++) await notify();
  expect([...messages.keys()]).toEqual(['C0SHARED', 'U0ALICE']);
  expect(directMessages()).toEqual([expect.stringMatching(/^orders and users are not observed since/)]);

  completedAt = exampleNow;
  await notify();
  expect(messages.size).toBe(0);
});
