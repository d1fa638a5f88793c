import { once } from 'node:events';
import { pino } from 'pino';
import { afterEach, expect, it, vi } from 'vitest';
import { createBotQueues } from '../../../src/infra/bullmq/queues.ts';
import { createTurns, startWorker } from '../../../src/infra/bullmq/workers.ts';
import { connect, disconnect } from '../../../src/infra/redis/client.ts';
import { keys } from '../../support/keys.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { startTestServices } from '../../support/test-services.ts';
import { waitFor } from '../../support/wait-for.ts';
import { startWorkerWithWrongClock } from '../../support/worker-with-wrong-clock.ts';

it('A job that exceeds its time limit fails, and the worker runs the next one.', async () => {
  await using services = await startTestServices();
  const client = connect({ kind: 'standalone', url: services.url }, 'blocking', () => {});
  const failedJobs: unknown[] = [];
  const log = pino({}, { write: (line: string) => void failedJobs.push(JSON.parse(line)) });
  const started: string[] = [];
  const never = new Promise<void>(() => {});
  const observe = async () => {
    started.push('observe');
    if (started.length === 1) await never;
  };
  const worker = startWorker({ queue: 'observe', handlers: { observe }, client, keys, log, timeoutMs: 50 });
  const queues = createBotQueues({ client, keys }, () => {});
  await queues.scheduleCycles({ observeMs: 100, sweepMs: 60_000 });
  await waitFor(() => started.length > 1);
  expect(failedJobs).toMatchObject([{ msg: 'job attempt failed', queue: 'observe', job: 'observe' }]);
  await worker[Symbol.asyncDispose]();
  await queues[Symbol.asyncDispose]();
  await disconnect(client);
});

afterEach(() => vi.useRealTimers());

/** Whether the worker skips the job in each of five turns. A turn lasts 100 ms. */
function skippedTurns(turns: ReturnType<typeof createTurns>, job: Parameters<typeof turns.skips>[0]): boolean[] {
  return [1, 2, 3, 4, 5].map(() => {
    vi.advanceTimersByTime(100);
    const skipped = turns.skips(job);
    if (skipped) for (let again = 0; again < 50; again++) expect(turns.skips(job)).toBe(true);
    return skipped;
  });
}

it('A job that was returned twice is left to the other workers for four turns, or for five seconds from the second return.', () => {
  vi.useFakeTimers();
  const [turns, job] = [createTurns(), { id: 'execute-op1' }];
  turns.leaveToOthers(job);
  vi.advanceTimersByTime(4_000);
  turns.leaveToOthers(job);
  vi.advanceTimersByTime(4_000);
  expect(skippedTurns(turns, job)).toEqual([true, true, true, true, false]);
  turns.leaveToOthers(job);
  vi.advanceTimersByTime(5_000);
  expect(turns.skips(job)).toBe(false);
});

it('The jobs of a cycle are left to the other workers for four turns, however late the next one is due.', () => {
  vi.useFakeTimers();
  const turns = createTurns();
  turns.leaveToOthers({ id: 'repeat:observe:1', repeatJobKey: 'observe' });
  vi.advanceTimersByTime(600_000);
  const next = { id: 'repeat:observe:2', repeatJobKey: 'observe' };
  expect(skippedTurns(turns, next)).toEqual([true, true, true, true, false]);
});

it('A cycle that does not reach every link is left to a worker whose clock is behind.', async () => {
  await using services = await startTestServices();
  const client = connect({ kind: 'standalone', url: services.url }, 'blocking', () => {});
  const queues = createBotQueues({ client, keys }, () => {});
  await queues.scheduleCycles({ observeMs: 100, sweepMs: 60_000 });
  let cycles = 0;
  const observe = async () => {
    cycles += 1;
    return 'links_unreachable' as const;
  };
  const log = pino({ level: 'silent' });
  const worker = startWorker({ queue: 'observe', handlers: { observe }, client, keys, log });
  await waitFor(() => cycles > 0);
  const behind = startWorkerWithWrongClock({ url: services.url, queue: 'observe', clockOffsetMs: -86_400_000 });
  await once(behind, 'exit');
  expect(behind.exitCode).toBe(0);
  await worker[Symbol.asyncDispose]();
  await queues[Symbol.asyncDispose]();
  await disconnect(client);
});

it('A worker that is closed while Redis does not answer reports no error of the work that it ends.', async () => {
  await using services = await startTestServices();
  const direct = connect({ kind: 'standalone', url: services.url }, 'blocking', () => {});
  const queues = createBotQueues({ client: direct, keys }, () => {});
  await queues.scheduleCycles({ observeMs: 100, sweepMs: 60_000 });
  let isSilent = false;
  await using proxy = await startTcpProxy(services.server().port, ({ client, server }) => {
    client.on('data', (request) => {
      // BullMQ schedules the next cycle when it has taken a job.
      isSilent ||= request.includes('Updates a job scheduler');
      if (!isSilent) server.write(request);
    });
    server.on('data', (reply) => client.write(reply));
  });
  const endpoint = { kind: 'standalone', url: `redis://127.0.0.1:${proxy.port}` } as const;
  const client = connect(endpoint, 'blocking', () => {});
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const worker = startWorker({ queue: 'observe', handlers: { observe: async () => undefined }, client, keys, log });
  await waitFor(() => isSilent);
  await worker[Symbol.asyncDispose]();
  await disconnect(client);
  await new Promise((resolve) => setImmediate(resolve));
  expect(lines).toEqual([]);
  await queues[Symbol.asyncDispose]();
  await disconnect(direct);
});
