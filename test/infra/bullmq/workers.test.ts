import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createBotQueues } from '../../../src/infra/bullmq/queues.ts';
import { startWorker } from '../../../src/infra/bullmq/workers.ts';
import { connect, disconnect } from '../../../src/infra/redis/client.ts';
import { keys } from '../../support/keys.ts';
import { startTestServices } from '../../support/test-services.ts';
import { waitFor } from '../../support/wait-for.ts';

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
