import { expect, it } from 'vitest';
import { startTestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';

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
    const events = (await redis.xrange('bull:payments:events', '-', '+')).map(([, [, event]]) => event);
    expect(events.filter((event) => event === 'paused' || event === 'resumed')).toEqual(['paused', 'resumed']);
  },
);
