import { describe, expect, it } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { reconcileIdle } from '../../src/application/reconcile.ts';
import { startTestServices, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { requestAndConfirmWithoutJob, withoutJobs } from './context-overrides.ts';

/** Within the 500 ms after which a command expires. */
const lateByMs = 400;

it.each([
  // A person has resumed the link, so the restore pauses it before it retries the failed tasks.
  { during: 'the restore', state: 'paused', actions: ['restore'] },
  { during: 'the pause before', state: 'running', actions: ['pause', 'restore'] },
] as const)(
  'A command that the network delays during $during does not pause a restored link again.',
  async (example) => {
    const { state, actions } = example;
    await using services = await startTestServices({ throughProxy: true });
    const { context, proxy, redis } = services;
    const payments = await services.createLink('payments');
    await services.createProject('payments', [payments], { state });
    await context.projects.markReconciled('payments', 1, []);
    await services.instance.startWorkers();
    // The connection is lost, so the client sends the command again, and Redis gets the first copy later.
    proxy.deliverLateWith('"desired":"paused"', lateByMs);
    for (const action of actions) {
      const ref = await services.requestAndConfirm('payments', action);
      await waitFor(async () => (await context.operations.read(ref))?.state === 'done');
    }
    await waitFor(() => proxy.lateRequests === 1);
    await redis.ping();
    expect(await readFlagEvents(services)).toEqual(['paused', 'resumed']);
  },
);

describe('an operation that starts while another process may set the links', () => {
  const other = 'suspended';
  const examples = [
    { action: 'pause', state: 'running', late: 'resumed', expected: ['paused', 'resumed', 'paused'] },
    { action: 'restore', state: 'paused', late: 'paused', expected: ['paused', 'resumed', 'paused', 'resumed'] },
  ] as const;

  it.each(examples)(
    'is done only after its links match when no $late command of that process can arrive',
    async (example) => {
      const { action, state, late, expected } = example;
      await using services = await startTestServices();
      const payments = await services.createLink('payments');
      // A person has paused the link.
      await payments.queue.pause();
      await services.createProject('payments', [payments], { state });
      await services.context.operations.beginExecution('payments', other);
      const ref = await requestAndConfirmWithoutJob(services, 'payments', action);
      let lateness = 0;
      const clock = {
        ...services.context.clock,
        monotonicNow: () => services.context.clock.monotonicNow() + lateness,
        // The command arrives while the operation waits.
        sleep: async (ms: number) => {
          if (lateness === 0) {
            await services.context.links.setPaused([payments.link], late, { responseMs: 5_000, validForMs: 5_000 });
          }
          lateness += ms;
        },
      };
      await execute({ ...withoutJobs(services), clock }, ref);
      expect(lateness).toBeGreaterThan(0);
      expect(await services.context.operations.read(ref)).toMatchObject({ state: 'done' });
      expect(await readFlagEvents(services)).toEqual(expected);
    },
  );

  it('of kind adopt reads the links only then', async () => {
    await using services = await startTestServices();
    const payments = await services.createLink('payments');
    await payments.queue.pause();
    await services.createProject('payments', [payments]);
    const ref = await requestAndConfirmWithoutJob(services, 'payments', 'adopt');
    await services.context.operations.beginExecution('payments', other);
    const sleepsMs: number[] = [];
    const clock = {
      ...services.context.clock,
      sleep: async (ms: number) => {
        if (sleepsMs.push(ms) === 1) await payments.queue.resume();
      },
    };
    await execute({ ...withoutJobs(services), clock }, ref);
    expect(sleepsMs[0]).toBeGreaterThan(0);
    expect(await services.context.operations.read(ref)).toMatchObject({
      state: 'refused',
      refusal: { code: 'no_drift' },
    });
  });

  it('waits for nothing after that process has ended its execution', async () => {
    await using services = await startTestServices();
    const payments = await services.createLink('payments');
    await services.createProject('payments', [payments], { state: 'paused' });
    await reconcileIdle(services.context, 'payments', 0);
    const ref = await requestAndConfirmWithoutJob(services, 'payments', 'restore');
    const clock = { ...services.context.clock, sleep: () => Promise.reject(new Error('it waited')) };
    await execute({ ...withoutJobs(services), clock }, ref);
    expect(await services.context.operations.read(ref)).toMatchObject({ state: 'done' });
  });
});

async function readFlagEvents({ redis }: TestServices): Promise<(string | undefined)[]> {
  const events = (await redis.xrange('bull:payments:events', '-', '+')).map(([, [, event]]) => event);
  return events.filter((event) => event === 'paused' || event === 'resumed');
}
