import { describe, expect, it } from 'vitest';
import type { UseCaseContext } from '../../src/application/context.ts';
import { execute } from '../../src/application/execute.ts';
import { reconcile } from '../../src/application/reconcile.ts';
import type { Action } from '../../src/domain/lifecycle.ts';
import { startTestServices, type TestServices } from '../support/test-services.ts';
import { once, overrideContext, requestAndConfirmWithoutJob, runAfter, withoutJobs } from './context-overrides.ts';

/** Simulates a process that is suspended right after this method has returned, while other processes continue. */
function suspendAfter<Args extends unknown[], Result>(
  { clock }: UseCaseContext,
  method: (...args: Args) => Promise<Result>,
  meanwhile: () => Promise<unknown>,
  durationMs = 1_500,
) {
  let suspendedMs = 0;
  const suspend = once(async () => {
    await meanwhile();
    suspendedMs = durationMs;
  });
  const shiftedClock = { now: () => clock.now() + suspendedMs, monotonicNow: () => clock.monotonicNow() + suspendedMs };
  return { method: runAfter(method, suspend), clock: { ...clock, ...shiftedClock } };
}

async function createPaymentsProject(): Promise<TestServices> {
  const services = await startTestServices();
  await services.createProject('payments', [await services.createLink('payments')]);
  return services;
}

async function runOperation(services: TestServices, action: Action): Promise<void> {
  await execute(withoutJobs(services), await requestAndConfirmWithoutJob(services, 'payments', action));
}

async function readPauseEvents(services: TestServices): Promise<(string | undefined)[]> {
  const events = await services.redis.xrange('bull:payments:events', '-', '+');
  return events.map(([, fields]) => fields[1]).filter((event) => event === 'paused' || event === 'resumed');
}

it('a pause that was suspended after it read the version does not pause a link that was restored meanwhile', async () => {
  await using services = await createPaymentsProject();
  const pause = await requestAndConfirmWithoutJob(services, 'payments', 'pause');
  await services.context.operations.claim(pause, 'suspended');
  const { method: readVersion, clock } = suspendAfter(
    services.context,
    services.context.projects.readVersion,
    async () => {
      await execute(withoutJobs(services), pause);
      await runOperation(services, 'restore');
    },
  );
  const context = { ...overrideContext(services.context, { projects: { readVersion } }), clock };
  await reconcile(context, { project: 'payments', operationId: pause.operation, timeoutMs: 5_000 });
  expect(await readPauseEvents(services)).toEqual(['paused', 'resumed']);
});

it('a restore that was suspended after it moved the watermark does not resume a link that was paused meanwhile', async () => {
  await using services = await createPaymentsProject();
  await runOperation(services, 'pause');
  const restore = await requestAndConfirmWithoutJob(services, 'payments', 'restore');
  await services.context.operations.claim(restore, 'suspended');
  const { method: setWatermarks, clock } = suspendAfter(
    services.context,
    services.context.projects.setWatermarks,
    async () => {
      await execute(withoutJobs(services), restore);
      await runOperation(services, 'pause');
    },
  );
  const context = { ...overrideContext(services.context, { projects: { setWatermarks } }), clock };
  await reconcile(context, { project: 'payments', operationId: restore.operation, timeoutMs: 5_000 });
  expect(await readPauseEvents(services)).toEqual(['paused', 'resumed', 'paused']);
});

describe('if nothing was changed meanwhile', () => {
  it('a pause that was suspended for minutes is done', async () => {
    await using services = await createPaymentsProject();
    const pause = await requestAndConfirmWithoutJob(services, 'payments', 'pause');
    const { method: readVersion, clock } = suspendAfter(
      services.context,
      services.context.projects.readVersion,
      async () => {},
      180_000,
    );
    const lines: object[] = [];
    const log = { ...services.context.log, info: (fields: object) => void lines.push(fields) };
    await execute({ ...overrideContext(withoutJobs(services), { projects: { readVersion } }), clock, log }, pause);
    expect(await services.context.operations.read(pause)).toMatchObject({ state: 'done' });
    expect(lines).toContainEqual({ project: 'payments', operationId: pause.operation, links: 1 });
    expect(await readPauseEvents(services)).toEqual(['paused']);
  });

  it('a restore that was suspended for minutes is done', async () => {
    await using services = await createPaymentsProject();
    await runOperation(services, 'pause');
    const restore = await requestAndConfirmWithoutJob(services, 'payments', 'restore');
    const { setWatermarks } = services.context.projects;
    const { method, clock } = suspendAfter(services.context, setWatermarks, async () => {}, 180_000);
    await execute(
      { ...overrideContext(withoutJobs(services), { projects: { setWatermarks: method } }), clock },
      restore,
    );
    expect(await services.context.operations.read(restore)).toMatchObject({ state: 'done' });
    expect(await readPauseEvents(services)).toEqual(['paused', 'resumed']);
  });

  it('a restore that was suspended before it paused a running link is not refused as unreachable', async () => {
    await using services = await startTestServices();
    const testLink = await services.createLink('payments');
    await services.createProject('payments', [testLink]);
    await runOperation(services, 'pause');
    await testLink.queue.resume();
    const restore = await requestAndConfirmWithoutJob(services, 'payments', 'restore');
    const { method: readVersion, clock } = suspendAfter(
      services.context,
      services.context.projects.readVersion,
      async () => {},
      180_000,
    );
    await execute({ ...overrideContext(withoutJobs(services), { projects: { readVersion } }), clock }, restore);
    expect(await services.context.operations.read(restore)).toMatchObject({ state: 'done', refusal: null });
    expect(await readPauseEvents(services)).toEqual(['paused', 'resumed', 'paused', 'resumed']);
  });

  it.each([600, 1_200, 4_500])(
    'links are set in one attempt when Redis takes %i ms to answer',
    async (responseDelayMs) => {
      await using services = await startTestServices();
      await services.createProject('payments', [await services.createLink('payments')]);
      const pause = await requestAndConfirmWithoutJob(services, 'payments', 'pause');
      await services.context.operations.claim(pause, 'slow');
      let waitedMs = 0;
      const readVersion = runAfter(services.context.projects.readVersion, async () => {
        waitedMs += responseDelayMs;
      });
      const { clock } = services.context;
      const slowClock = { ...clock, monotonicNow: () => clock.monotonicNow() + waitedMs };
      const context = { ...overrideContext(services.context, { projects: { readVersion } }), clock: slowClock };
      expect(
        await reconcile(context, { project: 'payments', operationId: pause.operation, timeoutMs: 0 }),
      ).toMatchObject({
        kind: 'reconciled',
      });
    },
  );
});
