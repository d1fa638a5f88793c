import { webApi } from '@slack/bolt';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkDigests } from '../../../src/application/digest.ts';
import type { Digest, DigestRecord } from '../../../src/domain/digest.ts';
import { historyEntrySchema } from '../../../src/domain/history.ts';
import type { ObserveCycle } from '../../../src/domain/observation-status.ts';
import type { Project } from '../../../src/domain/project.ts';
import { notifyDigest } from '../../../src/slack/notifier/digest-notifier.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { FakeSlack } from '../../fake-slack/fake-slack.ts';
import { exampleProject } from '../../support/example-records.ts';
import { createFakeContext, type LoggedCall } from '../fake-context.ts';

const utc = (text: string) => Date.parse(`${text}Z`);
const morning: Digest = { at: '09:00', timezone: 'UTC', channel: 'C0SYNC' };
const evening: Digest = { at: '17:00', timezone: 'UTC', channel: 'C0SYNC' };

let slack: FakeSlack;
let projects: Project[];
let digests: Digest[];
let records: Map<string, DigestRecord>;
let now: number;
let observation: Pick<ObserveCycle, 'unobservedProjects' | 'gap'> & { readonly isObserved: boolean };
/** Called before each call to Slack and each write. A test kills the notifier there. */
let beforeCall: (name: string) => void;
let logLines: LoggedCall[];
beforeEach(async () => {
  slack = await FakeSlack.start();
  projects = ['orders', 'users'].map((id) => inState(id, 'running'));
  digests = [morning];
  records = new Map();
  now = utc('2026-11-24T08:00');
  observation = { isObserved: true, unobservedProjects: 0, gap: null };
  beforeCall = () => {};
  logLines = [];
  await sweep();
});
afterEach(() => slack[Symbol.asyncDispose]());

function inState(id: string, state: Project['state'], fields: Partial<Project> = {}): Project {
  const since = utc('2026-11-24T02:58');
  return exampleProject({ id, state, since, by: 'U0BOB', reason: 'month-end closing', ...fields });
}

function createOptions() {
  const fake = createFakeContext(projects, {
    serverClock: { now: async () => now },
    digests: {
      readAll: async () => new Map(records),
      save: async (saved) => {
        if (saved.size > 0) beforeCall('save');
        for (const [key, record] of saved) records.set(key, record);
      },
    },
    observations: {
      readLastCycle: async () => {
        const { isObserved, ...cycle } = observation;
        return { completedAt: isObserved ? now : now - 7_200_000, staleAfterMs: 90_000, ...cycle };
      },
    },
    auditLog: {
      read: async (id, { since = 0 }) =>
        id === 'orders' && since < utc('2026-11-24T08:30')
          ? [historyEntrySchema.parse({ id: '1-0', at: utc('2026-11-24T08:30'), event: 'changed', by: 'U0ALICE' })]
          : [],
    },
  });
  const context = { ...fake.context, settings: { ...fake.context.settings, digests } };
  return { context, logLines: fake.logLines };
}

/** Checks as a sweep does. The notifier runs the jobs that it adds. */
async function sweep(): Promise<void> {
  const { context, logLines: lines } = createOptions();
  const channels: string[] = [];
  const digestDue = async (channel: string) => void channels.push(channel);
  await checkDigests({ ...context, notifications: { ...context.notifications, digestDue } });
  const web = new webApi.WebClient(slack.botToken, {
    slackApiUrl: slack.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
  });
  const client = {
    chat: {
      postMessage: async (args: webApi.ChatPostMessageArguments) => {
        beforeCall('post');
        return web.chat.postMessage(args);
      },
      update: async (args: webApi.ChatUpdateArguments) => {
        beforeCall('update');
        return web.chat.update(args);
      },
    },
  };
  const options = { ...context, client, format: slackFormatter('/sync'), showErrors: false };
  try {
    for (const channel of channels) await notifyDigest(options, channel);
  } finally {
    logLines.push(...lines);
  }
}

async function sweepAt(time: string): Promise<void> {
  now = utc(time);
  await sweep();
}

const posts = (channel = 'C0SYNC') => slack.messagesVisibleTo('U0ALICE', channel);
const texts = () => posts().map(({ text }) => text.replace(/<!date\^[^|]*\|([^>]*)>/g, '$1'));

it('A digest is posted once a day, and each reports what happened since the one before.', async () => {
  await sweepAt('2026-11-24T08:59:59');
  expect(posts()).toEqual([]);
  for (const time of ['09:00', '09:01', '12:00', '23:59']) await sweepAt(`2026-11-24T${time}`);
  expect(texts()).toEqual(['Digest · Both projects are Running · 2026-11-24 09:00 UTC']);
  for (const time of ['00:01', '08:59', '09:03', '09:04']) await sweepAt(`2026-11-25T${time}`);
  expect(texts().slice(1)).toEqual(['Both projects are Running. Nothing happened since 2026-11-24 09:00 UTC.']);
});

it('A digest that was missed is posted on the same day, and not on the next one.', async () => {
  await sweepAt('2026-11-24T23:30');
  expect(texts()).toEqual(['Digest · Both projects are Running · 2026-11-24 23:30 UTC']);
  await sweepAt('2026-11-26T00:10');
  expect(posts()).toHaveLength(1);
  await sweepAt('2026-11-26T09:00');
  expect(texts().slice(1)).toEqual([expect.stringMatching(/Nothing happened since 2026-11-24 23:30 UTC/)]);
});

