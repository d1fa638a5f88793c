import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MissingConnections } from '../../src/application/missing-connections.ts';
import type { Services, ServicesConfig } from '../../src/services.ts';
import { endpointOf, startTestServices, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';

let services: TestServices;
beforeEach(async () => {
  services = await startTestServices({ extraServers: ['far'] });
});
afterEach(() => services[Symbol.asyncDispose]());

type Connections = ServicesConfig['connections'];

/** What is wrong with the connection `far` of the broken worker. */
const faults: readonly (readonly [fault: string, connections: () => Connections])[] = [
  ['does not have the connection', () => ({})],
  [
    'has a wrong password',
    () => ({ far: endpointOf(services.urlOf('far').replace('redis://', 'redis://stranger:wrong@')) }),
  ],
  ['has no route to the server', () => ({ far: endpointOf('redis://127.0.0.1:1') })],
];

/** Starts a worker that does not reach `far`, and waits until it has taken the job of this queue. */
async function startBrokenWorker(connections: Connections, queue: 'actions' | 'reconcile'): Promise<Services> {
  const broken = services.addInstance({}, { connections });
  await broken.startWorkers();
  await waitFor(async () => {
    const events = await services.redis.xrange(`{syncbot}:${queue}:events`, '-', '+');
    return events.some(([, fields]) => fields.join(' ').includes('event active'));
  });
  return broken;
}

/** Waits until this many workers wait for a job of the queue `actions`. Redis gives the next one to the first of them. */
async function waitForIdleWorkers(count: number): Promise<void> {
  const name = Buffer.from('actions').toString('base64');
  await waitFor(async () => {
    const clients = String(await services.redis.client('LIST')).split('\n');
    return clients.filter((line) => line.includes(name) && line.includes('cmd=bzpopmin')).length >= count;
  });
}

describe.each(faults)('while a worker %s, another worker', (_fault, connections) => {
  it('pauses the links of a project that is not reconciled', async () => {
    const [near, far] = [await services.createLink('near'), await services.createLink('far', 'far')];
    await services.createProject('orders', [near, far], { state: 'paused' });
    await startBrokenWorker(connections(), 'reconcile');
    await services.instance.startWorkers();
    await waitFor(() => far.queue.isPaused());
    await waitFor(async () => (await services.context.projects.read('orders'))?.reconciledVersion === 1);
    expect(await near.queue.isPaused()).toBe(true);
  });

  it.each([
    ['pause', 'running', 'paused'],
    ['restore', 'paused', 'running'],
  ] as const)('completes the operation %s', async (action, state, finalState) => {
    const far = await services.createLink('far', 'far');
    if (state === 'paused') await far.queue.pause();
    await services.createProject('orders', [far], { state });
    await services.context.projects.markReconciled('orders', 1, []);
    await services.addInstance({}, { connections: connections() }).startWorkers();
    await waitForIdleWorkers(1);
    await services.instance.startWorkers();
    await waitForIdleWorkers(2);
    const ref = await services.requestAndConfirm('orders', action);
    const readFinished = async () => {
      const current = await services.context.operations.read(ref);
      return current?.finishedAt != null && current;
    };
    const operation = await waitFor(readFinished);
    expect(operation).toMatchObject({ state: 'done', toState: finalState, refusal: null });
    expect(await far.queue.isPaused()).toBe(finalState === 'paused');
  });
});

it('A worker finds the connections that stored projects use and that it does not have.', async () => {
  const [near, far] = [await services.createLink('near'), await services.createLink('far', 'far')];
  await services.createProject('orders', [near, far]);
  const broken = services.addInstance({}, { connections: {} });
  for (const [context, names] of [
    [broken.context, ['far']],
    [services.context, []],
  ] as const) {
    const missing = new MissingConnections(context);
    expect(missing.names).toBeNull();
    await missing.check();
    expect(missing.names).toEqual(names);
  }
  await broken.startWorkers();
  await waitFor(() => broken.health.missingConnections()?.includes('far'));
});
