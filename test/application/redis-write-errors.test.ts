import { afterEach, beforeEach, expect, it } from 'vitest';
import { StoreUnavailableError } from '../../src/application/errors.ts';
import { execute } from '../../src/application/execute.ts';
import { requestAction } from '../../src/application/request-action.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import { startTestServices, type TestLink, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { overrideContext, requestAndConfirmWithoutJob, runAfter, withoutJobs } from './context-overrides.ts';

let services: TestServices;
let link: TestLink;
beforeEach(async () => {
  services = await startTestServices();
  link = await services.createLink('orders-full');
  await services.createProject('orders', [link]);
});
afterEach(() => services[Symbol.asyncDispose]());

/** A state in which Redis answers but accepts no writes, the command that causes it, and the one that ends it. */
const writeFailures = [
  ['no free memory', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
  ['a replica instead of the primary', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
  [
    'too few replicas',
    ['CONFIG', 'SET', 'min-replicas-to-write', '1'],
    ['CONFIG', 'SET', 'min-replicas-to-write', '0'],
  ],
] as const;
const sendCommand = ([command, ...args]: readonly string[]) => services.redis.call(String(command), ...args);
const readOperation = (ref: OperationRef) => services.context.operations.read(ref);
const readEvents = async () =>
  (await services.context.auditLog.read('orders', { limit: 50 })).map(({ event }) => event);

it.each(writeFailures)(
  'with %s a request is refused as not done, and a confirmed operation is completed afterwards',
  async (_what, breakCommand, repairCommand) => {
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    await sendCommand(breakCommand);
    const request = {
      project: 'orders',
      action: 'pause',
      by: 'U0BOB',
      reason: null,
      origin: 'slack',
      channel: null,
    } as const;
    await expect(requestAction(services.context, request)).rejects.toThrow(StoreUnavailableError);
    await expect(services.context.operations.claim(ref, 'run')).rejects.toThrow(StoreUnavailableError);
    await sendCommand(repairCommand);
    await services.instance.startWorkers();
    await waitFor(async () => (await readOperation(ref))?.state === 'done');
    expect(await link.queue.isPaused()).toBe(true);
    // Redis may execute the second request later: its dialog was never shown. Alerts depend on how long all this takes.
    const otherEvents = (await readEvents()).filter((event) => event !== 'requested' && !event.startsWith('alert_'));
    expect(otherEvents).toEqual(['done', 'started', 'confirmed', 'created']);
  },
);

it.each(writeFailures)(
  'with %s during an operation there is one outcome, and the links are reconciled',
  async (_what, breakCommand, repairCommand) => {
    const ref = await requestAndConfirmWithoutJob(services, 'orders', 'pause');
    let isBroken = false;
    const setPaused = runAfter(services.context.links.setPaused, async () => {
      await sendCommand(breakCommand);
      isBroken = true;
    });
    const run = execute(overrideContext(withoutJobs(services), { links: { setPaused } }), ref).catch(
      (error: unknown) => error,
    );
    // A repair before the break would leave Redis broken.
    await waitFor(() => isBroken);
    await sendCommand(repairCommand);
    await run;
    await services.instance.startWorkers();
    await waitFor(async () => (await readOperation(ref))?.state === 'done');
    expect(await services.context.projects.read('orders')).toMatchObject({
      state: 'paused',
      version: 3,
      activeOperation: null,
    });
    expect(await link.queue.isPaused()).toBe(true);
  },
);

it('operations are done while the script cache is flushed again and again', async () => {
  await services.instance.startWorkers();
  let isDone = false;
  const flushing = (async () => {
    while (!isDone) await services.redis.script('FLUSH');
  })();
  for (const action of ['pause', 'restore', 'pause'] as const) {
    const ref = await requestAndConfirmWithoutJob(services, 'orders', action);
    await services.context.jobs.execute(ref);
    await waitFor(async () => (await readOperation(ref))?.state === 'done');
  }
  isDone = true;
  await flushing;
  expect(await services.context.projects.read('orders')).toMatchObject({
    state: 'paused',
    version: 7,
    activeOperation: null,
  });
});