it('A digest that is added after its time begins on the next day, and one without a setting is not posted.', async () => {
  digests = [morning, evening];
  await sweepAt('2026-11-24T18:00');
  expect(posts()).toHaveLength(1);
  await sweepAt('2026-11-24T18:01');
  expect(posts()).toHaveLength(1);
  await sweepAt('2026-11-25T17:00');
  expect(texts().slice(1)).toEqual([expect.stringMatching(/Nothing happened since 2026-11-24 18:00 UTC/)]);
  digests = [];
  await sweepAt('2026-11-26T09:00');
  expect(posts()).toHaveLength(2);
});

it('Two digests of a channel that are due at the same time are one message.', async () => {
  digests = [morning, { ...morning, at: '10:00', timezone: 'Europe/Berlin' }];
  await sweep();
  await sweepAt('2026-11-24T09:00');
  expect(posts()).toHaveLength(1);
});

it('A digest names Failed projects, alerts and Paused ones, and mentions people only by an edit.', async () => {
  projects = [inState('orders', 'failed'), inState('users', 'paused'), inState('stock', 'running')];
  await sweepAt('2026-11-24T09:00');
  const [digest = expect.unreachable()] = posts();
  const shown = JSON.stringify(digest.blocks).replace(/<!date\^[^|]*\|([^>]*)>/g, '$1');
  expect(shown).toContain('*Failed*');
  expect(shown).toContain('*orders* · Failed · since 2026-11-24 02:58 UTC\\nA task failed');
  expect(shown).toContain('*users* · Paused · since 2026-11-24 02:58 UTC\\nBy <@U0BOB>: month-end closing');
  expect(shown).toContain(
    '*Since 2026-11-24 08:00 UTC*\\n2026-11-24 08:30 UTC · *orders* · <@U0ALICE> · changed its definition',
  );
  expect(shown).not.toContain('stock');
  const [posted] = slack.callsTo('chat.postMessage');
  expect(JSON.stringify(posted)).not.toContain('<@');
  expect(JSON.stringify(posted)).toContain('By `U0BOB`: month-end closing');
  expect(slack.callsTo('chat.update')).toHaveLength(1);
});

const nightGap = { from: utc('2026-11-24T22:00'), to: utc('2026-11-25T06:00') };
it.each([
  ['no worker observes the links', { isObserved: false }, /^Digest · Not observed since .* · 2 projects: 2 Running · /],
  ['a link did not answer', { unobservedProjects: 1 }, /^Digest · 1 project not observed · 2 projects: 2 Running · /],
  [
    'no worker observed them in the night',
    { gap: nightGap },
    /^Digest · Both projects are Running · .*\nNot observed from 2026-11-24 22:00 UTC to 2026-11-25 06:00 UTC\./,
  ],
])('A digest does not say that nothing happened if %s.', async (_when, change, expected) => {
  await sweepAt('2026-11-24T09:00');
  observation = { ...observation, ...change };
  await sweepAt('2026-11-25T09:00');
  const [, text = ''] = texts();
  expect(text).toMatch(expected);
  expect(text + JSON.stringify(posts()[1]?.blocks)).not.toContain('Nothing happened');
});

it('While Slack refuses the channel, the digest is tried again for the rest of the day.', async () => {
  slack.channel('C0SYNC').isArchived = true;
  now = utc('2026-11-24T09:00');
  await expect(sweep()).rejects.toMatchObject({ name: 'RetryLaterError', delayMs: 600_000 });
  expect(logLines).toMatchObject([
    {
      level: 'warn',
      fields: { channel: 'C0SYNC', code: 'is_archived' },
      message: expect.stringContaining('digest not posted'),
    },
  ]);
  slack.channel('C0SYNC').isArchived = false;
  await sweepAt('2026-11-24T09:10');
  expect(texts()).toEqual(['Digest · Both projects are Running · 2026-11-24 09:10 UTC']);
});

it('A digest with a time zone that this process does not know does not stop the other digests.', async () => {
  digests = [{ ...morning, timezone: 'Mars/Olympus' }, morning];
  await sweep();
  await sweepAt('2026-11-24T09:00');
  expect(posts()).toHaveLength(1);
  expect(logLines.map(({ level, fields }) => ({ level, ...fields }))).toContainEqual(
    expect.objectContaining({ level: 'error', timezone: 'Mars/Olympus' }),
  );
});

it('A notifier that is killed at any call posts the digest once, or twice if Slack had accepted it and nothing was stored.', async () => {
  projects = [inState('users', 'paused')];
  for (const point of ['post', 'save', 'update']) {
    const yesterday = { reportedUntil: utc('2026-11-24T08:00'), doneUntil: utc('2026-11-24T08:00') };
    records = new Map([...records].map(([key]) => [key, yesterday]));
    const before = posts().length;
    beforeCall = (name) => {
      if (name === point) throw new Error('killed');
    };
    now = utc('2026-11-24T09:00');
    await sweep().catch(() => {});
    beforeCall = () => {};
    await sweepAt('2026-11-24T09:01');
    await sweepAt('2026-11-24T09:02');
    expect(posts().length - before, point).toBe(point === 'save' ? 2 : 1);
  }
});
