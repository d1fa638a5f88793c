import { DelayedError, type Job, UnrecoverableError, Worker } from 'bullmq';
import type { Logger } from '../../application/context.ts';
import { RetryLaterError } from '../../application/errors.ts';
import { withTimeout } from '../../lib/async.ts';
import { abortPending, dedupeErrors, type RedisClient } from '../redis/connection.ts';
import { queuePrefix } from '../redis/keys.ts';
import { type Handlers, type JobName, jobRefSchema, jobs, type QueueName } from './jobs.ts';

/** How many jobs one process works on at once: they wait for Redis and Slack, not for the processor. */
const concurrency: Readonly<Record<QueueName, number>> = {
  // An action may wait two minutes for a link that is away: so many may, and still none waits for another.
  actions: 2_000,
  reconcile: 500,
  notifications: 20,
  observe: 1,
  sweep: 1,
};

export interface WorkerOptions<Name extends QueueName> {
  readonly queue: Name;
  readonly handlers: Handlers<Name>;
  /** A connection that waits for Redis for ever; BullMQ adds one of its own for its blocking call. */
  readonly client: RedisClient;
  readonly log: Logger;
  /** How long a worker may be silent before another takes its job over, ms. Shorter in tests of crashes. */
  readonly lockDurationMs?: number;
  /** How long one job may take before it counts as failed, ms. */
  readonly timeoutMs?: number;
}

export interface BotWorker extends AsyncDisposable {
  readonly queue: QueueName;
  /** Whether it takes jobs, or waits for Redis to do so. */
  isRunning(): boolean;
}

/** Starts a worker on one of the bot's own queues. Disposing waits for the jobs under way, at most for a few seconds. */
export function startWorker<Name extends QueueName>(options: WorkerOptions<Name>): BotWorker {
  const { queue, client, log, lockDurationMs = 30_000 } = options;
  const worker = new Worker(queue, (job, token) => handle(options, job, token), {
    connection: client,
    prefix: queuePrefix,
    concurrency: concurrency[queue],
    lockDuration: lockDurationMs,
    stalledInterval: lockDurationMs,
    skipVersionCheck: true,
    // A job that ends while Redis is away waits so long to say so, and nothing cuts that short at the end of the process.
    runRetryDelay: 1_000,
    // A worker that dies again and again must not make the job fail: the sweep would only have to add it again.
    maxStalledCount: 10,
  });
  const connectionErrors = dedupeErrors((error) => log.warn({ queue, error }, 'worker connection trouble'));
  worker.on('error', connectionErrors.report);
  worker.on('ready', connectionErrors.reset);
  worker.on('failed', (job, error) => {
    const { project, operation } = jobRefSchema.parse(job?.data);
    log.warn(
      { queue, job: job?.name, jobId: job?.id, project, operationId: operation, error },
      'a try of a job failed',
    );
  });
  return {
    queue,
    isRunning: () => worker.isRunning() && worker.closing === undefined,
    [Symbol.asyncDispose]: () => close(worker, client),
  };
}

async function handle<Name extends QueueName>(
  { handlers, queue, log, timeoutMs }: WorkerOptions<Name>,
  job: Job,
  token: string | undefined,
): Promise<void> {
  const handler = findHandler(handlers, job.name);
  const entry = Object.hasOwn(jobs, job.name) ? jobs[job.name as JobName] : undefined;
  const data = entry?.schema.safeParse(job.data);
  if (handler === undefined || !data?.success) {
    log.error({ queue, job: job.name }, 'job that nobody knows, dropped');
    throw new UnrecoverableError('unknown job');
  }
  try {
    if (timeoutMs === undefined) return await handler(data.data);
    const result = await withTimeout(handler(data.data), timeoutMs);
    if (result.kind === 'timed_out') throw new Error('the job did not end in time');
    if (result.kind === 'rejected') throw result.error;
  } catch (error) {
    if (!(error instanceof RetryLaterError)) throw error;
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
const pingTimeoutMs = 1_000;

/**
 * Closes in an orderly way; without Redis, or when jobs take too long, at once: another worker carries them on. The shared
 * client is left to whoever opened it: a cluster that is disconnected by several at a time never says that it has ended.
 */
async function close(worker: Worker, client: RedisClient): Promise<void> {
  if (client.status === 'ready' && (await withTimeout(client.ping(), pingTimeoutMs)).kind === 'resolved') {
    const closed = await withTimeout(worker.close(), closeTimeoutMs);
    if (closed.kind === 'resolved') return;
  }
  const closed = worker.close(true);
  abortPending(client);
  await withTimeout(closed, 1_000);
}
