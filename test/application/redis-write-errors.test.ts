import { afterEach, beforeEach, expect, it } from 'vitest';
import { StoreUnavailableError } from '../../src/application/errors.ts';
import { execute } from '../../src/application/execute.ts';
import { requestAction } from '../../src/application/request-action.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import { startTestServices, type TestLink, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { confirmOperation, runAfter, withDeps, withoutJobs } from './fault-injection.ts';

let services: TestServices;
let link: TestLink;
beforeEach(async () => {
  services = await startTestServices();
  link = await services.createLink('orders-full');
  await services.createProject('orders', [link]);
});
afterEach(() => services[Symbol.asyncDispose]());

/** Ways in which a Redis that is up serves no writes, and what makes it well again. */
const writeFailures = [
  ['out of memory', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
  ['a replica, as after a failover', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
  [
    'too few replicas for a write',
    ['CONFIG', 'SET', 'min-replicas-to-write', '1'],
    ['CONFIG', 'SET', 'min-replicas-to-write', '0'],
  ],
] as const;
const sendCommand = ([command, ...args]: readonly string[]) => services.redis.call(String(command), ...args);
const readOperation = (ref: OperationRef) => services.deps.operations.read(ref);
const readEvents = async () => (await services.deps.auditLog.read('orders', { limit: 50 })).map(({ event }) => event);

it.each(writeFailures)(
  '%s: surely not done at the command, and carried on by itself afterwards',
  async (_what, breakCommand, repairCommand) => {
    const ref = await confirmOperation(services, 'orders', 'pause');
    await sendCommand(breakCommand);
    const request = {
      project: 'orders',
      action: 'pause',
      by: 'U0BOB',
      reason: null,
      origin: 'slack',
      channel: null,
    } as const;
    await expect(requestAction(services.deps, request)).rejects.toThrow(StoreUnavailableError);
    await expect(services.deps.operations.claim(ref, 'run')).rejects.toThrow(StoreUnavailableError);
    await sendCommand(repairCommand);
    await services.instance.startWorkers();
    await waitFor(async () => (await readOperation(ref))?.state === 'done');
    expect(await link.queue.isPaused()).toBe(true);
    // The second request may have come through late: nobody was shown its dialog.
    const otherEvents = (await readEvents()).filter((event) => event !== 'requested');
    expect(otherEvents).toEqual(['done', 'started', 'confirmed', 'created']);
  },
);

it.each(writeFailures)(
  '%s, in the middle of an operation: one outcome, and the links agree',
  async (_what, breakCommand, repairCommand) => {
    const ref = await confirmOperation(services, 'orders', 'pause');
    const drive = runAfter(services.deps.links.setPaused, () => sendCommand(breakCommand));
    const run = execute(withDeps(withoutJobs(services), { links: { setPaused: drive } }), ref).catch(
      (error: unknown) => error,
    );
    await waitFor(() => link.queue.isPaused());
    await sendCommand(repairCommand);
    await run;
    await services.instance.startWorkers();
    await waitFor(async () => (await readOperation(ref))?.state === 'done');
    expect(await services.deps.projects.read('orders')).toMatchObject({
      state: 'paused',
      version: 3,
      activeOperation: null,
    });
    expect(await link.queue.isPaused()).toBe(true);
  },
);

it('a script cache that is flushed all the time is not noticed', async () => {
  await services.instance.startWorkers();
  let isDone = false;
  const flushing = (async () => {
    while (!isDone) await services.redis.script('FLUSH');
  })();
  for (const action of ['pause', 'restore', 'pause'] as const) {
    const ref = await confirmOperation(services, 'orders', action);
    await services.deps.jobs.execute(ref);
    await waitFor(async () => (await readOperation(ref))?.state === 'done');
  }
  isDone = true;
  await flushing;
  expect(await services.deps.projects.read('orders')).toMatchObject({
    state: 'paused',
    version: 7,
    activeOperation: null,
  });
});
