import { afterEach, beforeEach, expect, it } from 'vitest';
import { observeProject } from '../../src/application/queries.ts';
import { checkLinks } from '../../src/cli/doctor.ts';
import { type SentinelGroup, startSentinelGroup } from '../support/redis-sentinel.ts';
import { waitFor } from '../support/wait-for.ts';
import { createFailoverFixture, type FailoverFixture, taskNames } from './failover-fixture.ts';
import {
  expectAllCompleted,
  expectNoVersionGaps,
  expectPauseSurvives,
  expectRestoreSurvives,
} from './failover-scenarios.ts';

let group: SentinelGroup;
let fixture: FailoverFixture;
beforeEach(async () => {
  group = await startSentinelGroup();
  fixture = await createFailoverFixture({ ...group, client: () => group.client(), prefixes: ['one', 'two'] });
});
afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
  await group[Symbol.asyncDispose]();
});

const primaryFailure = () => {
  const writer = group.client();
  return {
    waitUntilDurable: () => group.waitForReplicas(writer),
    fail: () => group.killPrimary(),
    recover: () => group.waitForFailover(),
  };
};
const noop = async () => {};

it('a pause has one outcome when the primary dies while it runs, and the next restore works', async () => {
  await expectPauseSurvives(fixture, primaryFailure());
  await expectNoVersionGaps(fixture);
  await expectRestoreSurvives(fixture, { waitUntilDurable: noop, fail: noop, recover: noop });
  await expectNoVersionGaps(fixture);
});

it('a restore has one outcome when the primary dies while it runs', async () => {
  await expectPauseSurvives(fixture, { waitUntilDurable: noop, fail: noop, recover: noop });
  await expectRestoreSurvives(fixture, primaryFailure());
  await expectNoVersionGaps(fixture);
});

it('a pause that was not replicated is lost in a failover, and doctor reports the link on another Redis that is still paused', async () => {
  await fixture.addTasks(taskNames('before'));
  await expectAllCompleted(fixture, taskNames('before'));
  // A project that is not reconciled yet would be reconciled after the failover.
  expect(await fixture.waitUntilReconciled()).toBe('running');
  const writer = group.client();
  await writer.set('last-write', '');
  await group.waitForReplicas(writer);
  await group.cutReplication();
  await fixture.waitForOutcome(await fixture.requestAndConfirm('pause'));
  await fixture.waitUntilReconciled();
  await group.killPrimary();
  await group.waitForFailover();
  const { context } = fixture.services;
  const project = await waitFor(() => context.projects.read('orders'));
  expect(project).toMatchObject({ state: 'running', version: 1, activeOperation: null });
  const linkResults = async () => checkLinks({ project, stats: await observeProject(context, project) }, [1, 1, 1]);
  await waitFor(async () => (await linkResults()).every(({ result }) => result !== 'unknown'));
  expect((await linkResults()).map(({ result, message }) => `${result} ${message.split(';')[0]}`)).toEqual([
    'pass running',
    'pass running',
    'fail paused although orders is Running',
  ]);
  // A pause and a restore make records and links equal again.
  await waitFor(async () => (await fixture.waitForOutcome(await fixture.requestAndConfirm('pause'))).state === 'done');
  expect(await fixture.waitUntilReconciled()).toBe('paused');
  expect(await fixture.waitForOutcome(await fixture.requestAndConfirm('restore'))).toMatchObject({ state: 'done' });
  expect(await fixture.waitUntilReconciled()).toBe('running');
  await expectNoVersionGaps(fixture);
});
