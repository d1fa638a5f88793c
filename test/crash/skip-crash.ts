import type { Worker } from 'bullmq';
import { expect } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { taskName } from '../../src/domain/failed-tasks.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import { withoutJobs } from '../application/context-overrides.ts';
import { requestAndConfirm, type TestLink } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import type { CrashPoint } from './crash-points.ts';
import type { CrashHarness, ProcessUnderTest } from './harness.ts';
import type { Watch } from './stopping-proxy.ts';
import { waitForOutcome } from './worker-crash.ts';

/** Operations on single tasks: a restore without the poisoned task of each link, and the retry of these tasks. */
export const taskOperations = ['skip', 'retry'] as const;
export type TaskOperation = (typeof taskOperations)[number];

/** While crash points are counted, no other worker may take the job over, also on a slow machine. */
const longLockMs = 120_000;

/** Counts the crash points of the operation, without a crash. */
export async function countTaskCrashPoints(harness: CrashHarness, kind: TaskOperation): Promise<readonly string[]> {
  await using fixture = await createFixture(harness, kind);
  await using underTest = await harness.startProcessUnderTest({ role: 'worker', lockDurationMs: longLockMs });
  const { ref, watch } = await fixture.start(underTest, null);
  await waitForOutcome(harness, ref);
  await using _otherWorker = await harness.startOtherWorker();
  await fixture.expectDone(kind, ref);
  return watch.labels;
}

/** Kills a worker at a crash point of the operation. Another worker completes it. */
export async function killInTaskOperation(
  harness: CrashHarness,
  kind: TaskOperation,
  point: CrashPoint,
): Promise<void> {
  await using fixture = await createFixture(harness, kind);
  await using underTest = await harness.startProcessUnderTest({ role: 'worker' });
  const { ref, watch } = await fixture.start(underTest, point);
  await underTest.waitUntilStopped(watch);
  await underTest.process.kill();
  await using _otherWorker = await harness.startOtherWorker();
  await waitForOutcome(harness, ref);
  await fixture.expectDone(kind, ref);
}

/**
 * Suspends a worker at a crash point until another one has completed the operation, and the retry of what it has skipped. After
 * that the commands of the first worker arrive late.
 */
export async function suspendInTaskOperation(
  harness: CrashHarness,
  kind: TaskOperation,
  point: CrashPoint,
): Promise<void> {
  await using fixture = await createFixture(harness, kind);
  await using underTest = await harness.startProcessUnderTest({ role: 'worker' });
  const { ref, watch } = await fixture.start(underTest, point);
  await underTest.waitUntilStopped(watch);
  await using _otherWorker = await harness.startOtherWorker();
  await waitForOutcome(harness, ref);
  await fixture.expectDone(kind, ref);
  if (kind === 'skip') {
    const retry = await fixture.retry();
    await waitForOutcome(harness, retry);
    await fixture.expectDone('retry', retry);
  }
  underTest.proxy.release();
  underTest.process.signal('SIGCONT');
  await underTest.process.close();
  await fixture.expectDone('retry', null);
}

interface TaskFixture extends AsyncDisposable {
  /** Adds the job of the operation for the worker under test. From here on its commands are crash points. */
  start(
    underTest: ProcessUnderTest,
    point: CrashPoint | null,
  ): Promise<{ readonly ref: OperationRef; readonly watch: Watch }>;
  /** Retries all skipped tasks, whose cause is fixed. */
  retry(): Promise<OperationRef>;
  /** Every task is completed once, in order, but the skipped ones. `ref`: the last operation, to check its outcome. */
  expectDone(kind: TaskOperation, ref: OperationRef | null): Promise<void>;
}

/** A Paused project with two links on two servers, each with a poisoned task, a failed one and one that waits. */
async function createFixture({ services, nextProjectId }: CrashHarness, kind: TaskOperation): Promise<TaskFixture> {
  const project = nextProjectId();
  const target = { refused: ['poison', 'bad'] };
  const links: TestLink[] = [
    await services.createLink(`${project}-l0`),
    await services.createLink(`${project}-l1`, 'far'),
  ];
  const completed = new Map<TestLink, string[]>(links.map((link) => [link, []]));
  const workers: Worker[] = [];
  for (const link of links) {
    const worker = await link.startWorker(async ({ name }) => {
      if (target.refused.includes(name)) throw new Error('refused by the target');
      completed.get(link)?.push(name);
    });
    workers.push(worker);
    for (const name of ['poison', 'bad']) await link.queue.add(name, {});
    await waitFor(async () => (await link.queue.getFailedCount()) === 2, { description: 'failed tasks' });
    await link.queue.pause();
    await link.queue.add('new', {});
  }
  target.refused = ['poison'];
  await services.createProject(project, links, { state: 'paused' });
  await services.context.projects.markReconciled(project, 1, []);
  const names = links.map(({ link }) => taskName({ link, taskId: '1' }));
  const tasks = { kind: 'named', names } as const;
  const request = (by: string, context = withoutJobs(services)) =>
    kind === 'skip' && by === 'U0ALICE'
      ? requestAndConfirm(context, { project, action: 'restore', by, tasks })
      : requestAndConfirm(context, { project, action: 'retry', by });
  if (kind === 'retry') {
    const context = withoutJobs(services);
    await execute(context, await requestAndConfirm(context, { project, action: 'restore', tasks }));
    target.refused = [];
  }
  return {
    async start(underTest, point) {
      await waitFor(() => underTest.proxy.hasWaitingWorker(), { description: 'a waiting worker' });
      const ref = await request('U0ALICE');
      const watch = underTest.watch(ref, point);
      await services.context.jobs.execute(ref);
      return { ref, watch };
    },
    retry() {
      target.refused = [];
      return request('U0BOB', services.context);
    },
    async expectDone(done, ref) {
      const isRetried = done === 'retry';
      const expected = isRetried ? ['bad', 'new', 'poison'] : ['bad', 'new'];
      for (const link of links) {
        await waitFor(() => completed.get(link)?.length === expected.length, { description: 'all tasks' });
        expect(completed.get(link)).toEqual(expected);
        expect(await link.queue.getFailedCount()).toBe(isRetried ? 0 : 1);
      }
      const record = await services.context.projects.read(project);
      expect(record).toMatchObject({ state: 'running', activeOperation: null });
      expect(record?.reconciledVersion).toBe(record?.version);
      expect(record?.skippedTasks.map(({ taskId }) => taskId)).toEqual(isRetried ? [] : ['1', '1']);
      if (ref === null) return;
      const operation = await services.context.operations.read(ref);
      expect(operation).toMatchObject({ state: 'done', outcome: { retriedTasks: 2 } });
      expect(operation?.outcome?.tasks).toHaveLength(2);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.close(true)));
      await services.redis.srem('syncbot:projects', project);
    },
  };
}
