import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Alert } from '../../../src/domain/alert.ts';
import type { AlertKind, Condition } from '../../../src/domain/conditions.ts';
import { exampleLink, exampleOperation } from '../../support/example-records.ts';
import { buttonLabels, visibleText } from '../../support/slack-harness.ts';
import { type AlertChannelFixture, groupTimes, startAlertChannel } from './alert-channel-fixture.ts';

let fixture: AlertChannelFixture;
beforeEach(async () => {
  fixture = await startAlertChannel();
  fixture.addProject('orders');
});
afterEach(() => fixture[Symbol.asyncDispose]());

const links = { total: 1, first: [exampleLink('orders-full')] };
const twoLinks = { total: 2, first: [exampleLink('orders-full'), exampleLink('orders-incr')] };
const unexpectedlyRunning: Condition = { kind: 'unexpectedly_running', links, cause: 'resumed' };
const latency: Condition = { kind: 'latency', latencyMs: 600_000, limitMs: 300_000 };
const noWorker: Condition = { kind: 'no_worker', noWorker: links, overdue: { total: 0, first: [] } };
const failed = (since: number): Condition => ({ kind: 'project_failed', since, failure: null });

const wait = () => fixture.advance(groupTimes.waitMs);
const messages = (channel?: string) => fixture.messages(channel).map(visibleText);
const replies = (channel?: string) => fixture.replies(channel).map(({ text }) => text);
const addProjects = (count: number, prefix = 'p') => {
  const ids = Array.from({ length: count }, (_none, index) => `${prefix}${String(index).padStart(4, '0')}`);
  for (const id of ids) fixture.addProject(id, { state: 'running' });
  return ids;
};

describe('a group of one alert', () => {
  it('is posted after the group wait, reads as the alert, and is edited while it fires and when it is resolved', async () => {
    await fixture.setAlert('orders', unexpectedlyRunning);
    await fixture.advance(groupTimes.waitMs - 1);
    expect(messages()).toEqual([]);
    await fixture.advance(1);
    expect(messages()).toEqual([
      expect.stringMatching(/^orders · Paused, but a link runs · `orders-full`\nAttention, <@U0ALICE>: /),
    ]);
    expect(fixture.messages().map(buttonLabels)).toEqual([['Re-apply', 'Show', "I've Got It", 'Snooze 1 h']]);
    await fixture.setAlert('orders', { ...unexpectedlyRunning, links: twoLinks });
    await fixture.advance(2_000);
    expect(messages()).toEqual([expect.stringContaining('2 links run')]);
    await fixture.setAlert('orders', null);
    await fixture.advance(2_000);
    expect(messages()).toEqual([
      expect.stringMatching(/^orders · Resolved .* · links ran although they should have been paused/),
    ]);
    expect(fixture.delivered('orders', 'unexpectedly_running')).toMatchObject({
      seq: 3,
      resolved: true,
      destination: 'C0SYNC',
    });
  });

  it('of a new occurrence gets a new message, and the earlier message ends', async () => {
    await fixture.setAlert('orders', failed(1));
    await wait();
    await fixture.setAlert('orders', failed(9), { since: fixture.now });
    await fixture.advance(groupTimes.waitMs + 2_000);
    expect(messages()).toEqual([
      expect.stringMatching(/^orders · Was Failed until a restore/),
      expect.stringContaining('a task failed'),
    ]);
  });

  it('keeps the cause and the end of the occurrence before in its message', async () => {
    const failure = { kind: 'task_failed', link: exampleLink('orders-full'), taskId: '1', at: 1, reason: '' } as const;
    const condition = { kind: 'project_failed', since: 1, failure } as const;
    await fixture.setAlert('orders', condition);
    await wait();
    const since = fixture.delivered('orders', 'project_failed')?.since ?? 0;
    const earlier = { since, resolvedAt: since + 61_000, condition };
    await fixture.setAlert('orders', { ...condition, since: 9 }, { since: since + 62_000, earlier });
    await wait();
    expect(messages()).toEqual([
      expect.stringMatching(/^orders · Was Failed until a restore .*, after 1 min · a task failed on `orders-full`$/m),
      expect.stringContaining('orders · Failed · a task failed'),
    ]);
  });

  it('uses its message again if it fires again while it is the same occurrence, and replies that it does', async () => {
    await fixture.setAlert('orders', latency);
    await wait();
    const { since } = fixture.projects.get('orders')?.alerts.latency?.alert ?? {};
    await fixture.setAlert('orders', null, {}, 'latency');
    await fixture.advance(5_000);
    await fixture.setAlert('orders', latency, { since: since ?? 0 });
    await fixture.advance(groupTimes.intervalMs);
    expect(messages()).toEqual([expect.stringContaining('orders · 10 min behind')]);
    expect(replies()).toEqual([
      expect.stringMatching(/^orders · (?:Resolved|Ended) .* · it was too far behind/),
      expect.stringMatching(/^orders · Again .* · it was too far behind$/),
    ]);
  });

  it.each<[string, AlertKind, boolean]>([
    ['running links', 'unexpectedly_running', true],
    ['links that ignored their pause', 'pause_ignored', true],
    ['latency', 'latency', false],
    ['a failure', 'project_failed', false],
  ])('about %s that resolved before it was posted is reported: %s, %s', async (_name, kind, isReported) => {
    await fixture.setAlert('orders', null, { seq: 2, since: 1_000 }, kind);
    await wait();
    expect(messages()).toHaveLength(isReported ? 1 : 0);
    expect(fixture.delivered('orders', kind)).toMatchObject({ seq: 2, since: 1_000, resolved: true });
    expect(replies()).toEqual([]);
  });

  it('that resolves during the group wait is not posted', async () => {
    await fixture.setAlert('orders', latency);
    await fixture.runJobs();
    await fixture.setAlert('orders', null, {}, 'latency');
    await wait();
    expect(messages()).toEqual([]);
    expect(fixture.delivered('orders', 'latency')).toMatchObject({ seq: 2, resolved: true });
    expect([...fixture.groups()]).toEqual([]);
  });

  it('about a new queue is silent: a person does not have to do anything', async () => {
    await fixture.setAlert('orders', { kind: 'queue_created', links });
    await wait();
    expect(fixture.slack.calls).toEqual([]);
    expect(fixture.delivered('orders', 'queue_created')).toMatchObject({ seq: 1, message: null });
  });
});

