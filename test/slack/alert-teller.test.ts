import { webApi } from '@slack/bolt';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Alert, AlertKind, Told } from '../../src/domain/alert.ts';
import type { Finding } from '../../src/domain/finding.ts';
import type { Project } from '../../src/domain/project.ts';
import { tellAlerts } from '../../src/slack/alert-teller.ts';
import { slackVoice } from '../../src/slack/mrkdwn.ts';
import { said } from '../support/conversation.ts';
import { StrictSlack } from '../support/slack/strict-slack.ts';
import { exampleLink, exampleNow, exampleProject } from './examples.ts';

let slack: StrictSlack;
let project: Project;
beforeEach(async () => {
  slack = await StrictSlack.start();
  const { definition } = exampleProject();
  project = exampleProject({ state: 'paused', by: 'U0ALICE', definition: { ...definition, channel: 'C0SYNC' } });
});
afterEach(() => slack[Symbol.asyncDispose]());

const links = { total: 1, first: [exampleLink('orders-full')] };
const loose: Finding = { kind: 'loose', links, cause: 'resumed' };
const latency: Finding = { kind: 'latency', latencyMs: 600_000, limitMs: 300_000 };

/** An alert as the observer writes it. */
function noted(finding: Finding | null, more: Partial<Alert> = {}, kind: AlertKind = finding?.kind ?? 'loose'): void {
  const alert = { since: 1_000, open: finding !== null, fading: false, finding, seq: 1, changedAt: 61_000, version: 1 };
  const told = project.alerts[kind]?.told ?? null;
  project = { ...project, alerts: { ...project.alerts, [kind]: { alert: { ...alert, ...more }, told } } };
}

const toldOf = (kind: AlertKind): Told | null => project.alerts[kind]?.told ?? null;
const inChannel = (who = 'U0CAROL', channel = 'C0SYNC') => slack.messagesSeenBy(who, channel).map(said);

async function tell(): Promise<void> {
  const { apiUrl: slackApiUrl, botToken } = slack;
  const options = { slackApiUrl, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true };
  await tellAlerts(
    {
      slack: new webApi.WebClient(botToken, options),
      voice: slackVoice('/sync'),
      showErrors: false,
      log: pino({ level: 'silent' }),
      store: {
        read: async () => project,
        readOperation: async () => null,
        now: async () => exampleNow,
        told: async () => {},
        async alertTold(_id, kind, told) {
          const known = project.alerts[kind];
          if (known !== undefined) project = { ...project, alerts: { ...project.alerts, [kind]: { ...known, told } } };
        },
      },
    },
    project.id,
  );
}

it('one message: posted, edited while it goes on, closed when it is over', async () => {
  noted(loose);
  await tell();
  await tell();
  expect(inChannel()).toEqual([expect.stringMatching(/^Attention, <@U0ALICE>: `orders-full` runs/)]);
  noted({ ...loose, links: { ...links, total: 2 } }, { seq: 2 });
  await tell();
  noted(null, { seq: 3 });
  await tell();
  expect(inChannel()).toEqual([
    expect.stringMatching(/^orders: links ran although they should have been paused, for 1 min\. That is over\./),
  ]);
  expect(toldOf('loose')).toMatchObject({ seq: 3, over: true });
});

it('what is found once more while its end is still to be told is not told as if it went on', async () => {
  noted(latency);
  await tell();
  noted(latency, { open: false, seq: 2, since: 200_000 });
  await tell();
  expect(inChannel()).toEqual([expect.stringContaining('it was too far behind')]);
  noted(latency, { open: true, seq: 3, since: 200_000 });
  await tell();
  expect(inChannel()).toHaveLength(2);
  expect(inChannel()[1]).toContain('orders is behind by 10 min');
});

it('an older occurrence that stands open is closed before the next is told', async () => {
  noted({ kind: 'failed', since: 1, failure: null });
  await tell();
  noted({ kind: 'failed', since: 9, failure: null }, { since: 500_000, seq: 3 });
  await tell();
  expect(inChannel()).toEqual([
    expect.stringMatching(/^orders was Failed, it has been restored since/),
    expect.stringContaining('a task failed'),
  ]);
});

it('one that is back goes on in its message', async () => {
  noted(latency);
  await tell();
  noted(null, { seq: 2 }, 'latency');
  await tell();
  noted(latency, { seq: 3 });
  await tell();
  expect(inChannel()).toEqual([expect.stringContaining('orders is behind by 10 min')]);
});

it('what nobody was told of in time: links that ran are told afterwards, latency is not', async () => {
  noted(null, { seq: 2 }, 'loose');
  noted(null, { seq: 2 }, 'latency');
  await tell();
  expect(inChannel()).toEqual([expect.stringContaining('links ran although they should have been paused')]);
});

it('a channel that cannot be posted to: whoever brought it there is told, and without one it stays due', async () => {
  slack.channel('C0SYNC').isArchived = true;
  noted(loose);
  await tell();
  expect(toldOf('loose')?.message?.channel).toMatch(/^D/);
  project = { ...project, by: 'cli:bob', alerts: {} };
  noted(loose);
  await tell();
  expect(toldOf('loose')).toBeNull();
  slack.channel('C0SYNC').isArchived = false;
  await tell();
  expect(inChannel()).toEqual([expect.stringContaining('orders-full')]);
});

it('a message in a channel that was closed goes on where it can be told', async () => {
  noted(loose);
  await tell();
  slack.channel('C0SYNC').isArchived = true;
  noted({ ...loose, links: { ...links, total: 2 } }, { seq: 2 });
  await tell();
  expect(toldOf('loose')).toMatchObject({ seq: 2, message: { channel: expect.stringMatching(/^D/) } });
});

it('links that ran, untold, and are over while nowhere can be told, stay due', async () => {
  slack.channel('C0SYNC').isArchived = true;
  project = { ...project, by: 'cli:bob' };
  noted(null, { seq: 2 }, 'loose');
  await tell();
  expect(toldOf('loose')).toBeNull();
});
