import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Acknowledgement } from '../../../src/domain/acknowledgement.ts';
import type { AlertKind, Condition } from '../../../src/domain/conditions.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { exampleLink } from '../../support/example-records.ts';
import { buttonLabels, visibleText } from '../../support/slack-harness.ts';
import { type AlertChannelFixture, groupTimes, startAlertChannel } from './alert-channel-fixture.ts';

let fixture: AlertChannelFixture;
beforeEach(async () => {
  fixture = await startAlertChannel();
  fixture.addProject('orders');
});
afterEach(() => fixture[Symbol.asyncDispose]());

const minute = 60_000;
const { time, at: clock } = slackFormatter('/sync');
const links = (total: number) => ({ total, first: [exampleLink('orders-full')] });
const running = (total = 1): Condition => ({ kind: 'unexpectedly_running', links: links(total), cause: 'resumed' });
const noWorker: Condition = { kind: 'no_worker', noWorker: links(1), overdue: { total: 0, first: [] } };

const messages = () => fixture.messages().map(visibleText);
const buttons = () => fixture.messages().map(buttonLabels);
const replies = () => fixture.replies().map(({ text }) => text);

/** Fires an alert of each project, and posts their message. */
async function fire(condition: Condition, ids: readonly string[] = ['orders']): Promise<void> {
  for (const id of ids) await fixture.setAlert(id, condition);
  await fixture.advance(groupTimes.waitMs);
}

/** As the use case writes it. */
async function write(
  id: string,
  kind: AlertKind,
  fields: Partial<Acknowledgement> & Pick<Acknowledgement, 'kind'>,
): Promise<Acknowledgement> {
  const alert = fixture.projects.get(id)?.alerts[kind]?.alert;
  if (alert?.state !== 'firing') throw new Error(`${id} ${kind} does not fire`);
  const ms = (fields.kind === 'owned' ? 30 : 60) * minute;
  const acknowledgement = { by: 'U0ALICE', at: fixture.now, until: fixture.now + ms, ...fields };
  await fixture.setAlert(id, alert.condition, { acknowledgement });
  return acknowledgement;
}

/** The alert resolves, and fires again within ten minutes: the same occurrence. */
async function flap(id: string, kind: AlertKind): Promise<void> {
  const alert = fixture.projects.get(id)?.alerts[kind]?.alert;
  if (alert?.state !== 'firing') throw new Error(`${id} ${kind} does not fire`);
  const { since, acknowledgement, condition } = alert;
  const kept = { since, ...(acknowledgement === undefined ? {} : { acknowledgement }) };
  await fixture.setAlert(id, null, kept, kind);
  await fixture.advance(minute);
  await fixture.setAlert(id, condition, kept);
  await fixture.advance(minute);
}

async function press(...args: Parameters<typeof write>): Promise<Acknowledgement> {
  const acknowledgement = await write(...args);
  await fixture.advance(2_000);
  return acknowledgement;
}