describe('an alert of a record of an earlier version', () => {
  const firing: Alert = {
    ...{ state: 'firing', condition: latency, absentOnce: false, since: 1_000, seq: 1, changedAt: 61_000, version: 1 },
  };
  const postOld = async () => {
    await fixture.setAlert('orders', latency, { since: 1_000 });
    await wait();
    const message = fixture.delivered('orders', 'latency')?.message ?? null;
    return { seq: 1, since: 1_000, message, resolved: false };
  };

  it('is edited in its message, and later alerts get another one', async () => {
    const delivered = await postOld();
    // The groups are lost, as if an earlier version had posted the message.
    fixture.forgetGroups();
    fixture.storeAlert('orders', 'latency', firing, delivered);
    fixture.addProject('users');
    await fixture.setAlert('users', latency);
    await fixture.setAlert('orders', null, { since: 1_000 }, 'latency');
    await wait();
    expect(messages()).toEqual([
      expect.stringMatching(/^orders · (?:Resolved|Ended) <!date/),
      expect.stringMatching(/^users · 10 min behind/),
    ]);
    expect(replies()).toEqual([expect.stringMatching(/^orders · (?:Resolved|Ended) <!date/)]);
  });

  it('of which another occurrence fires ends in its message', async () => {
    const delivered = await postOld();
    fixture.forgetGroups();
    fixture.storeAlert('orders', 'latency', firing, delivered);
    await fixture.setAlert('orders', latency, { since: 500_000 });
    await wait();
    expect(messages()).toEqual([
      expect.stringMatching(/^orders · Resolved · it was too far behind/),
      expect.stringContaining('orders · 10 min behind'),
    ]);
  });
});

