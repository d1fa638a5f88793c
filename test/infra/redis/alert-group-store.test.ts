import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AlertGroupStore } from '../../../src/application/alert-store.ts';
import {
  type AlertGroup,
  type AlertMember,
  type ChannelAlerts,
  noChannelAlerts,
} from '../../../src/domain/alert-group.ts';
import { startTestServices, type TestServices } from '../../support/test-services.ts';

let services: TestServices;
let store: AlertGroupStore;
beforeEach(async () => {
  services = await startTestServices();
  store = services.context.alertGroups;
});
afterEach(() => services[Symbol.asyncDispose]());

const channel = 'C0SYNC';
const member: AlertMember = {
  since: 1,
  seq: 1,
  weight: 2,
  needsPerson: true,
  resolvedAt: null,
  calls: ['U0ALICE'],
  isRecorded: false,
  acknowledgement: { kind: 'owned', by: 'U0BOB', at: 1, until: 2 },
};
const group: AlertGroup = {
  kind: 'no_worker',
  openedAt: 1,
  joinedAt: 2,
  message: { channel, ts: '1.1' },
  channel: null,
  refusals: 0,
  isChanged: true,
  writtenAt: 3,
  notified: { firing: 1, weight: 2, needsPerson: true, calls: [], repliedAt: 0, acknowledgedUntil: 5 },
  members: new Map([
    ['orders', member],
    ['users', { ...member, resolvedAt: 9 }],
  ]),
};
const withGroups = (...groups: readonly (readonly [string, AlertGroup])[]): ChannelAlerts => ({
  posts: [4, 5],
  nextPostAt: 6,
  pausedUntil: 7,
  groups: new Map(groups),
});

it('The groups of a channel are written by compare-and-set on their version, and read as they were written.', async () => {
  expect(await store.read(channel)).toEqual({ alerts: noChannelAlerts, version: 0 });
  const first = withGroups(['no_worker:1', group], ['latency:1', { ...group, kind: 'latency' }]);
  const change = { before: noChannelAlerts, after: first, expectedVersion: 0 };
  expect(await store.save(channel, change)).toEqual({ kind: 'written' });
  expect(await store.save(channel, change)).toEqual({ kind: 'conflict' });
  expect(await store.read(channel)).toEqual({ alerts: first, version: 1 });
  const orders = { ...member, seq: 2 };
  const second = withGroups(['no_worker:1', { ...group, members: new Map([['orders', orders]]) }]);
  expect(await store.save(channel, { before: first, after: second, expectedVersion: 1 })).toEqual({ kind: 'written' });
  expect(await store.read(channel)).toEqual({ alerts: second, version: 2 });
  expect(await store.read('C0OTHER')).toEqual({ alerts: noChannelAlerts, version: 0 });
});

it('A change of one member of a large group writes its field, and those of the group.', async () => {
  const members = new Map(Array.from({ length: 2_001 }, (_none, index) => [`p${index}`, member] as const));
  const before = withGroups(['no_worker:1', { ...group, members }]);
  await store.save(channel, { before: noChannelAlerts, after: before, expectedVersion: 0 });
  const changed = new Map(members).set('p7', { ...member, seq: 2 });
  await services.redis.config('RESETSTAT');
  await store.save(channel, {
    before,
    after: withGroups(['no_worker:1', { ...group, members: changed }]),
    expectedVersion: 1,
  });
  const stats = await services.redis.info('commandstats');
  // The times of the channel, the group, the member, and the version.
  expect(stats).toMatch(/^cmdstat_hset:calls=4,/m);
  expect((await store.read(channel)).alerts.groups.get('no_worker:1')?.members.get('p7')?.seq).toBe(2);
});

it('Projects whose alerts have changed are taken once, and the first one is recognized.', async () => {
  expect(await store.hasChanged(channel)).toBe(false);
  expect(await store.addChanged(channel, ['orders'])).toEqual({ isFirst: true });
  expect(await store.addChanged(channel, ['users', 'orders'])).toEqual({ isFirst: false });
  expect(await store.hasChanged(channel)).toBe(true);
  expect((await store.takeChanged(channel)).sort()).toEqual(['orders', 'users']);
  expect(await store.takeChanged(channel)).toEqual([]);
  const many = Array.from({ length: 2_001 }, (_none, index) => `p${index}`);
  expect(await store.addChanged(channel, many)).toEqual({ isFirst: true });
  expect(await store.takeChanged(channel)).toHaveLength(2_001);
});
