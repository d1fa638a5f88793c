import { expect } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { type FailoverFixture, taskNames } from './failover-fixture.ts';

/** A failure of the Redis with the bot's records and most links. */
export interface RedisFailure {
  /** Waits until everything written so far will survive the failure. */
  readonly waitUntilDurable: () => Promise<void>;
  readonly fail: () => Promise<void>;
  readonly recover: () => Promise<void>;
}

/** Asserts that a pause has one outcome if Redis fails while it runs, and that no task is lost or run twice. */
export async function expectPauseSurvives(
  fixture: FailoverFixture,
  { waitUntilDurable, fail, recover }: RedisFailure,
): Promise<void> {
  const [tasksBefore, tasksDuring] = [taskNames('before'), taskNames('during')];
  await fixture.addTasks(tasksBefore);
  await expectAllCompleted(fixture, tasksBefore);

  fixture.far.kill('SIGSTOP');
  const pause = await fixture.requestAndConfirm('pause');
  await fixture.waitForState('pausing', pause);
  await waitUntilDurable();
  await fail();
  fixture.far.kill('SIGCONT');
  await recover();
  expect(await fixture.waitForOutcome(pause)).toMatchObject({ state: 'done' });
  expect(await fixture.waitUntilReconciled()).toBe('paused');
  await fixture.addTasks(tasksDuring);
  await expectAllCompleted(fixture, tasksBefore);
}

/** Asserts the same of a restore after this pause. */
export async function expectRestoreSurvives(
  fixture: FailoverFixture,
  { waitUntilDurable, fail, recover }: RedisFailure,
): Promise<void> {
  const allTasks = [...taskNames('before'), ...taskNames('during')];
  fixture.far.kill('SIGSTOP');
  const restore = await fixture.requestAndConfirm('restore');
  await fixture.waitForState('restoring', restore);
  await waitUntilDurable();
  await fail();
  fixture.far.kill('SIGCONT');
  await recover();
  const outcome = await fixture.waitForOutcome(restore);
  expect(['done', 'failed']).toContain(outcome.state);
  expect(await fixture.waitUntilReconciled()).toBe(outcome.state === 'done' ? 'running' : 'paused');
  if (outcome.state === 'failed') await fixture.waitForOutcome(await fixture.requestAndConfirm('restore'));
  expect(await fixture.waitUntilReconciled()).toBe('running');
  await expectAllCompleted(fixture, allTasks);
}

/** Asserts that each link has run exactly these tasks, once each, oldest first. */
export async function expectAllCompleted(fixture: FailoverFixture, expected: readonly string[]): Promise<void> {
  await waitFor(() => [...fixture.completedTasks.values()].every((completed) => completed.length >= expected.length), {
    description: 'all tasks to run',
  });
  for (const [link, completed] of fixture.completedTasks)
    expect({ link, completed }).toEqual({ link, completed: expected });
}

/** Asserts that the audit log has every version, in order. */
export async function expectNoVersionGaps(fixture: FailoverFixture): Promise<void> {
  const versions = await fixture.readVersions();
  const distinctVersions = [...new Set(versions)];
  expect(versions).toEqual([...versions].sort((a, b) => a - b));
  expect(distinctVersions).toEqual(distinctVersions.map((_version, index) => index + 1));
}
