import { afterEach, beforeEach, expect, it } from 'vitest';
import { applyPlan } from '../../src/application/apply-plan.ts';
import type { UseCaseContext } from '../../src/application/context.ts';
import { checkDigests, findDueDigests, readDigestReport, saveReported } from '../../src/application/digest.ts';
import { planApply } from '../../src/application/plan.ts';
import type { Digest } from '../../src/domain/digest.ts';
import { keys } from '../support/keys.ts';
import { startTestServices, type TestServices, testSettings } from '../support/test-services.ts';

const dayMs = 86_400_000;
const channel = 'C0SYNC';
const morning: Digest = { at: '09:00', timezone: 'UTC', channel };
const evening: Digest = { at: '17:00', timezone: 'UTC', channel };

let services: TestServices;
let digests: readonly Digest[];
/** Midnight of the first day. It is later than the entries that the fixture writes. */
let midnight: number;
beforeEach(async () => {
  services = await startTestServices();
  await services.createProject('orders', [await services.createLink('orders-full')]);
  digests = [morning];
  midnight = Math.ceil((await services.context.serverClock.now()) / dayMs) * dayMs;
});
afterEach(() => services[Symbol.asyncDispose]());

/** A time of a day, epoch ms. The first day is 1. */
const timeOf = (day: number, time: string) => midnight + (day - 1) * dayMs + Date.parse(`1970-01-01T${time}Z`);

/** Writes an entry to the history at this time. */
async function happen(name: string, at: number): Promise<void> {
  const fields = ['event', 'changed', 'by', 'U0ALICE', 'reason', name];
  await services.redis.xadd(keys.project('orders').audit, `${at}-0`, ...fields);
}

function contextAt(now: number): UseCaseContext {
  const { context } = services;
  return {
    ...context,
    settings: { ...context.settings, digests },
    serverClock: { now: async () => now },
    notifications: { ...context.notifications, digestDue: async () => {} },
  };
}

/** Posts the digest of the channel if one is due. Returns what has happened by it, the oldest first, or null. */
async function sweepAt(now: number, beforeRead = async () => {}): Promise<(string | null)[] | null> {
  const context = contextAt(now);
  await checkDigests(context);
  const due = await findDueDigests(context, channel);
  if (due === null) return null;
  await beforeRead();
  const { history } = await readDigestReport(context, due);
  await saveReported(context, due);
  return history.lines.map(({ line }) => line.newest.reason).reverse();
}

async function apply(now: number, newDigests: readonly Digest[]): Promise<void> {
  const context = contextAt(now);
  const settings = { ...testSettings, showErrors: false };
  const policy = { operators: [], channels: [] };
  const configuration = { policy, onCall: [], digests: newDigests, settings, connections: {} };
  const project = await context.projects.read('orders');
  const projects = project === null ? [] : [{ adopt: false, definition: project.definition }];
  const planned = await planApply(context, { projects, configuration });
  if (planned.kind === 'refused') expect.unreachable();
  await applyPlan(context, { plan: planned.plan, by: 'cli:test' });
  digests = newDigests;
}

it('Each entry of the history is in one digest, also after a day without a digest.', async () => {
  await sweepAt(timeOf(1, '08:00'));
  await happen('before the first', timeOf(1, '08:30'));
  await happen('just before the first', timeOf(1, '09:00') - 1);
  expect(await sweepAt(timeOf(1, '09:00'))).toEqual(['before the first', 'just before the first']);
  await happen('just after the first', timeOf(1, '09:00'));
  await happen('in the first night', timeOf(2, '02:00'));
  await happen('in the second night', timeOf(3, '02:00'));
  expect(await sweepAt(timeOf(3, '08:59'))).toBeNull();
  expect(await sweepAt(timeOf(3, '09:00'))).toEqual([
    'just after the first',
    'in the first night',
    'in the second night',
  ]);
  expect(await sweepAt(timeOf(4, '09:00'))).toEqual([]);
});

it('What happens while the bot reads the history is in the next digest only.', async () => {
  await sweepAt(timeOf(1, '08:00'));
  const during = () => happen('during the first', timeOf(1, '09:00') + 1);
  expect(await sweepAt(timeOf(1, '09:00'), during)).toEqual([]);
  expect(await sweepAt(timeOf(2, '09:00'))).toEqual(['during the first']);
});

it('A second digest of a channel reports what the first one has not.', async () => {
  await sweepAt(timeOf(1, '08:00'));
  expect(await sweepAt(timeOf(1, '09:00'))).toEqual([]);
  await happen('at noon', timeOf(1, '12:00'));
  digests = [morning, evening];
  expect(await sweepAt(timeOf(1, '15:00'))).toBeNull();
  expect(await sweepAt(timeOf(1, '17:00'))).toEqual(['at noon']);
  await happen('in the night', timeOf(2, '02:00'));
  expect(await sweepAt(timeOf(2, '09:00'))).toEqual(['in the night']);
});

it('A digest that was added after its time of the day does not shorten that of another one.', async () => {
  await sweepAt(timeOf(1, '08:00'));
  await happen('before nine', timeOf(1, '08:30'));
  digests = [morning, evening];
  expect(await sweepAt(timeOf(1, '18:00'))).toEqual(['before nine']);
  expect(await sweepAt(timeOf(1, '18:01'))).toBeNull();
});

it('A digest that apply moves to another time goes on where the earlier one has ended.', async () => {
  await apply(timeOf(1, '08:00'), [morning]);
  expect(await sweepAt(timeOf(1, '09:00'))).toEqual([]);
  await happen('at noon', timeOf(1, '12:00'));
  await apply(timeOf(1, '15:00'), [evening]);
  expect(await sweepAt(timeOf(1, '17:00'))).toEqual(['at noon']);
});

it('A digest of a channel without one reports what happens from then on.', async () => {
  await happen('earlier', timeOf(1, '07:00'));
  await sweepAt(timeOf(1, '08:00'));
  await happen('later', timeOf(1, '08:30'));
  expect(await sweepAt(timeOf(1, '09:00'))).toEqual(['later']);
});
