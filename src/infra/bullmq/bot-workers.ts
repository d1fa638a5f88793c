import { DelayedError, type Job, UnrecoverableError, Worker } from 'bullmq';
import type { Log } from '../../application/deps.ts';
import { RetryLater } from '../../application/faults.ts';
import { within } from '../../application/within.ts';
import { dropWaiting, onceEach, type RedisClient } from '../redis/connect.ts';
import { queuePrefix } from '../redis/keys.ts';
import { aboutSchema, type Handlers, type JobName, jobCatalog, type QueueName } from './job-catalog.ts';

/** How many jobs one process works on at once: they wait for Redis and Slack, not for the processor. */
const concurrency: Readonly<Record<QueueName, number>> = {
  // An action may wait two minutes for a link that is away: so many may, and still none waits for another.
  actions: 2_000,
  upkeep: 500,
  notices: 20,
  observe: 1,
  sweep: 1,
};

export interface WorkerOptions<Name extends QueueName> {
  readonly queue: Name;
  readonly handlers: Handlers<Name>;
  /** A connection that waits for Redis for ever; BullMQ adds one of its own for its blocking call. */
  readonly client: RedisClient;
  readonly log: Log;
  /** How long a worker may be silent before another takes its job over, ms. Shorter in tests of crashes. */
  readonly lockMs?: number;
  /** How long one job may take before it counts as failed, ms. */
  readonly deadlineMs?: number;
}

export interface BotWorker extends AsyncDisposable {
  readonly queue: QueueName;
  /** Whether it takes jobs, or waits for Redis to do so. */
  isRunning(): boolean;
}

/** Starts a worker on one of the bot's own queues. Disposing waits for the jobs under way, at most for a few seconds. */
export function startWorker<Name extends QueueName>(options: WorkerOptions<Name>): BotWorker {
  const { queue, client, log, lockMs = 30_000 } = options;
  const worker = new Worker(queue, (job, token) => handle(options, job, token), {
    connection: client,
    prefix: queuePrefix,
    concurrency: concurrency[queue],
    lockDuration: lockMs,
    stalledInterval: lockMs,
    skipVersionCheck: true,
    // A job that ends while Redis is away waits so long to say so, and nothing cuts that short at the end of the process.
    runRetryDelay: 1_000,
    // A worker that dies again and again must not make the job fail: the sweep would only have to add it again.
    maxStalledCount: 10,
  });
  const trouble = onceEach((error) => log.warn({ queue, error }, 'worker connection trouble'));
  worker.on('error', trouble.tell);
  worker.on('ready', trouble.well);
  worker.on('failed', (job, error) => {
    const { project, operation } = aboutSchema.parse(job?.data);
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
  { handlers, queue, log, deadlineMs }: WorkerOptions<Name>,
  job: Job,
  token: string | undefined,
): Promise<void> {
  const handler = handlerOf(handlers, job.name);
  const entry = Object.hasOwn(jobCatalog, job.name) ? jobCatalog[job.name as JobName] : undefined;
  const data = entry?.schema.safeParse(job.data);
  if (handler === undefined || !data?.success) {
    log.error({ queue, job: job.name }, 'job that nobody knows, dropped');
    throw new UnrecoverableError('unknown job');
  }
  try {
    await inTime(handler(data.data), deadlineMs);
  } catch (error) {
    if (!(error instanceof RetryLater)) throw error;
    await job.moveToDelayed(Date.now() + error.afterMs, token);
    throw new DelayedError();
  }
}

function handlerOf(handlers: object, name: string): ((data: unknown) => Promise<void>) | undefined {
  return Object.hasOwn(handlers, name)
    ? (handlers as Record<string, (data: unknown) => Promise<void>>)[name]
    : undefined;
}

async function inTime(work: Promise<void>, deadlineMs: number | undefined): Promise<void> {
  if (deadlineMs === undefined) return work;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the round did not end in time')), deadlineMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const closeWithinMs = 4_000;
const answerWithinMs = 1_000;

/**
 * Closes in an orderly way; without Redis, or when jobs take too long, at once: another worker carries them on. The shared
 * client is left to whoever opened it: a cluster that is disconnected by several at a time never says that it has ended.
 */
async function close(worker: Worker, client: RedisClient): Promise<void> {
  if (client.status === 'ready' && (await within(client.ping(), answerWithinMs)) !== undefined) {
    const closed = await within(
      worker.close().then(() => true),
      closeWithinMs,
    );
    if (closed === true) return;
  }
  const closed = worker.close(true);
  dropWaiting(client);
  await within(closed, 1_000);
}
