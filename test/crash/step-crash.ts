import { expect } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { runObserver } from '../../src/application/observer.ts';
import { requestAndConfirmWithoutJob, withoutJobs } from '../application/context-overrides.ts';
import { waitFor } from '../support/wait-for.ts';
import { batchSteps, prepareBatch } from './batch-steps.ts';
import type { CrashPoint } from './crash-points.ts';
import { type CrashHarness, pausedReminderMs } from './harness.ts';
import { countEvents, type StepPreparations } from './prepared-step.ts';
import { createProjectFixture } from './project-fixture.ts';
import { prepareTimer, timerSteps } from './timer-steps.ts';
import { prepareWait, waitSteps } from './wait-steps.ts';

const observedSteps = ['follow_up', 'keep_paused', 'own_alerts'] as const;
export const crashSteps = [...observedSteps, ...batchSteps, ...timerSteps, ...waitSteps] as const;
export type CrashStep = (typeof crashSteps)[number];

/** Counts the crash points of a step, without a crash. */
export async function countStepCrashPoints(harness: CrashHarness, kind: CrashStep): Promise<readonly string[]> {
  await using prepared = await preparations[kind](harness);
  await using underTest = await harness.startProcessUnderTest({ role: 'bot' });
  const { ref, step, expectOnce } = prepared;
  const watch = underTest.watch(ref, null);
  underTest.process.startStep(step);
  await underTest.process.waitForStep();
  await using _otherWorker = await harness.startOtherWorker({ postsMessages: true });
  await expectOnce();
  return watch.labels;
}

/** Kills the process in the step. Another worker continues. */
export async function killInStep(harness: CrashHarness, kind: CrashStep, point: CrashPoint): Promise<void> {
  await using prepared = await preparations[kind](harness);
  await using underTest = await harness.startProcessUnderTest({ role: 'bot' });
  const { ref, step, isContinued, expectOnce, meanwhile } = prepared;
  const watch = underTest.watch(ref, point);
  underTest.process.startStep(step);
  await underTest.waitUntilStopped(watch);
  await underTest.process.kill();
  await using _otherWorker = await harness.startOtherWorker({ postsMessages: true });
  if (isContinued) await expectOnce();
  await meanwhile?.();
  await expectOnce();
}

/** Suspends the process in the step until another worker has continued. Then its commands arrive late. */
export async function suspendInStep(harness: CrashHarness, kind: CrashStep, point: CrashPoint): Promise<void> {
  await using prepared = await preparations[kind](harness);
  await using underTest = await harness.startProcessUnderTest({ role: 'bot' });
  const { ref, step, isContinued, expectOnce, meanwhile } = prepared;
  const watch = underTest.watch(ref, point);
  underTest.process.startStep(step);
  await underTest.waitUntilStopped(watch);
  await using _otherWorker = await harness.startOtherWorker({ postsMessages: true });
  if (isContinued) await expectOnce();
  await meanwhile?.();
  underTest.proxy.release();
  underTest.process.signal('SIGCONT');
  await underTest.process.waitForStep();
  await expectOnce();
}

const prepareObserved: StepPreparations<(typeof observedSteps)[number]> = {
  /** A project that was started some seconds ago and has caught up. No observation has shown that yet. */
  async follow_up(harness) {
    const { services } = harness;
    const fixture = await createProjectFixture(harness, { project: harness.nextProjectId(), action: 'start' });
    const { project, links, tasks, completedTasks } = fixture;
    const ref = await requestAndConfirmWithoutJob(services, project, 'start');
    await execute(withoutJobs(services), ref);
    await services.redis.hincrby(`syncbot:{p:${project}}:op:${ref.operation}`, 'finishedAt', -5_000);
    await waitFor(() => links.every((link) => completedTasks(link).length === tasks.length), {
      description: 'all tasks',
    });
    // The first observation of a minute also records the trend. So each run has the same commands.
    const sampledMinutes = await services.redis.keys('syncbot:once:trend:*');
    if (sampledMinutes.length > 0) await services.redis.del(...sampledMinutes);
    return {
      [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
      isContinued: true,
      ref,
      step: { kind: 'observe' },
      async expectOnce() {
        await waitFor(async () => (await services.context.operations.read(ref))?.followEnd !== null, {
          description: 'the end of what is followed',
        });
        await waitFor(async () => (await services.redis.zcard(`syncbot:{p:${project}}:open`)) === 0, {
          description: 'its notification',
        });
        expect(await services.context.operations.read(ref)).toMatchObject({ followEnd: { kind: 'reached' } });
        expect(await countEvents(harness, project, 'caught_up')).toBe(1);
        expect((await services.context.projects.read(project))?.followedOperation).toBeNull();
      },
    };
  },
  async keep_paused(harness) {
    const fixture = await createProjectFixture(harness, { project: harness.nextProjectId(), action: 'restore' });
    const { project } = fixture;
    const read = await fireReminder(harness.services, project);
    return {
      [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
      isContinued: false,
      ref: { project, operation: 'none' },
      step: { kind: 'keep_paused', project, by: 'U0BOB' },
      async expectOnce() {
        const stored = await read();
        const count = await countEvents(harness, project, 'kept_paused');
        const reminder = stored?.alerts.paused_reminder?.alert;
        // The process was killed before or after the one command that changes something.
        expect(['firing', 'resolved'][count]).toBe(reminder?.state);
        expect(stored?.keptPaused?.by).toBe(count === 1 ? 'U0BOB' : undefined);
        expect(await countEvents(harness, project, 'alert_resolved')).toBe(count);
      },
    };
  },
  async own_alerts(harness) {
    const fixture = await createProjectFixture(harness, { project: harness.nextProjectId(), action: 'restore' });
    const { project } = fixture;
    const read = await fireReminder(harness.services, project);
    return {
      [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
      isContinued: false,
      ref: { project, operation: 'none' },
      step: { kind: 'own_alerts', project, by: 'U0BOB' },
      async expectOnce() {
        const reminder = (await read())?.alerts.paused_reminder?.alert;
        const count = await countEvents(harness, project, 'alert_owned');
        expect(reminder?.state).toBe('firing');
        expect(reminder?.acknowledgement?.by).toBe([undefined, 'U0BOB'][count]);
        expect(reminder?.seq).toBe(1 + count);
      },
    };
  },
};

/** Lets the reminder of a pause fire. Returns a function that reads the project. */
async function fireReminder(services: CrashHarness['services'], project: string) {
  await services.redis.hincrby(`syncbot:{p:${project}}:state`, 'since', -pausedReminderMs);
  await runObserver(withoutJobs(services));
  const read = () => services.context.projects.read(project);
  expect((await read())?.alerts.paused_reminder?.alert.state).toBe('firing');
  return read;
}

const preparations: StepPreparations<CrashStep> = {
  ...prepareObserved,
  ...prepareBatch,
  ...prepareTimer,
  ...prepareWait,
};
