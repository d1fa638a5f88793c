import type { JobsOptions } from 'bullmq';
import { z } from 'zod';
import { projectIdSchema } from '../../domain/project.ts';

const operationRefSchema = z.strictObject({ project: projectIdSchema, operation: z.string().min(1) });
const emptySchema = z.strictObject({});

/** A job is done at once or tried again; history and dedupe live in the operation. */
const removeWhenDone: JobsOptions = { removeOnComplete: true, removeOnFail: true };

/** Until the sweep takes over: one try a second for a minute. */
const retryEverySecond: JobsOptions = { ...removeWhenDone, attempts: 60, backoff: { type: 'fixed', delay: 1_000 } };

/** Every job of the bot: which queue carries it, what it carries (ids, nothing else), and how it is tried. */
export const jobs = {
  execute: { queue: 'actions', schema: operationRefSchema, options: retryEverySecond },
  reconcile: { queue: 'reconcile', schema: z.strictObject({ project: projectIdSchema }), options: retryEverySecond },
  'notify-operation': { queue: 'notifications', schema: operationRefSchema, options: retryEverySecond },
  'notify-alerts': {
    queue: 'notifications',
    schema: z.strictObject({ project: projectIdSchema }),
    options: retryEverySecond,
  },
  observe: { queue: 'observe', schema: emptySchema, options: removeWhenDone },
  sweep: { queue: 'sweep', schema: emptySchema, options: removeWhenDone },
} as const satisfies Record<string, { queue: string; schema: z.ZodType; options: JobsOptions }>;

/** The ids that a job of whatever kind carries. */
export const jobRefSchema = z
  .object({ project: projectIdSchema.optional(), operation: z.string().optional() })
  .catch({});

export type JobName = keyof typeof jobs;
export type JobData<Name extends JobName> = z.infer<(typeof jobs)[Name]['schema']>;
export type QueueName = (typeof jobs)[JobName]['queue'];

/** One handler for each job of a queue: a missing one does not compile. */
export type Handlers<Queue extends QueueName> = {
  readonly [Name in JobName as (typeof jobs)[Name]['queue'] extends Queue ? Name : never]: (
    data: JobData<Name>,
  ) => Promise<void>;
};

/** Job ids, built only here; deterministic, so that adding twice is adding once. */
export const jobIds = {
  execute: ({ operation }: JobData<'execute'>) => `execute-${operation}`,
} as const;

/** Deduplication ids: while such a job waits a further one is dropped, while it runs one more is run behind it. */
export const dedupeIds = {
  reconcile: ({ project }: JobData<'reconcile'>) => `reconcile-${project}`,
  notifyAlerts: ({ project }: JobData<'notify-alerts'>) => `notify-alerts-${project}`,
  notifyOperation: ({ operation }: JobData<'notify-operation'>) => `notify-operation-${operation}`,
} as const;
