import type { Action } from '../../src/domain/lifecycle.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import { requestAndConfirmWithoutJob } from '../application/context-overrides.ts';
import { waitFor } from '../support/wait-for.ts';
import type { CrashPoint } from './crash-points.ts';
import type { CrashHarness, ProcessUnderTest } from './harness.ts';
import { monitorPausedLinks } from './invariant-monitor.ts';
import { expectOneOutcomePerOperation } from './outcome-assertions.ts';
import { createProjectFixture, type ProjectFixture } from './project-fixture.ts';
import type { Watch } from './stopping-proxy.ts';

/** A process under test, the project on which it acts, and where it is stopped. */
export interface CrashCase {
  readonly fixture: ProjectFixture;
  readonly underTest: ProcessUnderTest;
  readonly action: Action;
  /** Null if the process is not stopped. */
  readonly point: CrashPoint | null;
}

/** While crash points are counted, no other worker may take the job over, also on a slow machine. */
const longLockMs = 120_000;

/** Counts the crash points of an operation, without a crash. */
export async function countWorkerCrashPoints(harness: CrashHarness, action: Action): Promise<readonly string[]> {
  const { services } = harness;
  await using fixture = await createProjectFixture(harness, { project: harness.nextProjectId(), action });
  await using underTest = await harness.startProcessUnderTest({ role: 'worker', lockDurationMs: longLockMs });
  const { ref, watch } = await startOperation(harness, { fixture, underTest, action, point: null });
  const job = `{syncbot}:actions:execute-${ref.operation}`;
  await waitFor(async () => (await services.redis.exists(job)) === 0, { description: 'the end of the job' });
  await using _otherWorker = await harness.startOtherWorker();
  await expectOneOutcomePerOperation(services, fixture, {
    operations: [{ ref, action }],
    isProcessKilled: false,
  });
  return watch.labels;
}

/** Kills a worker at a crash point of its operation. Another worker completes the operation. */
export async function killWorker(harness: CrashHarness, action: Action, point: CrashPoint): Promise<void> {
  const { services } = harness;
  await using fixture = await createProjectFixture(harness, { project: harness.nextProjectId(), action });
  await using underTest = await harness.startProcessUnderTest({ role: 'worker' });
  const { ref, watch } = await startOperation(harness, { fixture, underTest, action, point });
  await underTest.waitUntilStopped(watch);
  await underTest.process.kill();
  await using monitor = monitorPausedLinks(services, fixture);
  await monitor.assertHeld();
  await using _otherWorker = await harness.startOtherWorker();
  await waitForOutcome(harness, ref);
  await monitor.assertHeld();
  await expectOneOutcomePerOperation(services, fixture, {
    operations: [{ ref, action }],
    isProcessKilled: true,
  });
}

/**
 * Suspends a worker at a crash point until its lock has expired and another worker has completed the operation and then the
 * opposite one. After that the commands of the first worker arrive late.
 */
export async function suspendWorker(harness: CrashHarness, action: Action, point: CrashPoint): Promise<void> {
  const { services } = harness;
  await using fixture = await createProjectFixture(harness, { project: harness.nextProjectId(), action });
  await using underTest = await harness.startProcessUnderTest({ role: 'worker' });
  const { ref, watch } = await startOperation(harness, { fixture, underTest, action, point });
  await underTest.waitUntilStopped(watch);
  await using _otherWorker = await harness.startOtherWorker();
  const laterAction = oppositeOf(action);
  const laterRef = await runLaterOperation(harness, { fixture, ref, laterAction });
  underTest.proxy.release();
  underTest.process.signal('SIGCONT');
  await underTest.process.close();
  const operations = [
    { ref, action },
    { ref: laterRef, action: laterAction },
  ] as const;
  await expectOneOutcomePerOperation(services, fixture, { operations, isProcessKilled: false });
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
  { fixture, underTest, action, point }: CrashCase,
): Promise<{ readonly ref: OperationRef; readonly watch: Watch }> {
  await waitFor(() => underTest.proxy.hasWaitingWorker(), { description: 'a waiting worker' });
  const ref = await requestAndConfirmWithoutJob(services, fixture.project, action);
  const watch = underTest.watch(ref, point);
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