describe("I've Got It", () => {
  it('is shown in the message of the alert, without a reply, with who has it and until when', async () => {
    await fire(running());
    expect(buttons()).toEqual([['Re-apply', 'Show', "I've Got It", 'Snooze 1 h']]);
    const { at, until } = await press('orders', 'unexpectedly_running', { kind: 'owned' });
    expect(messages()).toEqual([
      expect.stringContaining(`\n<@U0ALICE> is on it since ${time(at)}. No repeats before ${time(until)}.\n`),
    ]);
    expect(buttons()).toEqual([['Re-apply', 'Show', 'Take Over / Give Back', 'Snooze 1 h']]);
    expect(replies()).toEqual([]);
  });

  it('ends after 30 min: the message shows it, and one reply mentions who is called', async () => {
    await fire(running());
    const { at, until } = await press('orders', 'unexpectedly_running', { kind: 'owned' });
    await fixture.advance(until - fixture.now);
    expect(messages()).toEqual([
      expect.stringContaining(`\n<@U0ALICE> was on it from ${time(at)}. Not confirmed since ${time(until)}.\n`),
    ]);
    expect(buttons()).toEqual([['Re-apply', 'Show', "I've Got It", 'Snooze 1 h']]);
    await fixture.advance(60 * minute);
    expect(replies()).toEqual([
      `orders · Not confirmed ${clock(until)} · links ran although they should have been paused · <@U0ALICE> was on it from ${time(at)}\nAttention, <@U0ALICE>.`,
    ]);
  });

  it('does not end the replies about what gets worse', async () => {
    await fire(running());
    await press('orders', 'unexpectedly_running', { kind: 'owned' });
    const { acknowledgement } = fixture.projects.get('orders')?.alerts.unexpectedly_running?.alert ?? {};
    await fixture.setAlert('orders', running(2), acknowledgement === undefined ? {} : { acknowledgement });
    await fixture.advance(minute);
    expect(replies()).toEqual([expect.stringMatching(/^orders · Worse since .*: 2 links, before 1 link/)]);
  });

  it('makes repeats of the alert silent until it ends', async () => {
    await fire(noWorker);
    await press('orders', 'no_worker', { kind: 'owned' });
    for (const _time of [1, 2, 3]) await flap('orders', 'no_worker');
    expect(replies()).toEqual([expect.stringMatching(/^orders · (?:Resolved|Ended) <!date/)]);
    expect(messages()).toEqual([expect.stringContaining('<@U0ALICE> is on it since')]);
    await fixture.advance(30 * minute);
    expect(replies().slice(1)).toEqual([expect.stringMatching(/^orders · Again since /)]);
  });

  it('of a person who gives the alert back ends at once', async () => {
    await fire(running());
    const { at } = await press('orders', 'unexpectedly_running', { kind: 'owned' });
    await fixture.advance(5 * minute);
    const backAt = fixture.now;
    await press('orders', 'unexpectedly_running', { kind: 'owned', at, until: backAt, isGivenBack: true });
    await fixture.advance(minute);
    expect(messages()).toEqual([
      expect.stringContaining(`\n<@U0ALICE> was on it from ${time(at)}, and gave it back ${clock(backAt)}.\n`),
    ]);
    expect(replies()).toEqual([expect.stringMatching(/^orders · Given back .*\nAttention, <@U0ALICE>\.$/)]);
  });

  it('is over when the alert is resolved', async () => {
    await fire(running());
    await press('orders', 'unexpectedly_running', { kind: 'owned' });
    await fixture.setAlert('orders', null);
    await fixture.advance(60 * minute);
    expect(messages()).toEqual([expect.stringMatching(/^orders · Resolved <!date(?!.*on it)/)]);
    expect(replies()).toHaveLength(1);
  });
});

describe('Snooze 1 h', () => {
  it('is shown in the message until it ends', async () => {
    await fire(noWorker);
    const { until } = await press('orders', 'no_worker', { kind: 'snoozed' });
    expect(messages()).toEqual([expect.stringContaining(`\nSnoozed by <@U0ALICE> until ${time(until)}.\n`)]);
    expect(buttons()).toEqual([['Show', "I've Got It"]]);
    await fixture.advance(until - fixture.now + minute);
    expect(messages()).toEqual([expect.stringContaining(`\nWas snoozed by <@U0ALICE> until ${time(until)}.\n`)]);
    expect(replies()).toEqual([expect.stringContaining(`orders · Snooze ended ${clock(until)}`)]);
  });
});

describe('the message of a group', () => {
  const ids = ['a', 'b', 'c'];
  beforeEach(async () => {
    for (const id of ids) fixture.addProject(id, { state: 'running' });
    await fire(noWorker, ids);
  });
  const pressAll = async (all: readonly string[], by = 'U0ALICE') => {
    for (const id of all) await write(id, 'no_worker', { kind: 'owned', by });
    await fixture.advance(minute);
  };

  it('says who is on all of its alerts, or on how many', async () => {
    await pressAll(['a', 'b']);
    expect(messages()).toEqual([expect.stringMatching(/\n2 of 3 projects: <@U0ALICE> is on it since /)]);
    expect(buttons().map((labels) => labels.slice(-4))).toEqual([
      ['Show All', "I've Got It", 'Take Over / Give Back', 'Snooze 1 h'],
    ]);
    await pressAll(['c'], 'U0BOB');
    expect(messages()).toEqual([expect.stringMatching(/\n1 of 3 projects: <@U0BOB> is on it since /)]);
    expect(buttons().map((labels) => labels.slice(-3))).toEqual([['Show All', 'Take Over / Give Back', 'Snooze 1 h']]);
  });

  it('gets a reply when enough alerts join that are not acknowledged', async () => {
    await pressAll(ids);
    const joined = ['d', 'e', 'f'];
    for (const id of joined) fixture.addProject(id, { state: 'running' });
    fixture.now -= minute;
    for (const id of joined) await fixture.setAlert(id, noWorker);
    await fixture.advance(3 * minute);
    const all = [...messages(), ...replies()].join('\n');
    expect(all).toMatch(/6 projects · Worse since |3 projects · No worker/);
  });
});
