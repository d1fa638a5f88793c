import type { JobsOptions } from 'bullmq';
import { z } from 'zod';
import { projectIdSchema } from '../../domain/project.ts';

const projectRefSchema = z.strictObject({ project: projectIdSchema });
const operationRefSchema = z.strictObject({ project: projectIdSchema, operation: z.string().min(1) });
const channelSchema = z.strictObject({ channel: z.string().regex(/^[A-Za-z0-9]{1,40}$/) });
const userSchema = z.strictObject({ user: z.string().regex(/^[A-Za-z0-9]{1,40}$/) });
const batchRefSchema = z.strictObject({ batch: z.string().min(1) });
const emptySchema = z.strictObject({});

/** BullMQ keeps no finished jobs: history and deduplication are in the operation. */
const removeWhenDone: JobsOptions = { removeOnComplete: true, removeOnFail: true };

/** One attempt a second for a minute. After that the sweep adds the job again. */
const retryEverySecond: JobsOptions = { ...removeWhenDone, attempts: 60, backoff: { type: 'fixed', delay: 1_000 } };

/** Every job of the bot: its queue, its data (ids only) and its options. */
export const jobs = {
  execute: { queue: 'actions', schema: operationRefSchema, options: retryEverySecond },
  reconcile: { queue: 'reconcile', schema: projectRefSchema, options: retryEverySecond },
  'continue-batch': { queue: 'batches', schema: batchRefSchema, options: retryEverySecond },
  'batch-operation-ended': { queue: 'batches', schema: batchRefSchema, options: retryEverySecond },
  'batch-operation-changed': { queue: 'batches', schema: batchRefSchema, options: retryEverySecond },
  'notify-operation': { queue: 'notifications', schema: operationRefSchema, options: retryEverySecond },
  'notify-batch': { queue: 'notifications', schema: batchRefSchema, options: retryEverySecond },
  'notify-channel-alerts': { queue: 'notifications', schema: channelSchema, options: retryEverySecond },
  'notify-observation': { queue: 'notifications', schema: emptySchema, options: retryEverySecond },
  'notify-home': { queue: 'notifications', schema: userSchema, options: retryEverySecond },
  'notify-homes': { queue: 'notifications', schema: emptySchema, options: retryEverySecond },
  'notify-digest': { queue: 'notifications', schema: channelSchema, options: retryEverySecond },
  'deliver-audit': { queue: 'notifications', schema: emptySchema, options: retryEverySecond },
  observe: { queue: 'observe', schema: emptySchema, options: removeWhenDone },
  sweep: { queue: 'sweep', schema: emptySchema, options: removeWhenDone },
} as const satisfies Record<string, { queue: string; schema: z.ZodType; options: JobsOptions }>;

/** The ids that a job of any kind carries, for log lines. */
export const jobRefSchema = z
  .object({
    project: projectIdSchema.optional(),
    operation: z.string().optional(),
    batch: z.string().optional(),
    channel: z.string().optional(),
  })
  .catch({});

export type JobName = keyof typeof jobs;
export type JobData<Name extends JobName> = z.infer<(typeof jobs)[Name]['schema']>;
export type QueueName = (typeof jobs)[JobName]['queue'];

/** The queues of what people ask for. The others repeat for ever, or repair. */
const tracedQueues: readonly QueueName[] = ['actions', 'batches', 'notifications'];

export function isTraced(queue: QueueName): boolean {
  return tracedQueues.includes(queue);
}

/** `links_unreachable`: this process did not reach every link. The other workers get the next jobs of the cycle first. */
export type CycleResult = 'complete' | 'links_unreachable';

/** One handler for each job of a queue: a missing handler does not compile. */
export type Handlers<Queue extends QueueName> = {
  readonly [Name in JobName as (typeof jobs)[Name]['queue'] extends Queue ? Name : never]: (
    data: JobData<Name>,
  ) => Promise<void> | Promise<CycleResult>;
};

/**
 * The longest delay of a retry in the queues without a cycle, ms. A job that is due later got its time from a wrong clock.
 * Slack may ask a notification to wait for minutes.
 */
export const maxDelayMs = {
  actions: 60_000,
  reconcile: 60_000,
  batches: 60_000,
  notifications: 15 * 60_000,
} as const satisfies Partial<Record<QueueName, number>>;

/** What makes a second job the same as an earlier one. BullMQ ignores a job whose `jobId` exists. */
export const jobIdentity = {
  execute: ({ operation }: JobData<'execute'>) => ({ jobId: `execute-${operation}` }),
  reconcile: ({ project }: JobData<'reconcile'>) => deduplicated(`reconcile-${project}`),
  'notify-operation': ({ operation }: JobData<'notify-operation'>) =>
    deduplicated(`notify-operation-${operation}`, 'replaces_delayed'),
  'continue-batch': ({ batch }: JobData<'continue-batch'>) =>
    deduplicated(`continue-batch-${batch}`, 'replaces_delayed'),
  'batch-operation-ended': ({ batch }: JobData<'batch-operation-ended'>) =>
    deduplicated(`batch-operation-ended-${batch}`),
  'batch-operation-changed': ({ batch }: JobData<'batch-operation-changed'>) =>
    deduplicated(`batch-operation-changed-${batch}`),
  'notify-batch': ({ batch }: JobData<'notify-batch'>) => deduplicated(`notify-batch-${batch}`),
  'notify-channel-alerts': ({ channel }: JobData<'notify-channel-alerts'>, ifDelayed: IfDelayed) =>
    deduplicated(`notify-channel-alerts-${channel}`, ifDelayed),
  'notify-observation': () => deduplicated('notify-observation'),
  'notify-home': ({ user }: JobData<'notify-home'>) => deduplicated(`notify-home-${user}`),
  'notify-homes': () => deduplicated('notify-homes'),
  'deliver-audit': () => deduplicated('deliver-audit'),
  'notify-digest': ({ channel }: JobData<'notify-digest'>) => deduplicated(`notify-digest-${channel}`),
} as const;

type IfDelayed = 'replaces_delayed' | 'is_dropped';

/**
 * While such a job waits, BullMQ drops a further one. While it is active, BullMQ keeps the last further one and runs it
 * afterwards. If it is delayed, a further one replaces it or is dropped.
 */
function deduplicated(id: string, ifDelayed: IfDelayed = 'is_dropped'): Pick<JobsOptions, 'deduplication'> {
  return { deduplication: { id, keepLastIfActive: true, replace: ifDelayed === 'replaces_delayed' } };
}
