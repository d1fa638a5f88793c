import { afterEach, beforeEach, expect, it } from 'vitest';
import { pressAlerts } from '../../src/application/acknowledge-alerts.ts';
import { runObserver } from '../../src/application/observer.ts';
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

it('A press that is killed before it asks for the delivery leaves an alert that is marked as not delivered.', async () => {
  const { context } = services;
  const killed = {
    ...context,
    alertGroups: { ...context.alertGroups, addChanged: () => Promise.reject(new Error('killed')) },
  };
  const request = { press: 'own', target: { project: 'orders' }, by: 'U0BOB', seenAt: Date.now() } as const;
  await expect(pressAlerts(killed, request)).rejects.toThrow('killed');
  const record = (await context.projects.read('orders'))?.alerts.no_worker;
  expect(record?.alert.acknowledgement?.by).toBe('U0BOB');
  expect(record?.alert.seq).toBeGreaterThan(record?.delivered?.seq ?? 0);
});
