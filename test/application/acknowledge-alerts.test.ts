import { afterEach, beforeEach, expect, it } from 'vitest';
import { pressAlerts } from '../../src/application/acknowledge-alerts.ts';
import { runObserver } from '../../src/application/observer.ts';
import { sweep } from '../../src/application/sweep.ts';
import { type AlertGroup, type AlertMember, noChannelAlerts } from '../../src/domain/alert-group.ts';
import type { Project } from '../../src/domain/project.ts';
import { startTestServices, type TestServices } from '../support/test-services.ts';

let services: TestServices;
beforeEach(async () => {
  services = await startTestServices();
  const link = await services.createLink('orders-full');
  await services.createProject('orders', [link], { channel: 'C0SYNC' });
  for (const _cycle of [1, 2]) await runObserver(services.context);
});
afterEach(() => services[Symbol.asyncDispose]());

const readAlert = async () => (await services.context.projects.read('orders'))?.alerts.no_worker?.alert;
const own = (by: string) =>
  pressAlerts(services.context, { press: 'own', target: { project: 'orders' }, by, seenAt: Date.now() });

it('Of two people who press at once, one has the alert, and the other reads who.', async () => {
  const users = ['U0ALICE', 'U0BOB', 'U0CAROL'];
  const results = await Promise.all(users.map(own));
  const owner = (await readAlert())?.acknowledgement?.by;
  const winners = users.filter((_user, index) => results[index]?.kind === 'acknowledged');
  expect(winners).toEqual([owner]);
  const refused = results.filter((result) => result.kind === 'refused').map(({ refusal }) => refusal);
  expect(refused).toEqual([1, 2].map(() => expect.objectContaining({ code: 'alert_held', by: owner, held: 'owned' })));
  const entries = await services.context.auditLog.read('orders', { limit: 50 });
  expect(entries.filter(({ event }) => event === 'alert_owned')).toHaveLength(1);
});

it('An observation that comes between reading and writing the alert does not prevent a press.', async () => {
  const { context } = services;
  const alert = await readAlert();
  if (alert?.state !== 'firing') throw new Error('it does not fire');
  let isFirst = true;
  const racing = {
    ...context,
    alerts: {
      ...context.alerts,
      acknowledge: async (...args: Parameters<typeof context.alerts.acknowledge>) => {
        const after = { ...alert, absentOnce: true };
        if (isFirst) await context.alerts.save('orders', 1, { kind: 'no_worker', before: alert, after, event: null });
        isFirst = false;
        return context.alerts.acknowledge(...args);
      },
    },
  };
  const request = { press: 'snooze', target: { project: 'orders' }, by: 'U0BOB', seenAt: Date.now() } as const;
  expect(await pressAlerts(racing, request)).toEqual({ kind: 'acknowledged' });
  expect(await readAlert()).toMatchObject({ absentOnce: true, acknowledgement: { kind: 'snoozed', by: 'U0BOB' } });
});

it("The sweep finds a press of I've Got It whose process was killed, and asks for its delivery once.", async () => {
  const { context } = services;
  await deliver();
  expect(await sweepAndListChannels()).toEqual([]);
  const killed = {
    ...context,
    alertGroups: { ...context.alertGroups, addChanged: () => Promise.reject(new Error('killed')) },
  };
  const request = { press: 'own', target: { project: 'orders' }, by: 'U0BOB', seenAt: Date.now() } as const;
  await expect(pressAlerts(killed, request)).rejects.toThrow('killed');
  expect((await readAlert())?.acknowledgement?.by).toBe('U0BOB');
  expect(await sweepAndListChannels()).toEqual(['C0SYNC']);
  expect(await context.alertGroups.takeChanged('C0SYNC')).toEqual(['orders']);
  await deliver();
  expect(await sweepAndListChannels()).toEqual([]);
});

/** Records the alert as delivered, as the notifier does. */
async function deliver(): Promise<void> {
  const { context } = services;
  const { alert } = (await context.projects.read('orders'))?.alerts.no_worker ?? {};
  if (alert?.state !== 'firing') throw new Error('it does not fire');
  const { seq, since } = alert;
  await context.alerts.markNotified('orders', 'no_worker', { seq, since, message: null, resolved: false });
  await context.alertGroups.takeChanged('C0SYNC');
}

/** Returns the channels whose alerts the sweep asks to deliver. */
async function sweepAndListChannels(): Promise<string[]> {
  const channels: string[] = [];
  const notifications = {
    ...services.context.notifications,
    alertsChanged: async (channel: string) => void channels.push(channel),
  };
  await sweep({ ...services.context, notifications });
  return channels;
}

it('A press on a group acknowledges more alerts than one chunk has, and leaves out an unreadable project.', async () => {
  const { context, redis } = services;
  const ids = Array.from({ length: 60 }, (_project, index) => `p${index}`);
  const link = await services.createLink('others');
  for (const id of ids) await services.createProject(id, [link], { channel: 'C0SYNC' });
  for (const _cycle of [1, 2]) await runObserver(context);
  await saveGroup(await context.projects.readMany(ids));
  await redis.hset('syncbot:{p:p7}:state', 'state', 'asleep');
  const target = { channel: 'C0SYNC', group: 'no_worker:1' };
  const request = { press: 'own', target, by: 'U0BOB', seenAt: Date.now() } as const;
  expect(await pressAlerts(context, request)).toEqual({ kind: 'acknowledged' });
  const owners = (await context.projects.readMany(ids)).map(
    ({ alerts }) => alerts.no_worker?.alert.acknowledgement?.by,
  );
  expect(owners).toEqual(Array(59).fill('U0BOB'));
});

/** Saves a group of the alerts of these projects, as the notifier does. */
async function saveGroup(projects: readonly Project[]): Promise<void> {
  const members = projects.map(({ id, alerts }): [string, AlertMember] => {
    const alert = alerts.no_worker?.alert;
    if (alert?.state !== 'firing') throw new Error(`${id} does not fire`);
    const { since, seq } = alert;
    const facts = {
      weight: 1,
      needsPerson: true,
      resolvedAt: null,
      calls: [],
      isRecorded: true,
      acknowledgement: null,
    };
    return [id, { since, seq, ...facts }];
  });
  const group: AlertGroup = {
    kind: 'no_worker',
    openedAt: 1,
    joinedAt: 1,
    message: null,
    channel: null,
    refusals: 0,
    isChanged: false,
    writtenAt: 0,
    notified: { firing: 60, weight: 60, needsPerson: true, calls: [], repliedAt: 0, acknowledgedUntil: 0 },
    members: new Map(members),
  };
  const after = { ...noChannelAlerts, groups: new Map([['no_worker:1', group]]) };
  const change = { before: noChannelAlerts, after, expectedVersion: 0 };
  expect(await services.context.alertGroups.save('C0SYNC', change)).toEqual({ kind: 'written' });
}
