import { requestAction } from '../../src/application/request-action.ts';
import type { Action } from '../../src/domain/lifecycle.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import type { CrashPoint } from './crash-points.ts';
import type { CrashHarness } from './harness.ts';
import { expectNothingChanged, expectOneOutcomePerOperation } from './outcome-assertions.ts';
import { createProjectFixture } from './project-fixture.ts';
import type { Watch } from './stopping-proxy.ts';
import { type CrashCase, oppositeOf, waitForOutcome } from './worker-crash.ts';

const alice = 'U0ALICE';
const bob = 'U0BOB';

/** Counts the crash points of a press of OK, without a crash. */
export async function countBotCrashPoints(harness: CrashHarness, action: Action): Promise<readonly string[]> {
  await using fixture = await createProjectFixture(harness, { project: harness.nextProjectId(), action });
  await using underTest = await harness.startProcessUnderTest({ role: 'bot' });
  const { ref, watch } = await pressOk(harness, { fixture, underTest, action, point: null });
  await underTest.process.waitForPress();
  await using _otherWorker = await harness.startOtherWorker();
  await waitForOutcome(harness, ref);
  await expectOneOutcomePerOperation(harness.services, fixture, {
    operations: [{ ref, action }],
    isProcessKilled: false,
  });
  return watch.labels;
}

/** Kills the bot between OK and the job. The operation is executed once, or stays unconfirmed. */
export async function killBot(harness: CrashHarness, action: Action, point: CrashPoint): Promise<void> {
  await using fixture = await createProjectFixture(harness, { project: harness.nextProjectId(), action });
  await using underTest = await harness.startProcessUnderTest({ role: 'bot' });
  const { ref, watch } = await pressOk(harness, { fixture, underTest, action, point });
  await underTest.waitUntilStopped(watch);
  await underTest.process.kill();
  await using _otherWorker = await harness.startOtherWorker();
  if (isBeforeResolve(point)) return expectNothingChanged(harness.services, fixture, ref);
  await waitForOutcome(harness, ref);
  await expectOneOutcomePerOperation(harness.services, fixture, {
    operations: [{ ref, action }],
    isProcessKilled: false,
  });
}

/** Suspends the bot between OK and the job, until the operation and a later one are finished. Then its commands arrive late. */
export async function suspendBot(harness: CrashHarness, action: Action, point: CrashPoint): Promise<void> {
  const { services } = harness;
  await using fixture = await createProjectFixture(harness, { project: harness.nextProjectId(), action });
  await using underTest = await harness.startProcessUnderTest({ role: 'bot' });
  const { ref, watch } = await pressOk(harness, { fixture, underTest, action, point });
  await underTest.waitUntilStopped(watch);
  await using _otherWorker = await harness.startOtherWorker();
  const isBeforeConfirmed = isBeforeResolve(point);
  if (isBeforeConfirmed) await expectNothingChanged(services, fixture, ref);
  else await waitForOutcome(harness, ref);
  const laterAction = isBeforeConfirmed ? action : oppositeOf(action);
  const later = await services.requestAndConfirm(fixture.project, laterAction, bob);
  await waitForOutcome(harness, later);

  underTest.proxy.release();
  underTest.process.signal('SIGCONT');
  await underTest.process.waitForPress();
  await waitForOutcome(harness, ref);
  const completed = [{ ref: later, action: laterAction }];
  if (!isBeforeConfirmed) completed.unshift({ ref, action });
  const refusedOperation = isBeforeConfirmed ? ref : null;
  await expectOneOutcomePerOperation(services, fixture, {
    operations: completed,
    refusedOperation,
    isProcessKilled: false,
  });
}

/** The bot reads the server's clock, then resolves the operation. */
function isBeforeResolve({ label, when }: CrashPoint): boolean {
  return label.startsWith('time ') || (label.startsWith('resolve-confirmation ') && when === 'before');
}

/** Requests an operation and presses OK. From here on the commands of the bot are crash points. */
async function pressOk(
  { services }: CrashHarness,
  { fixture, underTest, action, point }: CrashCase,
): Promise<{ readonly ref: OperationRef; readonly watch: Watch }> {
  const request = {
    project: fixture.project,
    action,
    by: alice,
    reason: null,
    origin: 'slack',
    channel: 'C0SYNC',
  } as const;
  const result = await requestAction(services.context, request);
  if (result.kind === 'refused') throw new Error(`refused: ${result.refusal.code}`);
  const ref = { project: fixture.project, operation: result.operation.id };
  const watch = underTest.watch(ref, point);
  underTest.process.pressOk({ ref, by: alice });
  return { ref, watch };
}
