import { expect, test } from 'vitest';
import { nextStep } from '../../src/cli/doctor.ts';

const well = [
  { item: 'REDIS_URL', result: 'pass', message: '' },
  { item: 'syncbot.yml applied', result: 'pass', message: '' },
  { item: 'observer', result: 'pass', message: '' },
  { item: 'link orders/orders-full', result: 'pass', message: '' },
] as const;
const failing = (item: string) => well.map((one) => (one.item === item ? { ...one, result: 'fail' as const } : one));
const facts = { configPath: 'syncbot.yml', hasBotToken: true };

test.each([
  ['a Redis that fails comes first', failing('REDIS_URL'), false, { kind: 'fix', item: 'REDIS_URL' }],
  ['without tokens the Slack app is next', failing('syncbot.yml applied'), false, { kind: 'set_up_slack' }],
  ['a file that is not applied is applied', failing('syncbot.yml applied'), true, { kind: 'apply' }],
  ['without a worker syncbot is run', failing('observer'), true, { kind: 'run' }],
  ['another item is fixed', failing('link orders/orders-full'), true, { kind: 'fix', item: 'link orders/orders-full' }],
  ['if all is well, the list is next', well, true, { kind: 'list' }],
])('%s', (_name, items, hasBotToken, expected) => {
  expect(nextStep(items, { ...facts, hasBotToken })).toEqual(expected);
});
