import { setTimeout as delay } from 'node:timers/promises';
import { DelayedError, type Job, type Telemetry, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import type { Logger } from '../../application/context.ts';
import { LinksUnreachableError, RetryLaterError } from '../../application/errors.ts';
import { rejectAfter, withTimeout } from '../../lib/async.ts';
import { backoffMs } from '../../lib/retry.ts';
import { abortPending, dedupeErrors, type RedisClient } from '../redis/client.ts';
import type { Keys } from '../redis/keys.ts';
import { type CycleResult, type Handlers, isTraced, type JobName, jobRefSchema, jobs, type QueueName } from './jobs.ts';

/** How many jobs of a queue one process runs at once. Jobs wait for Redis and Slack, not for the processor. */
const concurrency: Readonly<Record<QueueName, number>> = {
  // An attempt waits for links that do not answer, and a restore may take minutes. Neither may delay the other actions.
  actions: 2_000,
  reconcile: 500,
  batches: 20,
  notifications: 20,
  observe: 1,
  sweep: 1,
};

interface StopOptions {
  /** Aborted when the process stops: held jobs go back to their queue at once. */
  readonly stopSignal?: AbortSignal;
}

export interface WorkerOptions<Name extends QueueName> extends StopOptions {
  readonly queue: Name;
  readonly handlers: Handlers<Name>;
  /** A connection of use `blocking`. BullMQ duplicates it for its blocking command. */
  readonly client: RedisClient;
  readonly keys: Pick<Keys, 'queuePrefix'>;
  readonly log: Logger;
  /** If a worker does not renew the lock of its job for this time, another worker takes the job. Ms, 30 s by default. */
  readonly lockDurationMs?: number;
  /** A job that takes longer fails. No limit by default. */
  readonly timeoutMs?: number;
  /** Default: no traces. */
  readonly telemetry?: Telemetry;
}

export interface BotWorker extends AsyncDisposable {
  readonly queue: QueueName;
  /** True while the worker takes jobs, and while it waits for Redis to do so. */
  isRunning(): boolean;
}

/** Starts a worker on one of the bot's own queues. Disposing it waits up to four seconds for the active jobs. */
export function startWorker<Name extends QueueName>(options: WorkerOptions<Name>): BotWorker {
  const { queue, client, keys, log, lockDurationMs = 30_000, telemetry } = options;
  const turns = createTurns();
  const worker = new Worker(queue, (job, token) => runJob(options, turns, job, token), {
    connection: client,
    prefix: keys.queuePrefix,
    concurrency: concurrency[queue],
    lockDuration: lockDurationMs,
    stalledInterval: lockDurationMs,
    skipVersionCheck: true,
    // BullMQ 6.7.0 waits 15 s by default before it reports a job's end again after Redis was down, and close() does not
    // cut that wait short. No upstream issue. Remove this once close() does.
    runRetryDelay: 1_000,
    // BullMQ fails a job whose workers died more often than this (default 1). The sweep would only add it again.
    maxStalledCount: 10,
    ...(telemetry !== undefined && isTraced(queue) ? { telemetry } : {}),
  });
  const connectionErrors = dedupeErrors((error) => log.warn({ queue, error }, 'worker connection failed'));
  // A worker that closes ends its calls.
  worker.on('error', (error) => {
    if (worker.closing === undefined) connectionErrors.report(error);
  });
  // The worker itself emits `ready` only once, at its start.
  worker.getBackend().on('ready', () => {
    if (connectionErrors.reset()) log.info({ queue }, 'worker connection recovered');
  });
  worker.on('failed', (job, error) => {
    const { project, operation, batch, channel } = jobRefSchema.parse(job?.data);
    const ids = { jobId: job?.id, project, operationId: operation, batch, channel };
    log.warn({ queue, job: job?.name, ...ids, error }, 'job attempt failed');
  });
  return {
    queue,
    isRunning: () => worker.isRunning() && worker.closing === undefined,
    [Symbol.asyncDispose]: () => close(worker, client),
  };
}

async function runJob<Name extends QueueName>(
  { handlers, queue, log, timeoutMs, stopSignal }: WorkerOptions<Name>,
  turns: Turns,
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
  if (turns.skips(job)) return returnToQueue(job, token);
  try {
    const done = handler(data.data);
    const result = await (timeoutMs === undefined ? done : rejectAfter(done, timeoutMs));
    if (result === 'links_unreachable') turns.leaveToOthers(job);
  } catch (error) {
    if (error instanceof RetryLaterError) {
      // BullMQ's way to run a job again later without counting an attempt.
      await job.moveToDelayed(Date.now() + error.delayMs, token);
      throw new DelayedError();
    }
    if (!(error instanceof LinksUnreachableError)) throw error;
    const options = stopSignal === undefined ? {} : { signal: stopSignal };
    await delay(holdMs(job, queue, error), undefined, options).catch(() => {});
    turns.leaveToOthers(job);
    await returnToQueue(job, token);
  }
}

/** How long a job that cannot be done here is held, ms. Longer if the connection of this process is down. */
function holdMs(job: Job, queue: QueueName, { isConnectionDown }: LinksUnreachableError): number {
  // A person waits for an action.
  const maxMs = queue === 'actions' ? 1_000 : 2_000;
  const limits = isConnectionDown ? { initialMs: 500, maxMs } : { initialMs: 250, maxMs: maxMs / 2 };
  return backoffMs({ attempts: job.attemptsStarted, ...limits, jitter: Math.random() });
}

const yieldMs = 100;

/** Gives a job to any worker that waits for one. Throws, so that BullMQ does not count an attempt. */
async function returnToQueue(job: Job, token: string | undefined): Promise<never> {
  await job.moveToWait(token);
  // BullMQ lets this worker take a job as soon as this one has ended: first the other workers.
  await delay(yieldMs);
  throw new WaitingError();
}

type JobKey = Pick<Job, 'id' | 'repeatJobKey'>;

/** Which jobs this worker leaves to the others, since it did not reach their links. It tries such a job again after several turns. */
interface Turns {
  leaveToOthers(job: JobKey): void;
  /** Whether it is still the turn of the others. Uses up a turn, which lasts 100 ms. */
  skips(job: JobKey): boolean;
}

/**
 * Redis gives a job to the worker that has waited longest. Of two idle workers that is often the one that has returned the
 * job, so one turn is not enough. A job that is due goes to the worker whose clock is ahead.
 */
const turnsOfOthers = 4;
/** The worker that has returned a job may take it again within milliseconds, before another one on a busy machine can. */
const turnMs = 100;
const turnsExpireMs = 5_000;

export function createTurns(): Turns {
  const left = new Map<
    string,
    { turnsLeft: number; turnEndsAt: number; readonly expiry: NodeJS.Timeout | undefined }
  >();
  return {
    leaveToOthers(job) {
      const key = keyOf(job);
      clearTimeout(left.get(key)?.expiry);
      // The jobs of a cycle share an entry. The next one may be due in minutes.
      const isCycle = job.repeatJobKey !== undefined;
      const expiry = isCycle ? undefined : setTimeout(() => left.delete(key), turnsExpireMs).unref();
      left.set(key, { turnsLeft: turnsOfOthers, turnEndsAt: 0, expiry });
    },
    skips(job) {
      const entry = left.get(keyOf(job));
      if (entry === undefined) return false;
      const now = performance.now();
      if (now < entry.turnEndsAt) return true;
      if (entry.turnsLeft === 0) return false;
      entry.turnsLeft -= 1;
      entry.turnEndsAt = now + turnMs;
      return true;
    },
  };
}

function keyOf({ id = '', repeatJobKey = id }: JobKey): string {
  return repeatJobKey;
}

type Handler = (data: unknown) => Promise<CycleResult | undefined>;

function findHandler(handlers: object, name: string): Handler | undefined {
  return Object.hasOwn(handlers, name) ? (handlers as Record<string, Handler>)[name] : undefined;
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
