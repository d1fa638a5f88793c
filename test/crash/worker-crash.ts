import type { Action } from '../../src/domain/lifecycle.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import { confirmOperation } from '../application/fault-injection.ts';
import { waitFor } from '../support/wait-for.ts';
import { type CrashPoint, createCommandNamer } from './crash-points.ts';
import type { CrashHarness, SubjectUnderTest } from './harness.ts';
import { monitorPausedLinks } from './invariant-monitor.ts';
import { expectOneOutcomePerOperation } from './outcome-assertions.ts';
import { createProjectFixture, type ProjectFixture } from './project-fixture.ts';
import type { Watch } from './stopping-proxy.ts';

/** While crash points are counted, no other worker may take the job over, also on a slow machine. */
const longLockMs = 120_000;

/** Counts the crash points of an operation, without a crash. */
export async function countWorkerCrashPoints(harness: CrashHarness, action: Action): Promise<readonly string[]> {
  const { services } = harness;
  await using fixture = await createProjectFixture(harness, harness.nextProjectId(), action);
  await using subject = await harness.startSubject({ works: true, lockDurationMs: longLockMs });
  const { ref, watch } = await startOperation(harness, { fixture, subject, action, point: null });
  const job = `{syncbot}:actions:execute-${ref.operation}`;
  await waitFor(async () => (await services.redis.exists(job)) === 0, { description: 'the end of the job' });
  await using _healthy = await harness.startHealthyWorker();
  await expectOneOutcomePerOperation(services, fixture, {
    operations: [{ ref, action }],
    lateCommands: 0,
    leftoverRuns: 0,
  });
  return watch.labels;
}

/** Kills a worker at a crash point of its operation. Another worker completes the operation. */
export async function killWorker(harness: CrashHarness, action: Action, point: CrashPoint): Promise<void> {
  const { services } = harness;
  await using fixture = await createProjectFixture(harness, harness.nextProjectId(), action);
  await using subject = await harness.startSubject({ works: true });
  const { ref, watch } = await startOperation(harness, { fixture, subject, action, point });
  await subject.waitUntilStopped(watch);
  await subject.process.kill();
  await using monitor = monitorPausedLinks(services, fixture);
  await monitor.assertHeld();
  await using _healthy = await harness.startHealthyWorker();
  await waitForOutcome(harness, ref);
  await monitor.assertHeld();
  await expectOneOutcomePerOperation(services, fixture, {
    operations: [{ ref, action }],
    lateCommands: 0,
    leftoverRuns: 1,
  });
}

/**
 * Suspends a worker at a crash point until its lock has expired and another worker has completed the operation and then the
 * opposite one. After that the commands of the first worker arrive late.
 */
export async function suspendWorker(harness: CrashHarness, action: Action, point: CrashPoint): Promise<void> {
  const { services } = harness;
  await using fixture = await createProjectFixture(harness, harness.nextProjectId(), action);
  await using subject = await harness.startSubject({ works: true });
  const { ref, watch } = await startOperation(harness, { fixture, subject, action, point });
  await subject.waitUntilStopped(watch);
  await using _healthy = await harness.startHealthyWorker();
  const laterAction = oppositeOf(action);
  const laterRef = await runLaterOperation(harness, { fixture, ref, laterAction });
  subject.proxy.release();
  subject.process.signal('SIGCONT');
  await subject.process.close();
  const operations = [
    { ref, action },
    { ref: laterRef, action: laterAction },
  ] as const;
  await expectOneOutcomePerOperation(services, fixture, { operations, lateCommands: 1, leftoverRuns: 0 });
}

/** While the worker is suspended, no command arrives late: a Paused project has only paused links. */
async function runLaterOperation(
  harness: CrashHarness,
  { fixture, ref, laterAction }: { fixture: ProjectFixture; ref: OperationRef; laterAction: Action },
): Promise<OperationRef> {
  await using monitor = monitorPausedLinks(harness.services, fixture);
  await monitor.assertHeld();
  await waitForOutcome(harness, ref);
  await monitor.assertHeld();
  const laterRef = await harness.services.requestAndConfirm(fixture.project, laterAction, 'U0BOB');
  await waitForOutcome(harness, laterRef);
  await monitor.assertHeld();
  await fixture.addTasks();
  return laterRef;
}

/** Adds the job of the operation for the worker under test. From here on its commands are crash points. */
async function startOperation(
  { services }: CrashHarness,
  {
    fixture,
    subject,
    action,
    point,
  }: { fixture: ProjectFixture; subject: SubjectUnderTest; action: Action; point: CrashPoint | null },
): Promise<{ readonly ref: OperationRef; readonly watch: Watch }> {
  const { process: subjectProcess, proxy } = subject;
  await waitFor(() => proxy.hasWaitingWorker(), { description: 'a waiting worker' });
  const ref = await confirmOperation(services, fixture.project, action);
  const watch = proxy.watch({
    point,
    nameCommand: createCommandNamer(ref),
    suspend: () => subjectProcess.signal('SIGSTOP'),
  });
  await services.context.jobs.execute(ref);
  return { ref, watch };
}

export async function waitForOutcome({ services }: CrashHarness, ref: OperationRef): Promise<void> {
  await waitFor(async () => (await services.context.operations.read(ref))?.finishedAt != null, {
    description: 'the outcome',
  });
}

/** The action that is allowed after `action`. */
export function oppositeOf(action: Action): Action {
  return action === 'pause' ? 'restore' : 'pause';
}
