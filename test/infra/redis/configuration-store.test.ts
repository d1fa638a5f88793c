import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Configuration } from '../../../src/domain/configuration.ts';
import { startTestServices, type TestServices } from '../../support/test-services.ts';

let services: TestServices;
beforeEach(async () => {
  services = await startTestServices();
});
afterEach(() => services[Symbol.asyncDispose]());

const configuration: Configuration = {
  policy: { operators: ['U0ALICE'], channels: [] },
  onCall: [],
  digests: [],
  settings: {
    confirmationTtlMs: 1_000,
    observeEveryMs: 1_000,
    operationRetentionMs: 1_000,
    auditLength: 100,
    pausedReminderMs: 60_000,
    showErrors: false,
    alertGroupWaitMs: 1_000,
    alertGroupIntervalMs: 1_000,
    channelsWithoutButtons: ['C0123'],
    waves: null,
  },
  connections: {},
};
const other: Configuration = { ...configuration, policy: { operators: [], channels: [] } };

it('A configuration is stored once for each version, a repeat is recognized, and another one is a conflict.', async () => {
  const { configurations } = services.context;
  expect(await configurations.read()).toEqual({ kind: 'none' });
  for (let attempt = 0; attempt < 2; attempt++)
    expect(await configurations.save(configuration, 0, 'cli:test')).toEqual({ kind: 'written' });
  expect(await configurations.read()).toEqual({ kind: 'read', version: 1, configuration });
  expect(await configurations.save(other, 0, 'cli:test')).toEqual({ kind: 'conflict' });
  expect(await configurations.save(other, 1, 'cli:test')).toEqual({ kind: 'written' });
  expect(await configurations.read()).toEqual({ kind: 'read', version: 2, configuration: other });
});

it('A configuration of an earlier version has the default times of alert groups.', async () => {
  const { alertGroupWaitMs, alertGroupIntervalMs, channelsWithoutButtons, ...settings } = configuration.settings;
  const stored = { v: '1', version: '1', configuration: JSON.stringify({ ...configuration, settings }) };
  await services.redis.hset('syncbot:configuration', stored);
  const defaults = { alertGroupWaitMs: 10_000, alertGroupIntervalMs: 60_000, channelsWithoutButtons: [] };
  expect(await services.context.configurations.read()).toMatchObject({
    configuration: { settings: { ...settings, ...defaults } },
  });
});

it.each([
  ['of a newer format', { v: '2' }],
  ['without JSON', { configuration: '{' }],
  ['without a policy', { configuration: JSON.stringify({ ...configuration, policy: undefined }) }],
  ['with an impossible setting', { configuration: JSON.stringify({ ...configuration, settings: { auditLength: 0 } }) }],
  ['without a version', { version: '' }],
])('A record %s is unreadable.', async (_what, fields) => {
  await services.context.configurations.save(configuration, 0, 'cli:test');
  await services.redis.hset('syncbot:configuration', fields);
  expect(await services.context.configurations.read()).toEqual({ kind: 'unreadable' });
});

it('The record of a process ends with the process, or when it is not repeated.', async () => {
  const { configurations } = services.context;
  const status = (id: string) => ({ id, role: 'worker', configurationVersion: 1, unusable: [] });
  for (const id of ['a', 'b']) await configurations.registerProcess(status(id), 60_000);
  await services.redis.hset('syncbot:processes', 'damaged', '{');
  expect(await configurations.listProcesses()).toEqual([status('a'), status('b')]);
  await configurations.removeProcess('a');
  await services.redis.hset(
    'syncbot:processes',
    'old',
    JSON.stringify({ v: 1, expiresAt: 1, status: JSON.stringify(status('old')) }),
  );
  expect(await configurations.listProcesses()).toEqual([status('b')]);
  await configurations.registerProcess(status('b'), 60_000);
  expect(await services.redis.hkeys('syncbot:processes')).toEqual(['b']);
});
