import { DelayedError, type Job, UnrecoverableError, Worker } from 'bullmq';
import type { Logger } from '../../application/context.ts';
import { RetryLaterError } from '../../application/errors.ts';
import { rejectAfter, withTimeout } from '../../lib/async.ts';
import { abortPending, dedupeErrors, type RedisClient } from '../redis/client.ts';
import { queuePrefix } from '../redis/keys.ts';
import { type Handlers, type JobName, jobRefSchema, jobs, type QueueName } from './jobs.ts';

/** How many jobs of a queue one process runs at once. Jobs wait for Redis and Slack, not for the processor. */
const concurrency: Readonly<Record<QueueName, number>> = {
  // An action waits up to two minutes for an unreachable link, and must not delay the other actions meanwhile.
  actions: 2_000,
  reconcile: 500,
  notifications: 20,
  observe: 1,
  sweep: 1,
};

export interface WorkerOptions<Name extends QueueName> {
  readonly queue: Name;
  readonly handlers: Handlers<Name>;
  /** A connection of use `blocking`. BullMQ duplicates it for its blocking command. */
  readonly client: RedisClient;
  readonly log: Logger;
  /** If a worker does not renew the lock of its job for this time, another worker takes the job. Ms, 30 s by default. */
  readonly lockDurationMs?: number;
  /** A job that takes longer fails. No limit by default. */
  readonly timeoutMs?: number;
}

export interface BotWorker extends AsyncDisposable {
  readonly queue: QueueName;
  /** True while the worker takes jobs, and while it waits for Redis to do so. */
  isRunning(): boolean;
}

/** Starts a worker on one of the bot's own queues. Disposing it waits up to four seconds for the active jobs. */
export function startWorker<Name extends QueueName>(options: WorkerOptions<Name>): BotWorker {
  const { queue, client, log, lockDurationMs = 30_000 } = options;
  const worker = new Worker(queue, (job, token) => runJob(options, job, token), {
    connection: client,
    prefix: queuePrefix,
    concurrency: concurrency[queue],
    lockDuration: lockDurationMs,
    stalledInterval: lockDurationMs,
    skipVersionCheck: true,
    // BullMQ 6.7.0 waits 15 s by default before it reports a job's end again after Redis was down, and close() does not
    // cut that wait short. No upstream issue. Remove this once close() does.
    runRetryDelay: 1_000,
    // BullMQ fails a job whose workers died more often than this (default 1). The sweep would only add it again.
    maxStalledCount: 10,
  });
  const connectionErrors = dedupeErrors((error) => log.warn({ queue, error }, 'worker connection failed'));
  worker.on('error', connectionErrors.report);
  worker.on('ready', connectionErrors.reset);
  worker.on('failed', (job, error) => {
    const { project, operation } = jobRefSchema.parse(job?.data);
    log.warn({ queue, job: job?.name, jobId: job?.id, project, operationId: operation, error }, 'job attempt failed');
  });
  return {
    queue,
    isRunning: () => worker.isRunning() && worker.closing === undefined,
    [Symbol.asyncDispose]: () => close(worker, client),
  };
}

async function runJob<Name extends QueueName>(
  { handlers, queue, log, timeoutMs }: WorkerOptions<Name>,
  job: Job,
  token: string | undefined,
): Promise<void> {
  const handler = findHandler(handlers, job.name);
  const entry = Object.hasOwn(jobs, job.name) ? jobs[job.name as JobName] : undefined;
  const data = entry?.schema.safeParse(job.data);
  if (handler === undefined || !data?.success) {
    log.error({ queue, job: job.name }, 'unknown job dropped');
    throw new UnrecoverableError('unknown job');
  }
  try {
    const done = handler(data.data);
    await (timeoutMs === undefined ? done : rejectAfter(done, timeoutMs));
  } catch (error) {
    if (!(error instanceof RetryLaterError)) throw error;
    // BullMQ's way to run a job again later without counting an attempt.
    await job.moveToDelayed(Date.now() + error.delayMs, token);
    throw new DelayedError();
  }
}

function findHandler(handlers: object, name: string): ((data: unknown) => Promise<void>) | undefined {
  return Object.hasOwn(handlers, name)
    ? (handlers as Record<string, (data: unknown) => Promise<void>>)[name]
    : undefined;
}

const closeTimeoutMs = 4_000;
const forcedCloseTimeoutMs = 1_000;
const pingTimeoutMs = 1_000;

/**
 * Closes gracefully if Redis answers. If it does not, or if the active jobs take too long, it closes at once: another
 * worker takes the jobs over. The client stays open, because other workers share it.
 *
 * In BullMQ 6.7.0, Worker.close() never ends while Redis is unreachable (taskforcesh/bullmq#4656). Remove the PING and
 * `abortPending` once the fix (pull request 4676) is released.
 */
async function close(worker: Worker, client: RedisClient): Promise<void> {
  if (client.status === 'ready' && (await withTimeout(client.ping(), pingTimeoutMs)).kind === 'resolved') {
    const closed = await withTimeout(worker.close(), closeTimeoutMs);
    if (closed.kind === 'resolved') return;
  }
  const closed = worker.close(true);
  abortPending(client);
  await withTimeout(closed, forcedCloseTimeoutMs);
}