describe('the channel of an alert', () => {
  it('that the bot cannot post to is replaced by the person who last changed the project, or the alert stays due', async () => {
    fixture.slack.channel('C0SYNC').isArchived = true;
    await fixture.setAlert('orders', unexpectedlyRunning);
    await wait();
    expect(fixture.delivered('orders', 'unexpectedly_running')).toMatchObject({
      message: { channel: expect.stringMatching(/^D/) },
      destination: 'C0SYNC',
    });
    fixture.addProject('users', { by: 'cli:bob' });
    await fixture.setAlert('users', unexpectedlyRunning);
    await fixture.advance(groupTimes.waitMs + 1_000);
    expect(fixture.delivered('users', 'unexpectedly_running')).toBeNull();
    expect(fixture.warnings.at(-1)).toEqual({
      project: 'users',
      kind: 'unexpectedly_running',
      alerts: 1,
      channel: 'C0SYNC',
      code: 'is_archived',
      message: 'alert not delivered to the channel',
    });
    fixture.slack.channel('C0SYNC').isArchived = false;
    await fixture.sweep();
    await wait();
    expect(messages()).toEqual([expect.stringMatching(/^users · /)]);
  });

  it('that refuses a group gets none of it, and each person gets the projects that they changed', async () => {
    fixture.slack.channel('C0SYNC').isArchived = true;
    fixture.addProject('users', { by: 'U0BOB' });
    fixture.addProject('invoices', { by: 'U0BOB' });
    for (const id of ['orders', 'users', 'invoices']) await fixture.setAlert(id, noWorker);
    await fixture.advance(groupTimes.waitMs + 2_000);
    const [alice, bob] = ['U0ALICE', 'U0BOB'].map((user) => fixture.slack.directMessage(user).id);
    const texts = (channel = '', user = '') => fixture.slack.messagesVisibleTo(user, channel).map(visibleText);
    expect(texts(alice, 'U0ALICE')).toEqual([expect.stringMatching(/^orders · No worker/)]);
    expect(texts(bob, 'U0BOB')).toEqual([expect.stringMatching(/^2 projects · No worker/)]);
    await fixture.setAlert('users', null, {}, 'no_worker');
    await fixture.advance(2_000);
    expect(texts(bob, 'U0BOB')[0]).toMatch(/^1 of 2 projects · .* · 1 resolved <!date/);
  });

  it('that was archived after the alert was posted is replaced by a direct message', async () => {
    await fixture.setAlert('orders', unexpectedlyRunning);
    await wait();
    fixture.slack.channel('C0SYNC').isArchived = true;
    await fixture.setAlert('orders', { ...unexpectedlyRunning, links: twoLinks });
    await fixture.advance(3_000);
    expect(fixture.delivered('orders', 'unexpectedly_running')).toMatchObject({
      seq: 2,
      message: { channel: expect.stringMatching(/^D/) },
    });
  });

  it('that does not accept the last edit keeps the message as it is', async () => {
    await fixture.setAlert('orders', unexpectedlyRunning);
    await wait();
    const { message } = fixture.delivered('orders', 'unexpectedly_running') ?? {};
    fixture.slack.injectFault({ method: 'chat.update', error: 'is_archived' });
    await fixture.setAlert('orders', null);
    await fixture.advance(2_000);
    expect(fixture.delivered('orders', 'unexpectedly_running')).toMatchObject({ seq: 2, message, resolved: true });
  });

  it('is that of the last operation if the project has none, else the person', async () => {
    fixture.addProject('orders', { lastOperation: 'op1' }, null);
    fixture.operations.set('op1', exampleOperation({ channel: 'C0SHARED' }));
    await fixture.setAlert('orders', unexpectedlyRunning);
    fixture.addProject('users', {}, null);
    await fixture.setAlert('users', unexpectedlyRunning);
    await wait();
    expect(fixture.delivered('orders', 'unexpectedly_running')?.message?.channel).toBe('C0SHARED');
    expect(fixture.delivered('users', 'unexpectedly_running')).toMatchObject({
      message: { channel: fixture.slack.directMessage('U0ALICE').id },
      destination: 'U0ALICE',
    });
    await fixture.setAlert('users', null);
    await fixture.advance(2_000);
    expect(fixture.delivered('users', 'unexpectedly_running')).toMatchObject({ seq: 2, resolved: true });
  });

  it('does not exist: the alert is not due again, and is logged', async () => {
    fixture.addProject('orders', { by: 'cli:bob' }, null);
    await fixture.setAlert('orders', unexpectedlyRunning);
    await fixture.runJobs();
    expect(fixture.delivered('orders', 'unexpectedly_running')).toMatchObject({
      seq: 1,
      message: null,
      resolved: false,
    });
    expect(fixture.warnings).toEqual([
      { project: 'orders', kind: 'unexpectedly_running', message: 'alert not delivered: the project has no channel' },
    ]);
  });

  it('of a project that was removed gets no alert', async () => {
    await fixture.setAlert('orders', unexpectedlyRunning);
    fixture.projects.delete('orders');
    await wait();
    expect(fixture.slack.calls).toEqual([]);
    expect([...fixture.groups()]).toEqual([]);
  });

  it('of a project that was removed later ends its message', async () => {
    await fixture.setAlert('orders', unexpectedlyRunning);
    await wait();
    await fixture.removeProject('orders');
    await fixture.advance(2_000);
    expect(messages()).toEqual([
      expect.stringMatching(/^orders · Removed from syncbot · links ran although they should have been paused$/m),
    ]);
  });
});

describe('alerts of one kind in one channel', () => {
  it('that begin together are one message: a count, the worst first, and Show All', async () => {
    const ids = addProjects(100);
    for (const id of ids) await fixture.setAlert(id, { ...latency, latencyMs: id === 'p0042' ? 7_200_000 : 600_000 });
    await wait();
    expect(messages()).toHaveLength(1);
    expect(messages()[0]).toMatch(/^100 projects · Too far behind · since .*\np0042 · 2 h behind/);
    expect(messages()[0]).toContain('and 97 more');
    const [message] = fixture.messages();
    if (message === undefined) throw new Error('no message');
    expect(buttonLabels(message)).toEqual(['Show', 'Show', 'Show', 'Show All', "I've Got It", 'Snooze 1 h']);
    expect(JSON.stringify(message.blocks)).toContain('"value":"list alert:latency"');
    expect(fixture.recorded).toHaveLength(100);
  });

  it('join the message until none has joined for the group interval', async () => {
    const ids = addProjects(4);
    const [a = '', b = '', c = '', d = ''] = ids;
    await fixture.setAlert(a, noWorker);
    await wait();
    await fixture.advance(30_000);
    await fixture.setAlert(b, noWorker);
    await fixture.advance(30_000);
    await fixture.setAlert(c, noWorker);
    await fixture.advance(groupTimes.intervalMs + 1);
    expect(messages()).toEqual([expect.stringMatching(/^3 projects · No worker/)]);
    expect(replies()).toEqual([expect.stringMatching(/^2 projects · Worse .* 2 projects, before 1/)]);
    await fixture.setAlert(d, noWorker);
    await wait();
    expect(messages()).toHaveLength(2);
    expect(messages()[1]).toMatch(/^p0003 · No worker/);
  });

  it('that resolve are counted with their times, and the last one settles the message', async () => {
    const ids = addProjects(10);
    for (const id of ids) await fixture.setAlert(id, noWorker);
    await wait();
    for (const id of ids.slice(0, 4)) await fixture.setAlert(id, null, {}, 'no_worker');
    await fixture.advance(5_000);
    expect(messages()).toEqual([
      expect.stringMatching(/^6 of 10 projects · No worker takes their tasks · since .* · 4 resolved, the last <!date/),
    ]);
    for (const id of ids.slice(4)) await fixture.setAlert(id, null, {}, 'no_worker');
    await fixture.advance(5_000);
    expect(messages()).toEqual([
      expect.stringMatching(/^10 projects · Resolved .*, after \d+ s · no worker took their tasks · p0000 and 9 more/),
    ]);
    expect(replies()).toEqual([expect.stringMatching(/^10 projects · Resolved <!date/)]);
    expect(fixture.messages().map(buttonLabels)).toEqual([[]]);
    await fixture.advance(12 * 60_000);
    expect([...fixture.groups()]).toEqual([]);
  });

  it('of 2,001 projects that begin over three minutes are at most three messages', async () => {
    const ids = addProjects(2_001);
    for (const [index, id] of ids.entries()) {
      await fixture.setAlert(id, noWorker);
      if (index % 200 === 0) await fixture.advance(18_000);
    }
    await fixture.advance(300_000);
    expect(fixture.messages().length).toBeLessThanOrEqual(3);
    expect(messages()[0]).toMatch(/^2,001 projects · No worker/);
    expect(ids.filter((id) => fixture.delivered(id, 'no_worker')?.message == null)).toEqual([]);
  });

  it('of a large group that change read few records', async () => {
    const ids = addProjects(2_001);
    for (const id of ids) await fixture.setAlert(id, noWorker);
    await wait();
    fixture.reads.clear();
    await fixture.setAlert('p0000', null, {}, 'no_worker');
    await fixture.advance(groupTimes.intervalMs);
    expect(messages()[0]).toMatch(/^2,000 of 2,001 projects/);
    expect(fixture.reads.size).toBeLessThan(10);
  });
});

describe('the messages of a channel', () => {
  const kinds: readonly Condition[] = [
    { kind: 'unexpectedly_paused', links },
    { kind: 'queue_missing', links },
    { kind: 'link_unreadable', links },
    { kind: 'log_retention_50', until: 1 },
    { kind: 'log_retention_80', until: 1 },
    latency,
    noWorker,
  ];

  it('are at most five in a minute, the worst first, and critical ones are never delayed by others', async () => {
    for (const condition of kinds) await fixture.setAlert('orders', condition);
    await fixture.advance(groupTimes.waitMs + 8_000);
    expect(fixture.messages()).toHaveLength(5);
    expect(messages().join('\n')).not.toMatch(/No worker|behind/);
    await fixture.setAlert('orders', unexpectedlyRunning);
    await wait();
    expect(fixture.messages()).toHaveLength(6);
    await fixture.advance(60_000);
    expect(fixture.messages()).toHaveLength(8);
  });

  it('are one second apart, and wait as long as Slack asks', async () => {
    for (const condition of kinds.slice(0, 3)) await fixture.setAlert('orders', condition);
    await wait();
    expect(fixture.messages()).toHaveLength(1);
    await fixture.advance(999);
    expect(fixture.messages()).toHaveLength(1);
    await fixture.advance(1);
    expect(fixture.messages()).toHaveLength(2);
    fixture.slack.injectFault({ method: 'chat.postMessage', retryAfter: 30 });
    await fixture.advance(1_000);
    await fixture.advance(29_999);
    expect(fixture.messages()).toHaveLength(2);
    await fixture.advance(1_000);
    expect(fixture.messages()).toHaveLength(3);
  });
});

describe('people are notified in the thread', () => {
  it('when one alert has become twice as bad, once, and in the channel too if it is critical', async () => {
    await fixture.setAlert('orders', { ...unexpectedlyRunning, links: { ...links, total: 3 } });
    await fixture.setAlert('orders', latency);
    await fixture.advance(groupTimes.waitMs + 1_000);
    for (const total of [4, 5, 6, 7]) {
      await fixture.setAlert('orders', { ...unexpectedlyRunning, links: { ...links, total } });
      await fixture.setAlert('orders', { ...latency, latencyMs: total * 200_000 });
      await fixture.advance(3_000);
    }
    expect(fixture.replies().map(({ text, isBroadcast }) => [text.replace(/<!date[^>]*>/, 'T'), isBroadcast])).toEqual([
      ['orders · Worse since T: 6 links, before 3 links · links ran although they should have been paused', true],
      ['orders · Worse since T: 20 min behind, before 10 min behind · it was too far behind', undefined],
    ]);
  });

  it('when alerts join that mention other people', async () => {
    for (const id of addProjects(5)) await fixture.setAlert(id, failed(1));
    await wait();
    expect(messages()[0]).toMatch(/Attention, <@U0ALICE>: syncbot keeps their links paused/);
    fixture.addProject('users', { by: 'U0BOB', state: 'running' });
    await fixture.setAlert('users', failed(1));
    await fixture.advance(2_000);
    expect(fixture.replies()).toEqual([expect.objectContaining({ isBroadcast: true })]);
    expect(replies()).toEqual([
      expect.stringMatching(
        /^6 projects · More since .*: 6 projects, before 5 · they were Failed\nAttention, <@U0BOB>\.$/,
      ),
    ]);
  });

  it('when syncbot has tried in vain and a person is needed', async () => {
    await fixture.setAlert('orders', { ...unexpectedlyRunning, cause: 'not_paused' });
    await wait();
    await fixture.setAlert('orders', unexpectedlyRunning);
    await fixture.advance(2_000);
    expect(replies()).toEqual([
      expect.stringMatching(/^orders · A person was needed from .* on, because syncbot could not correct it · /),
    ]);
  });

  it('not more often than once in a group interval, if it is not critical', async () => {
    const { since } = { since: fixture.now };
    await fixture.setAlert('orders', latency);
    await wait();
    for (let turn = 0; turn < 10; turn += 1) {
      await fixture.setAlert('orders', null, {}, 'latency');
      await fixture.advance(5_000);
      await fixture.setAlert('orders', latency, { since });
      await fixture.advance(5_000);
    }
    expect(replies().length).toBeGreaterThan(0);
    expect(replies().length).toBeLessThanOrEqual(3);
  });

  it('not again if Slack refuses the reply', async () => {
    await fixture.setAlert('orders', latency);
    await wait();
    fixture.slack.injectFault({ method: 'chat.postMessage', error: 'restricted_action' });
    await fixture.setAlert('orders', null, {}, 'latency');
    await fixture.advance(600_000);
    expect(replies()).toEqual([]);
    expect(fixture.warnings).toEqual([expect.objectContaining({ code: 'restricted_action' })]);
  });
});
